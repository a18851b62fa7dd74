package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/safetensors"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/tensorfile"
)

// regression is a linear regression of ten examples, that of testdata/trainer_state.py.
type regression struct {
	w      *torch.Tensor
	poison int          // example whose loss is NaN; -1 for none
	steps  map[int]bool // that were made
	seen   []Event
	onStep func(step int) // called before a step
}

func regressionRow(i int) (x []float32, y float32) {
	return []float32{1, float32(i) / 10, float32(i*i%7) / 7, float32(i*3%5) / 5}, 0.5*float32(i) - 2
}

// newRegression makes the job; change its options before running it.
func newRegression(t *testing.T, dir string) (*regression, Job) {
	t.Helper()
	r := &regression{w: torch.Zeros(nil, torch.Float32CPU, 1, 4), poison: -1, steps: map[int]bool{}}
	r.w.SetRequiresGrad(true)
	names := func(yield func(string, *torch.Tensor) bool) { yield("w", r.w) }
	adam := optim.NewAdamW(optim.DefaultAdamW(), optim.OneGroup(names, 0))
	t.Cleanup(func() { adam.Free(); r.w.Free() })
	o := DefaultOptions()
	o.OutputDir, o.Examples, o.MicroBatch, o.Accumulation, o.Epochs = dir, 10, 2, 2, 4
	o.Identity = map[string]string{"learning_rate": "0.1"}
	schedule, err := optim.ScheduleConfig{Kind: "cosine", LR: 0.1, Steps: o.TotalSteps(), WarmupSteps: 1}.Build()
	require.NoError(t, err)
	return r, Job{
		Options: o, Optimizer: adam, Schedule: schedule, Step: r.step,
		Save: func(dir string) error {
			return errors.Join(os.MkdirAll(dir, 0o755), tensorfile.Save(filepath.Join(dir, "w.safetensors"), names))
		},
		Restore: r.restore,
		Evaluate: func(context.Context, int) (map[string]float64, error) {
			return map[string]float64{"eval_loss": r.loss(10)}, nil
		},
		ExampleID: func(i int) string { return fmt.Sprintf("row %d", i) },
		Events:    func(e Event) { r.seen = append(r.seen, e) },
	}
}

func (r *regression) step(ctx context.Context, step int, examples []int) (StepResult, error) {
	if r.onStep != nil {
		r.onStep(step)
	}
	if err := ctx.Err(); err != nil {
		return StepResult{}, err
	}
	r.steps[step] = true
	s := torch.NewScope("step")
	defer s.Close()
	var xs, ys []float32
	for _, i := range examples {
		x, y := regressionRow(i)
		if i == r.poison {
			y = float32(math.NaN())
		}
		xs, ys = append(xs, x...), append(ys, y)
	}
	n := len(examples)
	e := torch.FromSlice(s, xs, n, 4).Linear(r.w, nil).Sub(torch.FromSlice(s, ys, n, 1))
	loss := e.Mul(e).Mean()
	loss.Backward()
	return StepResult{Loss: loss.Item(), Tokens: n, Labels: n}, nil
}

// loss is the mean over the first n examples.
func (r *regression) loss(n int) float64 {
	sum, w := 0.0, r.w.Floats()
	for i := range n {
		x, y := regressionRow(i)
		e := -float64(y)
		for j, v := range x {
			e += float64(v) * float64(w[j])
		}
		sum += e * e
	}
	return sum / float64(n)
}

func (r *regression) restore(dir string) error {
	weights, err := safetensors.Open(filepath.Join(dir, "w.safetensors"))
	if err != nil {
		return err
	}
	defer weights.Close()
	s := torch.NewScope("restore")
	defer s.Close()
	t, err := tensorfile.Read(s, weights.Tensor("w"))
	if err == nil {
		torch.NoGrad(func() { r.w.Copy(t) })
	}
	return err
}

func (r *regression) warnings() string {
	var list []string
	for _, e := range r.seen {
		if e.Kind == Warning {
			list = append(list, e.Message)
		}
	}
	return strings.Join(list, "\n")
}

// run trains in dir and returns the bytes of the result and of the log without its times.
func run(t *testing.T, dir string, change func(*Job)) (result Result, made string) {
	t.Helper()
	_, job := newRegression(t, dir)
	if change != nil {
		change(&job)
	}
	result, err := Run(context.Background(), job)
	require.NoError(t, err)
	return result, outcome(t, dir)
}

func outcome(t *testing.T, dir string) string {
	t.Helper()
	w, err := os.ReadFile(filepath.Join(dir, "w.safetensors"))
	require.NoError(t, err)
	log, err := os.ReadFile(filepath.Join(dir, LogFile))
	require.NoError(t, err)
	text := string(w)
	for i, line := range strings.Split(strings.TrimSpace(string(log)), "\n") {
		var row map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		require.EqualValues(t, i+1, row["step"], "one line a step")
		delete(row, "seconds")
		text += fmt.Sprint(row)
	}
	return text
}

func kept(t *testing.T, dir string) []int {
	t.Helper()
	steps, err := checkpoints(dir, false)
	require.NoError(t, err)
	return steps
}
