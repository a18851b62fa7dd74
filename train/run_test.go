package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

func TestResumeAtEveryStepGivesTheSameBytes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	for _, c := range []struct {
		name   string
		change func(*Job)
		poison int // see regression
	}{
		{"shuffled", func(*Job) {}, -1},
		{"in order", func(j *Job) { j.InOrder = true }, -1},
		{"packed", func(j *Job) {
			j.Packs = [][]int{{3}, {0, 5}, {1, 2}, {4, 9}, {6}, {7, 8}}
			j.Examples, j.MaxSteps = 6, 12
		}, -1},
		{"skipping bad steps", func(j *Job) { j.SkipBadSteps = true }, 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := func(dir string, saveSteps int) (*regression, Job) {
				r, job := newRegression(t, dir)
				c.change(&job)
				r.poison, job.SaveSteps, job.EvalSteps, job.LoggingSteps = c.poison, saveSteps, 3, 2
				return r, job
			}
			finish := func(dir string) (Result, string) {
				_, job := start(dir, 1)
				result, err := Run(context.Background(), job)
				require.NoError(t, err)
				var s Summary
				text, err := os.ReadFile(filepath.Join(dir, FinishedFile))
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(text, &s))
				return result, fmt.Sprintln(s.Steps, s.TokensSeen, s.BadSteps, s.LastLoss, s.BestStep, s.Metrics) + outcome(t, dir)
			}
			_, want := finish(t.TempDir())
			for stop := 1; stop < 12; stop++ {
				dir := t.TempDir()
				ctx, cancel := context.WithCancel(context.Background())
				r, job := start(dir, 5) // the cancelled run must save by itself
				r.onStep = func(step int) {
					if step == stop {
						cancel()
					}
				}
				_, err := Run(ctx, job)
				require.ErrorIs(t, err, context.Canceled)
				require.Contains(t, kept(t, dir), stop)
				result, got := finish(dir)
				require.Equal(t, want, got, "stopped before step %d", stop+1)
				require.Equal(t, filepath.Join(dir, fmt.Sprintf("checkpoint-%d", stop)), result.ResumedFrom)
				require.Equal(t, 12, result.Steps)
			}
		})
	}
}

func TestTheWatchdogCountsOnWhereAnInterruptionLeftIt(t *testing.T) {
	torchtest.Need(t)
	watched := func(dir string) (*regression, Job) {
		r, job := newRegression(t, dir)
		job.WatchdogThreshold, job.WatchdogPatience = 1e-9, 5
		return r, job
	}
	for stop := 1; stop < 5; stop++ {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		r, job := watched(dir)
		r.onStep = func(step int) {
			if step == stop {
				cancel()
			}
		}
		_, err := Run(ctx, job)
		require.ErrorIs(t, err, context.Canceled)
		_, job = watched(dir)
		_, err = Run(context.Background(), job)
		require.ErrorContains(t, err, "step 5: the loss has been above 1e-09 for 5 steps")
	}
}

func TestAnEvaluationThatWasInterruptedIsMadeUpFor(t *testing.T) {
	torchtest.Need(t)
	histories := func(dir string) (rows []any) {
		text, err := os.ReadFile(filepath.Join(dir, trainerFile))
		require.NoError(t, err)
		var s trainerState
		require.NoError(t, json.Unmarshal(text, &s))
		for _, row := range s.LogHistory[:len(s.LogHistory)-1] { // the last one has the run's times
			delete(row, "eval_runtime")
			rows = append(rows, row)
		}
		return rows
	}
	undisturbed, dir := t.TempDir(), t.TempDir()
	run(t, undisturbed, func(j *Job) { j.EvalSteps = 4 })
	ctx, cancel := context.WithCancel(context.Background())
	_, job := newRegression(t, dir)
	job.EvalSteps = 4
	job.Evaluate = func(ctx context.Context, step int) (map[string]float64, error) { cancel(); return nil, ctx.Err() }
	_, err := Run(ctx, job)
	require.ErrorIs(t, err, context.Canceled)
	run(t, dir, func(j *Job) { j.EvalSteps = 4 })
	require.Equal(t, histories(undisturbed), histories(dir))
}

func TestTheStateIsThatOfTransformers(t *testing.T) {
	torchtest.Need(t)
	text, err := os.ReadFile("testdata/trainer_state.json")
	require.NoError(t, err)
	var want, got map[string]any
	require.NoError(t, json.Unmarshal(text, &want))
	dir := t.TempDir()
	run(t, dir, func(j *Job) {
		j.Epochs, j.InOrder, j.LoggingSteps, j.EvalSteps, j.SaveSteps, j.SaveTotalLimit, j.LoadBest = 2, true, 2, 3, 3, 2, true
		j.Schedule, err = optim.ScheduleConfig{Kind: "cosine", LR: 0.1, Steps: 6, WarmupSteps: 1}.Build()
		require.NoError(t, err)
	})
	text, err = os.ReadFile(filepath.Join(dir, trainerFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(bytes.ReplaceAll(text, []byte(dir), []byte("OUT")), &got))
	rowsWant, rowsGot := want["log_history"].([]any), got["log_history"].([]any)
	require.Len(t, rowsGot, len(rowsWant))
	for i := range rowsWant {
		a, b := rowsWant[i].(map[string]any), rowsGot[i].(map[string]any)
		for _, key := range []string{"step", "epoch", "loss", "learning_rate", "grad_norm", "eval_loss", "train_loss"} {
			require.Equal(t, a[key] == nil, b[key] == nil, "row %d: %s", i, key)
			if a[key] != nil {
				require.InDelta(t, a[key], b[key], 1e-5, "row %d: %s", i, key)
			}
		}
	}
	for _, ours := range []map[string]any{want, got} { // what a regression has no equal of
		for _, key := range []string{"log_history", "stateful_callbacks", "total_flos", "num_input_tokens_seen"} {
			require.Contains(t, ours, key)
			delete(ours, key)
		}
	}
	require.InDelta(t, want["best_metric"], got["best_metric"], 1e-5)
	want["best_metric"] = got["best_metric"]
	require.Equal(t, want, got)
}

func TestTheLimitKeepsTheBestAndTheNewest(t *testing.T) {
	torchtest.Need(t)
	evaluations := 0
	worse := func(j *Job) { // the first evaluation is the best
		j.SaveSteps, j.EvalSteps, j.SaveTotalLimit, j.LoadBest = 2, 2, 2, true
		j.Evaluate = func(context.Context, int) (map[string]float64, error) {
			evaluations++
			return map[string]float64{"eval_loss": float64(evaluations)}, nil
		}
	}
	dir := t.TempDir()
	result, _ := run(t, dir, worse)
	require.Equal(t, []int{2, 12}, kept(t, dir))
	require.Equal(t, 2, result.BestStep)
	best, err := os.ReadFile(filepath.Join(dir, "checkpoint-2", "w.safetensors"))
	require.NoError(t, err)
	final, err := os.ReadFile(filepath.Join(dir, "w.safetensors"))
	require.NoError(t, err)
	require.Equal(t, best, final, "the run ends with the best parameters")
}

func TestEarlyStoppingStopsAndAResumedRunStaysStopped(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	patient := func(j *Job) {
		j.SaveSteps, j.EvalSteps, j.EarlyStoppingPatience = 1, 1, 3
		j.Evaluate = func(_ context.Context, step int) (map[string]float64, error) {
			return map[string]float64{"eval_loss": math.Abs(float64(step) - 2)}, nil
		}
	}
	result, _ := run(t, dir, patient)
	require.True(t, result.StoppedEarly)
	require.Equal(t, 5, result.Steps)
	require.NoError(t, os.Remove(filepath.Join(dir, FinishedFile))) // as if killed before its last file
	result, _ = run(t, dir, patient)
	require.True(t, result.StoppedEarly)
	require.Equal(t, 5, result.Steps)
}

func TestANaNStopsWithStepExamplesAndCheckpointOrIsSkipped(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	r, job := newRegression(t, dir)
	job.InOrder, job.SaveSteps, r.poison = true, 1, 9
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "step 3: loss NaN")
	require.ErrorContains(t, err, "row 8 row 9")
	require.ErrorContains(t, err, "checkpoint-2")

	dir = t.TempDir()
	r, job = newRegression(t, dir)
	job.InOrder, job.SaveSteps, job.SkipBadSteps, r.poison = true, 1, true, 9
	result, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.Equal(t, 12, result.Steps)
	require.False(t, math.IsNaN(result.MeanLoss) || math.IsNaN(r.loss(8)))
	require.Contains(t, r.warnings(), "the step was skipped")
	require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, kept(t, dir), "a skipped step can be saved")
	outcome(t, dir)
}

func TestTheWatchdogStopsARunOfHighLosses(t *testing.T) {
	torchtest.Need(t)
	_, job := newRegression(t, t.TempDir())
	job.WatchdogThreshold, job.WatchdogPatience = 1e-9, 4
	_, err := Run(context.Background(), job)
	require.ErrorContains(t, err, "step 4: the loss has been above 1e-09 for 4 steps")
}

func TestAFinishedRunSaysSoAndTouchesNothing(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	_, want := run(t, dir, func(j *Job) { j.About = map[string]any{"version": "1"} })
	r, job := newRegression(t, dir)
	result, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.True(t, result.AlreadyFinished)
	require.Equal(t, 12, result.Steps)
	require.Empty(t, r.steps)
	require.Equal(t, want, outcome(t, dir))
	text, err := os.ReadFile(filepath.Join(dir, FinishedFile))
	require.NoError(t, err)
	require.Contains(t, string(text), `"version": "1"`)

	r, job = newRegression(t, dir)
	job.Resume = "none"
	result, err = Run(context.Background(), job)
	require.NoError(t, err)
	require.False(t, result.AlreadyFinished)
	require.Len(t, r.steps, 12)
}

func TestAnotherConfigurationIsRefusedByName(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	run(t, dir, nil)
	for _, finished := range []bool{true, false} {
		if !finished {
			require.NoError(t, os.Remove(filepath.Join(dir, FinishedFile)))
		}
		_, job := newRegression(t, dir)
		job.Identity = map[string]string{"learning_rate": "0.2"}
		_, err := Run(context.Background(), job)
		require.ErrorContains(t, err, `learning_rate was "0.1" and is "0.2"`)
	}
}

func TestPartialAndModelOnlyCheckpointsAreNotPickedUp(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "checkpoint-7.partial"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoint-7.partial", stateFile), []byte("{}"), 0o644))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "checkpoint-8"), 0o755))
	result, _ := run(t, dir, func(j *Job) { j.SaveOnlyModel, j.SaveFirstStep, j.SaveTotalLimit = true, true, 100 })
	require.Empty(t, result.ResumedFrom)
	require.Equal(t, []int{1, 3, 6, 8, 9, 12}, kept(t, dir))
	resumable, err := checkpoints(dir, true)
	require.NoError(t, err)
	require.Empty(t, resumable)
	left, err := filepath.Glob(filepath.Join(dir, "*.partial"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWhatIsKeptIsFoundBeforeTheRunGoesOn(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	none, err := KeptOf(dir, "auto")
	require.NoError(t, err)
	require.Nil(t, none)
	run(t, dir, func(j *Job) { j.Kept = map[string]string{"now": "then"} })
	for _, finished := range []bool{true, false} {
		if !finished {
			require.NoError(t, os.Remove(filepath.Join(dir, FinishedFile)))
		}
		k, err := KeptOf(dir, "auto")
		require.NoError(t, err)
		require.Equal(t, map[string]string{"now": "then"}, k)
	}
	r, job := newRegression(t, dir)
	job.Kept = map[string]string{"now": "later"}
	_, err = Run(context.Background(), job)
	require.NoError(t, err)
	require.Contains(t, r.warnings(), `now was "then" and is "later"`)
}

func TestAFullDiskLeavesTheLastGoodCheckpointAndTrainingCanGoOn(t *testing.T) {
	torchtest.Need(t)
	_, want := run(t, t.TempDir(), func(j *Job) { j.SaveSteps = 2 })
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	ballast := filepath.Join(dir, "ballast")
	r, job := newRegression(t, dir)
	job.SaveSteps = 2
	r.onStep = func(step int) {
		if step == 5 { // behind checkpoint-4: fill the disk to its last byte
			f, err := os.Create(ballast)
			require.NoError(t, err)
			for err == nil {
				_, err = f.Write(make([]byte, 4096))
			}
			require.ErrorIs(t, err, syscall.ENOSPC)
			f.Close()
		}
	}
	_, err := Run(context.Background(), job)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Contains(t, r.warnings(), "checkpoint-6 could not be written")
	require.Contains(t, kept(t, dir), 4)
	require.NotContains(t, kept(t, dir), 6)

	require.NoError(t, os.Remove(ballast))
	result, got := run(t, dir, func(j *Job) { j.SaveSteps = 2 })
	require.Equal(t, filepath.Join(dir, "checkpoint-4"), result.ResumedFrom)
	require.Equal(t, want, got)
}

func TestACheckpointThatCannotBeWrittenLeavesNoTrace(t *testing.T) {
	torchtest.Need(t)
	dir := t.TempDir()
	r, job := newRegression(t, dir)
	save := job.Save
	job.SaveSteps = 2
	job.Save = func(to string) error {
		if strings.Contains(to, "checkpoint-6") {
			return errors.Join(save(to), syscall.ENOSPC)
		}
		return save(to)
	}
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.Contains(t, r.warnings(), "no space left on device")
	require.Equal(t, []int{2, 4, 8, 10, 12}, kept(t, dir))
}

func TestMemoryIsFlatOverFiveHundredSteps(t *testing.T) {
	torchtest.Need(t)
	var live []int64
	_, job := newRegression(t, t.TempDir())
	job.MaxSteps, job.SaveSteps, job.EvalSteps, job.SaveTotalLimit = 500, 100, 100, 1
	job.Events = func(e Event) {
		if e.Kind == Stepped && e.Step%100 == 50 {
			live = append(live, int64(torch.LiveTensors()))
		}
	}
	_, err := Run(context.Background(), job)
	require.NoError(t, err)
	require.Len(t, live, 5)
	for _, n := range live {
		require.Equal(t, live[0], n)
	}
}

func TestOptionsReportEveryFault(t *testing.T) {
	err := Options{SaveTotalLimit: -1, WatchdogThreshold: 1}.Validate()
	for _, want := range []string{"output directory", "number of examples is 0", "micro-batch is 0", "epochs is 0", "save limit is -1", "patience is 0"} {
		require.ErrorContains(t, err, want)
	}
}
