package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// start brings the loop to where it begins: at the first step, or behind a checkpoint.
func (l *loop) start() (err error) {
	l.BestStep, l.Evaluated, l.saved, l.started = -1, -1, -1, time.Now()
	if err := os.MkdirAll(l.OutputDir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := l.dropPartials(); err != nil {
		return err
	}
	if l.Resume == "none" {
		if err := l.dropCheckpoints(); err != nil {
			return err
		}
	}
	from, err := resumeFrom(l.OutputDir, l.Resume)
	if err != nil {
		return err
	}
	if from != "" {
		if err := l.resume(from); err != nil {
			return fmt.Errorf("train: resuming %s: %w", from, err)
		}
	}
	if l.log, err = openLog(l.OutputDir, l.Step0); err != nil {
		return err
	}
	if l.TensorBoard {
		l.board, err = newEventFile(filepath.Join(l.OutputDir, "runs"), l.Step0)
	}
	return err
}

func (l *loop) dropPartials() error {
	left, _ := filepath.Glob(filepath.Join(l.OutputDir, "checkpoint-*"+atomicfile.PartialSuffix))
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

func (l *loop) dropCheckpoints() error {
	steps, err := checkpoints(l.OutputDir, false)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := os.RemoveAll(l.checkpointDir(step)); err != nil {
			return fmt.Errorf("train: deleting the checkpoints of an earlier run: %w", err)
		}
	}
	return nil
}

// resumeFrom picks the checkpoint to go on from; "" for none.
func resumeFrom(dir, resume string) (string, error) {
	switch resume {
	case "", "auto":
		steps, err := checkpoints(dir, true)
		if err != nil || len(steps) == 0 {
			return "", err
		}
		return filepath.Join(dir, fmt.Sprintf("checkpoint-%d", steps[len(steps)-1])), nil
	case "none":
		return "", nil
	}
	if _, err := os.Stat(filepath.Join(resume, stateFile)); err != nil {
		return "", fmt.Errorf("train: %s is no complete checkpoint: %w", resume, err)
	}
	return resume, nil
}

// KeptOf returns the [Options.Kept] of the run in dir, finished or not, that resume (see [Options.Resume]) would go on with;
// nil when it would begin anew. What must not change from one start of a run to the next, such as the time that a prompt
// tells, is found there before the data is read.
func KeptOf(dir, resume string) (map[string]string, error) {
	from, err := resumeFrom(dir, resume)
	if err != nil || resume == "none" {
		return nil, err
	}
	path := filepath.Join(from, stateFile)
	if from == "" {
		path = filepath.Join(dir, FinishedFile)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var s struct {
		Kept map[string]string `json:"kept"`
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s.Kept, nil
}

func (l *loop) resume(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", stateFile, err)
	}
	if s.Version != stateVersion {
		return fmt.Errorf("%s has version %d, this program writes version %d", stateFile, s.Version, stateVersion)
	}
	if differ := differences(s.Identity, l.Job.Identity); len(differ) > 0 {
		return fmt.Errorf("it was made by another run: %s. Use another output directory, or resume none to begin anew", strings.Join(differ, "; "))
	}
	if differ := differences(s.Kept, l.Job.Kept); len(differ) > 0 {
		l.warn(strings.Join(differ, "; ") + ": the last bits of the result may be others than without the interruption")
	}
	if text, err = os.ReadFile(filepath.Join(dir, trainerFile)); err != nil {
		return err
	}
	var t trainerState
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("%s: %w", trainerFile, err)
	}
	s.History = t.LogHistory
	if err := l.Restore(dir); err != nil {
		return err
	}
	if err := l.restoreOptimizer(filepath.Join(dir, optimizerFile)); err != nil {
		return err
	}
	l.state, l.resumed = s, dir
	if filepath.Clean(dir) == filepath.Clean(l.checkpointDir(s.Step0)) {
		l.saved = s.Step0
	}
	l.early = l.outOfPatience()
	l.event(Event{Kind: Resumed, Record: Record{Step: s.Step0}, Path: dir})
	return l.prune()
}

// differences names the parts of two identities that are not the same.
func differences(then, now map[string]string) []string {
	names := map[string]bool{}
	for _, m := range []map[string]string{then, now} {
		for k := range m {
			names[k] = true
		}
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(names)) {
		was, before := then[k]
		is, after := now[k]
		switch {
		case !before:
			list = append(list, fmt.Sprintf("%s was not set and is %q", k, is))
		case !after:
			list = append(list, fmt.Sprintf("%s was %q and is not set", k, was))
		case was != is:
			list = append(list, fmt.Sprintf("%s was %q and is %q", k, was, is))
		}
	}
	return list
}

func (l *loop) restoreOptimizer(path string) error {
	weights, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer weights.Close()
	s := torch.NewScope("restore")
	defer s.Close()
	read := map[string]*torch.Tensor{}
	for _, t := range weights.Tensors() {
		if read[t.Name], err = tensorfile.Read(s, t); err != nil {
			return err
		}
	}
	return l.Optimizer.Restore(read)
}
