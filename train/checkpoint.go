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

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// The files of a checkpoint beside those that Save writes.
const (
	stateFile     = "ajolote_state.json" // absent in checkpoints of the model alone
	optimizerFile = "optimizer.safetensors"
	trainerFile   = "trainer_state.json"

	stateVersion = 1
)

func (l *loop) checkpointDir(step int) string {
	return filepath.Join(l.OutputDir, "checkpoint-"+strconv.Itoa(step))
}

// checkpoint writes checkpoint-N: what Save writes, and what it takes to resume. It appears under its name when all of it is
// on the disk. A failure, such as a full disk, is told but does not end the run: the last good checkpoint is intact.
func (l *loop) checkpoint(resumable bool) {
	if l.saved == l.Step0 {
		return
	}
	dir := l.checkpointDir(l.Step0)
	l.saveFault = atomicfile.WriteDir(dir, func(partial string) error { return l.fill(partial, resumable) })
	if l.saveFault != nil {
		l.saveFault = fmt.Errorf("train: checkpoint %s could not be written: %w", dir, l.saveFault)
		l.warn(l.saveFault.Error() + "; training goes on, the last good checkpoint is intact")
		return
	}
	if resumable {
		l.saved = l.Step0
	}
	l.event(Event{Kind: Saved, Record: Record{Step: l.Step0}, Path: dir})
	if err := l.prune(); err != nil {
		l.warn(err.Error())
	}
}

func (l *loop) fill(dir string, resumable bool) error {
	if err := l.Save(dir); err != nil {
		return err
	}
	if err := l.writeTrainerState(dir); err != nil || !resumable {
		return err
	}
	if err := tensorfile.Save(filepath.Join(dir, optimizerFile), maps.All(l.Optimizer.State())); err != nil {
		return err
	}
	l.Version, l.state.Identity, l.state.Kept = stateVersion, l.Job.Identity, l.Job.Kept
	text, err := json.MarshalIndent(l.state, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, stateFile), text, 0o644)
}

// prune deletes the oldest checkpoints above the limit, never the best nor the newest.
func (l *loop) prune() error {
	if l.SaveTotalLimit == 0 {
		return nil
	}
	steps, err := checkpoints(l.OutputDir, false)
	if err != nil {
		return err
	}
	surplus := len(steps) - l.SaveTotalLimit
	for i, step := range steps {
		if surplus <= 0 || i == len(steps)-1 {
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

// checkpoints lists the steps of the complete checkpoints in dir, rising; on demand only of those that can be resumed.
func checkpoints(dir string, resumable bool) ([]int, error) {
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
		if _, err := os.Stat(filepath.Join(dir, e.Name(), stateFile)); err == nil || !resumable {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}
