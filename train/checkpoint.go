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
	"strconv"
	"strings"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

const (
	stateFile     = "ajolote_state.json"
	optimizerFile = "optimizer.safetensors"
	trainerFile   = "trainer_state.json"
	stateVersion  = 1
)

func (l *loop) checkpointDir(step int) string {
	return filepath.Join(l.OutputDir, "checkpoint-"+strconv.Itoa(step))
}

// checkpoint writes checkpoint-N: the artefact, the optimizer, and the loop's state. It appears under its name when all of
// it is on the disk. A failure, such as a full disk, is told but does not end the run: the last good checkpoint is intact.
func (l *loop) checkpoint() {
	dir := l.checkpointDir(l.Step0)
	if l.saved == l.Step0 {
		return
	}
	l.saveFault = writeDir(dir, l.fill)
	if l.saveFault != nil {
		l.saveFault = fmt.Errorf("train: checkpoint %s could not be written: %w", dir, l.saveFault)
		l.warn(l.saveFault.Error() + "; training goes on")
		return
	}
	l.saved = l.Step0
	l.event(Event{Kind: Saved, Record: Record{Step: l.Step0}, Path: dir})
	if err := l.prune(); err != nil {
		l.warn(err.Error())
	}
}

func (l *loop) fill(dir string) error {
	if err := l.Save(dir); err != nil {
		return err
	}
	if err := tensorfile.Save(filepath.Join(dir, optimizerFile), maps.All(l.Optimizer.State())); err != nil {
		return err
	}
	l.Version, l.state.Identity = stateVersion, l.Job.Identity
	text, err := json.MarshalIndent(l.state, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, stateFile), text, 0o644); err != nil {
		return err
	}
	if text, err = l.trainerState(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, trainerFile), text, 0o644)
}

// prune deletes the oldest checkpoints above the limit, never the best nor the newest.
func (l *loop) prune() error {
	if l.SaveTotalLimit == 0 {
		return nil
	}
	steps, err := checkpoints(l.OutputDir)
	if err != nil {
		return err
	}
	surplus := len(steps) - l.SaveTotalLimit
	for _, step := range steps {
		if surplus <= 0 || step == l.Step0 {
			break
		}
		if step == l.BestStep {
			continue
		}
		if err := os.RemoveAll(l.checkpointDir(step)); err != nil {
			return fmt.Errorf("train: deleting an old checkpoint: %w", err)
		}
		surplus--
	}
	return nil
}

// checkpoints lists the steps of the complete checkpoints in dir, rising.
func checkpoints(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var steps []int
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), "checkpoint-")
		step, err := strconv.Atoi(number)
		if !ok || err != nil || !e.IsDir() {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, e.Name(), stateFile)); err == nil {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// start brings the loop to where it begins: at the first step, or behind a checkpoint.
func (l *loop) start() error {
	l.BestStep, l.saved = -1, -1
	if err := os.MkdirAll(l.OutputDir, 0o755); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := l.dropPartials(); err != nil {
		return err
	}
	from, err := l.resumeFrom()
	if err != nil {
		return err
	}
	if from != "" {
		if err := l.resume(from); err != nil {
			return fmt.Errorf("train: resuming %s: %w", from, err)
		}
	}
	l.log, err = openLog(l.OutputDir, l.Step0)
	return err
}

func (l *loop) dropPartials() error {
	left, _ := filepath.Glob(filepath.Join(l.OutputDir, "checkpoint-*"+partialSuffix))
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}

// resumeFrom picks the checkpoint to go on from; "" for none.
func (l *loop) resumeFrom() (string, error) {
	steps, err := checkpoints(l.OutputDir)
	if err != nil {
		return "", err
	}
	switch l.Resume {
	case "", "auto":
		if len(steps) == 0 {
			return "", nil
		}
		return l.checkpointDir(steps[len(steps)-1]), nil
	case "none":
		for _, step := range steps {
			if err := os.RemoveAll(l.checkpointDir(step)); err != nil {
				return "", fmt.Errorf("train: deleting the checkpoints of an earlier run: %w", err)
			}
		}
		return "", nil
	}
	if _, err := os.Stat(filepath.Join(l.Resume, stateFile)); err != nil {
		return "", fmt.Errorf("train: %s is no complete checkpoint: %w", l.Resume, err)
	}
	return l.Resume, nil
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
	l.state, l.saved, l.resumed = s, s.Step0, dir
	l.event(Event{Kind: Resumed, Record: Record{Step: s.Step0}, Path: dir})
	return nil
}

// differences names the parts of two identities that are not the same.
func differences(then, now map[string]string) []string {
	names := map[string]bool{}
	for k := range then {
		names[k] = true
	}
	for k := range now {
		names[k] = true
	}
	var list []string
	for _, k := range slices.Sorted(maps.Keys(names)) {
		if then[k] != now[k] {
			list = append(list, fmt.Sprintf("%s was %q and is %q", k, then[k], now[k]))
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
