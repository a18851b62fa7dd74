package torch_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// failure runs f and returns what it panics with.
func failure(t *testing.T, f func()) *torch.Error {
	t.Helper()
	err := torch.Run(func() error { f(); return nil })
	var e *torch.Error
	require.ErrorAs(t, err, &e)
	return e
}

func vector(s *torch.Scope, v ...float32) *torch.Tensor { return torch.FromSlice(s, v, len(v)) }

func TestResultBelongsToTheInnermostScope(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	weight := vector(nil, 1, 2)
	defer weight.Free()
	run := torch.NewScope("run")
	defer run.Close()
	step := run.Child("step")
	a, b := vector(run, 3, 4), vector(step, 5, 6)
	require.Nil(t, weight.Scope())
	require.Same(t, run, a.Mul(weight).Scope())
	require.Same(t, step, a.Mul(b).Scope())
	require.Same(t, step, b.Mul(weight).Scope())
	require.Same(t, step, weight.In(step).Scope())
	require.Equal(t, "run/step", step.String())
	require.Equal(t, 2, run.Len())
	require.Equal(t, 4, step.Len())
}

func TestClosingAScopeFreesItsTensorsAndItsChildren(t *testing.T) {
	torchtest.Need(t)
	before := torch.LiveTensors()
	run := torch.NewScope("run")
	kept := vector(run.Child("step").Child("inner"), 1)
	gone := run.Child("closed before")
	gone.Close()
	require.Equal(t, before+1, torch.LiveTensors())
	run.Close()
	run.Close()
	require.Equal(t, before, torch.LiveTensors())
	e := failure(t, func() { kept.Neg() })
	require.EqualError(t, e, `torch.Neg: an operand was freed when its scope "run/step/inner" was closed; keep it with Keep`)
	require.Equal(t, "tensor(freed)", kept.String())
	require.Contains(t, failure(t, func() { run.Child("late") }).Msg, `scope "run" is closed`)
	require.Contains(t, failure(t, func() { vector(run, 1) }).Msg, `scope "run" is closed`)
}

func TestKeepMovesATensorOutward(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	run := torch.NewScope("run")
	step := run.Child("step")
	loss, best := vector(step, 1), vector(step, 2)
	require.Same(t, loss, loss.Keep(run))
	best.Keep(nil)
	step.Close()
	require.Equal(t, 1.0, loss.Item())
	run.Close()
	require.Equal(t, 2.0, best.Item())
	best.Free()
	best.Free()
	require.EqualError(t, failure(t, func() { best.Item() }), "torch.Item: an operand was freed with Free")
}

func TestKeepRefusesOtherDirections(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	run, other := torch.NewScope("run"), torch.NewScope("other")
	defer run.Close()
	defer other.Close()
	step := run.Child("step")
	weight := vector(nil, 1)
	defer weight.Free()
	for want, f := range map[string]func(){
		`scope "run" cannot be moved outward to "run/step"`: func() { vector(run, 1).Keep(step) },
		`scope "run" cannot be moved outward to "other"`:    func() { vector(run, 1).Keep(other) },
		`scope "no scope" cannot be moved outward to "run"`: func() { weight.Keep(run) },
	} {
		require.Contains(t, failure(t, f).Msg, want)
	}
}

func TestOperandsMustLieOnOnePathOfScopes(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	run := torch.NewScope("run")
	defer run.Close()
	left, right := run.Child("left"), run.Child("right")
	a, b := vector(left, 1), vector(right, 2)
	e := failure(t, func() { a.Add(b) })
	require.EqualError(t, e, `torch.Add: operands belong to scopes "run/left" and "run/right", neither of which lies in the other`)
	weight := vector(nil, 1)
	defer weight.Free()
	e = failure(t, func() { weight.Mul(weight) })
	require.EqualError(t, e, "torch.Mul: no operand has a scope, so the result has none either: say where it goes with x.In(scope)")
	require.Contains(t, failure(t, func() { weight.In(nil) }).Msg, "the scope is nil")
}

func TestAScopeThatFreesAsItGoesDoesNotGrow(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	s := torch.NewScope("test")
	defer s.Close()
	x := vector(s, 1, 2)
	y := x
	for range 1000 {
		z := y.Add(x)
		if y != x {
			y.Free()
		}
		y = z
	}
	require.Equal(t, 2, s.Len())
	require.Equal(t, []float32{1001, 2002}, y.Floats())
}

func TestForgottenScopesAndTensorsAreFreedByTheCollector(t *testing.T) {
	torchtest.Need(t)
	before := torch.LiveTensors()
	func() {
		s := torch.NewScope("forgotten")
		for range 10 {
			vector(s.Child("step"), 1).Neg().Keep(s)
		}
		vector(nil, 1)
	}()
	require.Greater(t, torch.LiveTensors(), before)
	require.Eventually(t, func() bool { runtime.GC(); return torch.LiveTensors() == before }, 10*time.Second, time.Millisecond)
}
