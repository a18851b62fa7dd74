// The log of a training run.

package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// TrainLogFile is the log's name in the folder of a run: one JSON object a line, one line a step.
const TrainLogFile = "train_log.jsonl"

// TrainLog is the course of a training run.
type TrainLog struct {
	Name  string // the folder's name
	Steps []Step // by step
}

// Step is one line of the log. Numbers that a line lacks are nil.
type Step struct {
	Step         int      `json:"step"`
	Epoch        *float64 `json:"epoch"`
	Loss         *float64 `json:"loss"`
	LearningRate *float64 `json:"learning_rate"`
	GradNorm     *float64 `json:"grad_norm"`
	EvalLoss     *float64 `json:"eval_loss"` // on lines that tell of an evaluation
}

// ReadTrainLog reads the log in the folder of a run. A step that was logged again after a resume counts as logged last; a last line cut off by a kill is
// left out. Any other faulty line is an error that names it.
func ReadTrainLog(dir string) (*TrainLog, error) {
	path := filepath.Join(dir, TrainLogFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: give the folder of a training run, which holds %s", err, TrainLogFile)
	}
	name := filepath.Base(filepath.Clean(dir))
	if abs, err := filepath.Abs(dir); err == nil {
		name = filepath.Base(abs)
	}
	log := &TrainLog{Name: name}
	at := map[int]int{}
	for n := 1; len(data) > 0; n++ {
		line, rest, ended := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var s Step
		if err := json.Unmarshal(line, &s); err != nil {
			if !ended {
				break
			}
			return nil, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		if i, again := at[s.Step]; again {
			log.Steps[i] = merged(log.Steps[i], s)
			continue
		}
		at[s.Step] = len(log.Steps)
		log.Steps = append(log.Steps, s)
	}
	if len(log.Steps) == 0 {
		return nil, fmt.Errorf("%s: no steps yet", path)
	}
	slices.SortFunc(log.Steps, func(a, b Step) int { return a.Step - b.Step })
	return log, nil
}

// merged is the later of two lines of one step, with what only the earlier one has: an evaluation has a line of its own.
func merged(earlier, later Step) Step {
	for _, f := range []struct{ to, from **float64 }{
		{&later.Epoch, &earlier.Epoch}, {&later.Loss, &earlier.Loss}, {&later.LearningRate, &earlier.LearningRate},
		{&later.GradNorm, &earlier.GradNorm}, {&later.EvalLoss, &earlier.EvalLoss},
	} {
		if *f.to == nil {
			*f.to = *f.from
		}
	}
	return later
}

// curves are the quantities that are drawn, each against the step.
var curves = []struct {
	title string
	value func(Step) *float64
	marks bool // points rather than a line
}{
	{"Loss", func(s Step) *float64 { return s.Loss }, false},
	{"Evaluation loss", func(s Step) *float64 { return s.EvalLoss }, true},
	{"Learning rate", func(s Step) *float64 { return s.LearningRate }, false},
	{"Gradient norm", func(s Step) *float64 { return s.GradNorm }, false},
}

type point struct{ x, y float64 }

// series are the points of a quantity, without the steps that lack it.
func (l *TrainLog) series(value func(Step) *float64) (points []point) {
	for _, s := range l.Steps {
		if v := value(s); v != nil && isFinite(*v) {
			points = append(points, point{float64(s.Step), *v})
		}
	}
	return points
}
