package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

// WandB describes the run for Weights & Biases. Nothing is sent: when a run ends, or is interrupted with a checkpoint, all of
// it is written as an offline run into OutputDir/wandb, and "wandb sync" hands that over. A resumed run writes it anew, under
// the same identity.
type WandB struct {
	Project, Entity, Name string         // "" for W&B's defaults
	ID                    string         // "" derives one from the run's identity
	Config                map[string]any // what W&B shows as the configuration
}

// writeWandB writes the run so far. A failure is told; it does not end a run.
func (l *loop) writeWandB(finished bool) {
	if l.WandB == nil {
		return
	}
	dir, err := l.WandB.write(filepath.Join(l.OutputDir, "wandb"), l.Job.Identity, l.History, finished)
	if err != nil {
		l.warn(fmt.Sprintf("train: writing the offline run for W&B: %v", err))
		return
	}
	l.event(Event{Kind: WandBWritten, Record: Record{Step: l.Step0}, Path: dir})
}

// write makes the folder of an offline run, in place of an earlier one of the same identity.
func (b *WandB) write(folder string, identity map[string]string, history []map[string]any, finished bool) (dir string, err error) {
	run := *b
	if run.ID == "" {
		text, err := json.Marshal(identity) // its keys are sorted
		if err != nil {
			return "", err
		}
		hash := sha256.Sum256(append(text, folder...))
		run.ID = hex.EncodeToString(hash[:4])
	}
	earlier, err := filepath.Glob(filepath.Join(folder, "offline-run-*-"+run.ID))
	if err != nil {
		return "", err
	}
	for _, path := range earlier {
		if err := os.RemoveAll(path); err != nil {
			return "", err
		}
	}
	now := time.Now()
	host, _ := os.Hostname()
	records, err := run.records(host, now, history, finished)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(folder, "offline-run-"+now.Format("20060102_150405")+"-"+run.ID)
	if err := writeJSON(filepath.Join(dir, "files", "wandb-summary.json"), wandbSummary(wandbSteps(history))); err != nil {
		return "", err
	}
	return dir, atomicfile.Write(filepath.Join(dir, "run-"+run.ID+".wandb"), func(w io.Writer) error {
		_, err := w.Write(wandbFile(records))
		return err
	})
}

// records are the messages of wandb_internal.proto (wandb 0.31): a header, the run, a history record a logged step, the
// last values as summary, and, of a finished run, its exit.
func (b *WandB) records(host string, started time.Time, history []map[string]any, finished bool) (records [][]byte, err error) {
	const historyRow, summary, run, exit, header = 2, 3, 17, 18, 21 // fields of Record
	add := func(field int, message []byte) {
		record := appendBytes(appendVarint(nil, 1, uint64(len(records)+1)), field, message)
		records = append(records, appendBytes(record, 200, appendText(nil, 1, b.ID))) // _info: stream_id
	}
	add(header, appendBytes(nil, 1, appendText(appendText(nil, 1, "0.31.0"), 2, "0.70.0"))) // producer, min_consumer

	config, err := wandbItems(1, 1, b.Config)
	if err != nil {
		return nil, err
	}
	message := appendText(nil, 1, b.ID)
	for _, part := range []struct {
		field int
		text  string
	}{{2, b.Entity}, {3, b.Project}, {4, string(config)}, {8, b.Name}, {13, host}} {
		if part.text != "" {
			message = appendText(message, part.field, part.text)
		}
	}
	add(run, appendBytes(message, 17, appendVarint(nil, 1, uint64(started.Unix()))))

	steps := wandbSteps(history)
	for _, values := range steps {
		items, err := wandbItems(1, 2, values)
		if err != nil {
			return nil, err
		}
		add(historyRow, appendBytes(items, 2, appendVarint(nil, 1, uint64(values["_step"].(int)))))
	}
	last := wandbSummary(steps)
	items, err := wandbItems(1, 2, last)
	if err != nil {
		return nil, err
	}
	add(summary, items)
	if finished {
		add(exit, nil)
	}
	return records, nil
}

// wandbSteps are the rows of log_history, those of a step as one: W&B counts a second row of a step as the next step.
func wandbSteps(history []map[string]any) (steps []map[string]any) {
	for _, row := range history {
		values := wandbValues(row)
		at, ok := asStep(row["step"])
		if !ok || len(values) == 0 {
			continue
		}
		values["_step"] = at
		if n := len(steps); n > 0 && steps[n-1]["_step"] == at {
			maps.Copy(steps[n-1], values)
		} else {
			steps = append(steps, values)
		}
	}
	return steps
}

// wandbSummary is the last value of every metric.
func wandbSummary(steps []map[string]any) map[string]any {
	last := map[string]any{}
	for _, values := range steps {
		maps.Copy(last, values)
	}
	return last
}

// wandbValues are the metrics of a row of log_history under the names that transformers gives them in W&B.
func wandbValues(row map[string]any) map[string]any {
	values := map[string]any{}
	for key, v := range row {
		if name, ok := strings.CutPrefix(key, "eval_"); ok {
			values["eval/"+name] = v
		} else if key != "step" {
			values["train/"+strings.TrimPrefix(key, "train_")] = v
		}
	}
	if len(values) == 1 { // the epoch alone
		return nil
	}
	return values
}

func asStep(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64: // as JSON has it
		return int(v), true
	}
	return 0, false
}

// wandbItems are repeated items {key, value_json: 16} of a field, by their keys.
func wandbItems(field, key int, values map[string]any) (items []byte, err error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, err := json.Marshal(values[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		items = appendBytes(items, field, appendText(appendText(nil, key, name), 16, string(text)))
	}
	return items, nil
}

// wandbFile frames records as LevelDB's log does, behind W&B's own first seven bytes: blocks of 32 KiB, a record in pieces with
// a checksum, a length and a kind each. Source: google/leveldb, doc/log_format.md.
func wandbFile(records [][]byte) []byte {
	const block, head = 32 << 10, 7
	file := []byte{':', 'W', '&', 'B', 0xe1, 0xbe, 0}
	for _, record := range records {
		for first := true; first || len(record) > 0; first = false {
			if left := block - len(file)%block; left < head {
				file = append(file, make([]byte, left)...)
			}
			n := min(len(record), block-len(file)%block-head)
			kind := map[[2]bool]byte{{true, true}: 1, {true, false}: 2, {false, false}: 3, {false, true}: 4}[[2]bool{first, n == len(record)}]
			piece := append([]byte{kind}, record[:n]...)
			file = binary.LittleEndian.AppendUint32(file, crc32.ChecksumIEEE(piece))
			file = binary.LittleEndian.AppendUint16(file, uint16(n))
			file = append(file, piece...)
			record = record[n:]
		}
	}
	return file
}
