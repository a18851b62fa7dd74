package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/internal/atomicfile"
)

// FinishedFile is the last file that a run writes into its output directory: its presence says that the run is complete.
const FinishedFile = "run.json"

// Summary is run.json.
type Summary struct {
	Finished     bool               `json:"finished"`              // always true
	Steps        int                `json:"steps"`                 // made in all, those before a resume included
	TokensSeen   int64              `json:"tokens_seen"`           // that went through the model
	BadSteps     int                `json:"bad_steps"`             // left out because loss or gradient was not finite
	LastLoss     float64            `json:"last_loss"`             // of the last step
	BestStep     int                `json:"best_step,omitempty"`   // with the best metric; absent without evaluation
	BestMetric   float64            `json:"best_metric,omitempty"` // as Options.Metric names it
	StoppedEarly bool               `json:"stopped_early"`         // by early stopping
	Seconds      float64            `json:"seconds"`               // of the call that finished
	Metrics      map[string]float64 `json:"metrics,omitempty"`     // of the last evaluation
	Identity     map[string]string  `json:"identity"`              // what a resumed run must have in common: see Options.Identity
	Kept         map[string]string  `json:"kept,omitempty"`        // see Options.Kept
	About        map[string]any     `json:"about,omitempty"`       // see Job.About
}

func (l *loop) writeFinished() error {
	seconds := time.Since(l.started).Seconds()
	if l.lossSteps > 0 {
		l.History = append(l.History, map[string]any{"epoch": l.plan.epoch(l.Step0), "step": l.Step0, "total_flos": 0.0,
			"train_loss": l.lossSum / float64(l.lossSteps), "train_runtime": seconds, "train_steps_per_second": float64(l.lossSteps) / seconds})
	}
	if err := l.writeTrainerState(l.OutputDir); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	s := Summary{
		Finished: true, Steps: l.Step0, TokensSeen: l.TokensSeen, BadSteps: l.BadSteps, LastLoss: l.LastLoss, BestMetric: l.BestMetric,
		StoppedEarly: l.early, Seconds: seconds, Metrics: l.Metrics, Identity: l.Job.Identity, Kept: l.Job.Kept, About: l.About,
	}
	if l.BestStep > 0 {
		s.BestStep = l.BestStep
	}
	return writeJSON(filepath.Join(l.OutputDir, FinishedFile), s)
}

func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// finished returns the result of a run that is complete already; nil when it is not, or is to begin anew.
func (j Job) finished() (*Result, error) {
	path := filepath.Join(j.OutputDir, FinishedFile)
	if j.Resume == "none" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("train: %w", err)
		}
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	var s Summary
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if differ := differences(s.Identity, j.Identity); len(differ) > 0 {
		return nil, fmt.Errorf("train: %s holds the finished run of another configuration: %s. Use another output directory, or resume none to begin anew",
			j.OutputDir, strings.Join(differ, "; "))
	}
	return &Result{Steps: s.Steps, Loss: s.LastLoss, Metrics: s.Metrics, BestStep: s.BestStep, BestMetric: s.BestMetric,
		StoppedEarly: s.StoppedEarly, AlreadyFinished: true}, nil
}
