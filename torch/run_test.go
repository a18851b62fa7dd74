package torch_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// run runs f and returns what comes out of Run, as a panic or as an error.
func run(f func() error) (value any, err error) {
	defer func() { value = recover() }()
	return nil, torch.Run(f)
}

func TestRunReturnsTheErrorOfItsJob(t *testing.T) {
	want := errors.New("an error")
	require.Equal(t, want, torch.Run(func() error { return want }))
}

func TestRunTurnsAFailedOperationIntoAnError(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	var failed *torch.Error
	require.ErrorAs(t, torch.Run(func() error {
		s := torch.NewScope("test")
		defer s.Close()
		vector(s, 1, 2).Reshape(3)
		return nil
	}), &failed)
	require.Equal(t, "Reshape", failed.Op)
}

func faulty() { panic("mine") }

func TestAnotherPanicComesOutWithTheStackItBeganIn(t *testing.T) {
	value, err := run(func() error { faulty(); return nil })
	require.NoError(t, err)
	require.IsType(t, &torch.Panic{}, value)
	require.Equal(t, "mine", value.(*torch.Panic).Value)
	require.Contains(t, value.(*torch.Panic).Error(), "torch_test.faulty")
	require.NoError(t, torch.Run(func() error { return nil }), "the next job")
}

func TestAPanicPassesThroughTheJobsThatWaitForIt(t *testing.T) {
	cause := errors.New("mine")
	value, _ := run(func() error {
		inner := make(chan any)
		go func() {
			value, _ := run(func() error { panic(cause) })
			inner <- value
		}()
		panic(<-inner)
	})
	require.Equal(t, cause, value.(*torch.Panic).Value)
	require.ErrorIs(t, value.(*torch.Panic), cause)
}

func TestGoexitInsideAJobEndsItsCaller(t *testing.T) {
	ended := make(chan bool)
	go func() {
		wentOn := false
		defer func() { ended <- wentOn }()
		_ = torch.Run(func() error { runtime.Goexit(); return nil })
		wentOn = true
	}()
	require.False(t, <-ended)
	require.NoError(t, torch.Run(func() error { return nil }), "the next job")
}

func TestJobsOfTwoGoroutinesRunAtTheSameTime(t *testing.T) {
	meet := make(chan int)
	done := make(chan error)
	go func() { done <- torch.Run(func() error { meet <- 1; return nil }) }()
	require.NoError(t, torch.Run(func() error { <-meet; return nil }))
	require.NoError(t, <-done)
}

func TestAJobInsideAJobSeesItsGradientMode(t *testing.T) {
	torchtest.Need(t)
	torchtest.NoLeaks(t)
	recorded := func() (on bool) {
		require.NoError(t, torch.Run(func() error {
			s := torch.NewScope("test")
			defer s.Close()
			on = vector(s, 1).SetRequiresGrad(true).Exp().RequiresGrad()
			return nil
		}))
		return on
	}
	require.NoError(t, torch.Run(func() error {
		require.True(t, recorded())
		torch.NoGrad(func() { require.False(t, recorded()) })
		return nil
	}))
}
