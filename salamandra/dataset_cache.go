package salamandra

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/chat"
	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/safetensors"
)

// This file: tokenised data kept under dataset_prepared_path. The name of a file is a hash of all that decides its contents:
// the settings, the tokenizer's files, the data files. So a stale one is never read, and any may be deleted at any time.
//
// It is a safetensors file: ids (int32), trained (uint8, 1 where the label is the id), lengths (int64), the rows of Train, then
// those of Validation; names (uint8), the ids of the rows as a JSON list; and the rest of Data as JSON in the metadata.

// cacheVersion changes when the same settings and files give other tokens.
const cacheVersion = "1"

// dataCache is a file that may hold the data; without a path nothing is kept.
type dataCache struct{ path string }

func (c *Config) dataCache(ctx context.Context, s *speech, now time.Time) (*dataCache, error) {
	if c.PreparedPath == "" {
		return &dataCache{}, nil
	}
	h := sha256.New()
	settings := struct {
		Version                         string
		Datasets, TestDatasets          []Dataset
		ValSetSize                      float64
		Template, Jinja, System         string
		Kwargs                          map[string]any
		EOT                             []string
		Special                         SpecialTokens
		Inputs                          bool
		Length, EvalLength, Min         int
		Excess                          string
		Curriculum, Merged, Before, Dup bool
		Skip                            bool
		Seed                            int64
	}{cacheVersion, c.Datasets, c.TestDatasets, c.ValSetSize, c.ChatTemplate, c.ChatTemplateJinja, c.DefaultSystemMessage, c.ChatTemplateKwargs, c.EOTTokens,
		c.SpecialTokens, c.TrainOnInputs, c.SequenceLen, c.EvalSequenceLen, c.MinSampleLen, c.ExcessLength, c.CurriculumSampling, c.ShuffleMerged,
		c.ShuffleBeforeMerging, c.ExactDeduplication, c.SkipBadRows, c.Seed}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	h.Write(text)

	files := []string{filepath.Join(s.folder, "tokenizer.json"), filepath.Join(s.folder, "tokenizer.model"), filepath.Join(s.folder, "tokenizer_config.json"),
		filepath.Join(s.folder, "special_tokens_map.json"), filepath.Join(s.folder, "chat_template.jinja")}
	for _, list := range [][]Dataset{c.Datasets, c.TestDatasets} {
		for i := range list {
			found, err := dataFiles(ctx, &list[i], hub.Fetch)
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
			if _, jinja := c.template(&list[i]); jinja != "" {
				files = append(files, jinja)
			}
			if t, _, err := s.template(c, &list[i]); err == nil && printsDate(t.Source(chat.Options{})) {
				h.Write([]byte(now.Format(time.DateOnly)))
			}
		}
	}
	for _, file := range files {
		if err := hashFile(h, file); err != nil {
			return nil, err
		}
	}
	name := hex.EncodeToString(h.Sum(nil))[:32] + ".safetensors"
	return &dataCache{filepath.Join(c.PreparedPath, name)}, nil
}

func printsDate(source string, err error) bool {
	return err == nil && strings.Contains(source, "strftime_now")
}

// hashFile adds a file's length and contents; one that is not there counts as such.
func hashFile(h io.Writer, path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) || strings.Contains(path, "{") { // a template may stand in the configuration itself
		_, err := io.WriteString(h, "absent\x00")
		return err
	} else if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%d\x00", info.Size())
	_, err = io.Copy(h, file)
	return err
}

// read returns the data of the file, if there is one that is whole.
func (c *dataCache) read() (*Data, bool) {
	if c.path == "" {
		return nil, false
	}
	w, err := safetensors.Open(c.path)
	if err != nil {
		return nil, false
	}
	defer w.Close()
	data, err := readData(w)
	if err != nil || data.Hash != hashRows(data.Train, data.Validation) {
		return nil, false
	}
	return data, true
}

func readData(w *safetensors.Weights) (*Data, error) {
	data := &Data{}
	if err := json.Unmarshal([]byte(w.Metadata()["data"]), data); err != nil {
		return nil, err
	}
	parts := map[string][]byte{}
	for _, name := range []string{"ids", "trained", "lengths", "names"} {
		t := w.Tensor(name)
		if t == nil {
			return nil, fmt.Errorf("%s is missing", name)
		}
		var err error
		if parts[name], err = t.Read(); err != nil {
			return nil, err
		}
	}
	var names []string
	if err := json.Unmarshal(parts["names"], &names); err != nil {
		return nil, err
	}
	lengths := make([]int64, len(parts["lengths"])/8)
	ids := make([]int32, len(parts["ids"])/4)
	if err := errors.Join(
		binary.Read(bytes.NewReader(parts["lengths"]), binary.LittleEndian, lengths),
		binary.Read(bytes.NewReader(parts["ids"]), binary.LittleEndian, ids),
	); err != nil {
		return nil, err
	}
	trained := parts["trained"]
	if len(names) != len(lengths) || len(trained) != len(ids) || data.Report.Train+data.Report.Validation != len(names) {
		return nil, errors.New("the parts do not fit together")
	}
	rows := make([]Tokenized, len(names))
	for i, n := range lengths {
		if n < 0 || n > int64(len(ids)) {
			return nil, errors.New("a length is out of range")
		}
		r := Tokenized{ID: names[i], IDs: ids[:n:n], Labels: make([]int32, n)}
		for j, id := range r.IDs {
			if r.Labels[j] = Ignore; trained[j] == 1 {
				r.Labels[j] = id
			}
		}
		rows[i], ids, trained = r, ids[n:], trained[n:]
	}
	data.Train, data.Validation = rows[:data.Report.Train], rows[data.Report.Train:]
	return data, nil
}

// write keeps the data.
func (c *dataCache) write(data *Data) error {
	if c.path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o777); err != nil {
		return fmt.Errorf("dataset_prepared_path: %w", err)
	}
	var ids, trained, lengths []byte
	names := []string{}
	for _, rows := range [][]Tokenized{data.Train, data.Validation} {
		for _, r := range rows {
			names = append(names, r.ID)
			lengths = binary.LittleEndian.AppendUint64(lengths, uint64(len(r.IDs)))
			for i, id := range r.IDs {
				ids = binary.LittleEndian.AppendUint32(ids, uint32(id))
				if r.Labels[i] == Ignore {
					trained = append(trained, 0)
				} else {
					trained = append(trained, 1)
				}
			}
		}
	}
	nameText, err := json.Marshal(names)
	if err != nil {
		return err
	}
	rest := *data
	rest.Train, rest.Validation = nil, nil
	restText, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	w, err := safetensors.Create(c.path, []safetensors.Spec{
		{Name: "lengths", DType: safetensors.I64, Shape: []int64{int64(len(lengths) / 8)}},
		{Name: "ids", DType: safetensors.I32, Shape: []int64{int64(len(ids) / 4)}},
		{Name: "trained", DType: safetensors.U8, Shape: []int64{int64(len(trained))}},
		{Name: "names", DType: safetensors.U8, Shape: []int64{int64(len(nameText))}},
	}, map[string]string{"data": string(restText)})
	if err != nil {
		return fmt.Errorf("dataset_prepared_path: %w", err)
	}
	defer w.Abort() //nolint:errcheck // after Commit there is nothing to abort
	if err := errors.Join(w.Write("lengths", lengths), w.Write("ids", ids), w.Write("trained", trained), w.Write("names", nameText)); err != nil {
		return fmt.Errorf("dataset_prepared_path: %w", err)
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("dataset_prepared_path: %w", err)
	}
	return nil
}
