package generate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/torchtest"
)

// long is a request that writes until it is stopped, and tells of its first text.
func long(c continuation, started chan<- struct{}) generate.Request {
	first := true
	return generate.Request{Prompt: c.Prompt, Options: generate.Options{MaxNewTokens: 400}, Stream: func(string) error {
		if first {
			close(started)
			first = false
		}
		return nil
	}}
}

// waiting lets a number of requests come to the generator, which is held.
func waiting(t *testing.T, g *generate.Generator, n int) {
	require.Eventually(t, func() bool { return g.Status().Waiting == n }, time.Minute, time.Millisecond)
}

func TestARequestJoinsThoseThatAreWritingAndIsWhatItIsAlone(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"]
	alone, err := g.Generate(context.Background(), long(golden[2], make(chan struct{})))
	require.NoError(t, err)
	for joined := false; !joined; {
		started := make(chan struct{})
		var order []string
		var mu sync.Mutex
		var all sync.WaitGroup
		ends := func(name string, r generate.Result, want []int32) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			require.Equal(t, want, r.Tokens, name)
		}
		all.Go(func() {
			r, err := g.Generate(context.Background(), long(golden[2], started))
			require.NoError(t, err)
			ends("long", r, alone.Tokens)
		})
		<-started
		release := g.Hold()
		joined = g.Status().Working == 1 // unless this goroutine has slept
		for i, c := range golden {
			all.Go(func() {
				r := requests(golden[i : i+1])[0]
				r.MaxNewTokens = 5
				result, err := g.Generate(context.Background(), r)
				require.NoError(t, err)
				ends("short", result, c.Tokens[:5])
			})
		}
		waiting(t, g, len(golden))
		release()
		all.Wait()
		if joined {
			require.NotEqual(t, "long", order[0], "the others do not wait for its end")
		}
	}
}

func TestCallsTakeTurns(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	g.MaxBatch = 4
	golden := continuations(t)["float32"]
	var many []generate.Request
	for i := range 40 {
		r := requests(golden[i%7 : i%7+1])[0]
		r.MaxNewTokens = 10
		many = append(many, r)
	}
	var before, done atomic.Int32
	var all sync.WaitGroup
	release := g.Hold()
	all.Go(func() {
		_, err := g.GenerateAll(context.Background(), many, func(int, generate.Result) { done.Add(1) })
		require.NoError(t, err)
	})
	waiting(t, g, 40)
	all.Go(func() {
		r := many[0]
		r.Stream = func(string) error { before.CompareAndSwap(0, 1+int32(40-g.Status().Waiting)); return nil }
		_, err := g.Generate(context.Background(), r)
		require.NoError(t, err)
	})
	waiting(t, g, 41)
	release()
	all.Wait()
	require.EqualValues(t, 40, done.Load())
	require.Less(t, before.Load(), int32(30), "one request does not wait for the forty that came before")
}

func TestTheBudgetBoundsTheBatchAndQueuesTheRest(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	torchtest.NoLeaks(t)
	golden := continuations(t)["float32"]
	var list []generate.Request
	for i := range 9 {
		r := requests(golden[i%7 : i%7+1])[0]
		r.MaxNewTokens = 100 - len(r.Prompt)
		r.Stream = func(string) error {
			s := g.Status()
			require.LessOrEqual(t, s.Working, 2)
			require.LessOrEqual(t, s.CacheBytes, g.CacheBytes)
			return nil
		}
		list = append(list, r)
	}
	g.CacheBytes = 2*g.Model.CacheBytes(100) + 1
	results, err := g.GenerateAll(context.Background(), list, nil)
	require.NoError(t, err)
	for i, r := range results {
		n := min(len(r.Tokens), len(golden[i%7].Tokens))
		require.Equal(t, golden[i%7].Tokens[:n], r.Tokens[:n])
	}
	require.Zero(t, g.Status())
	list[0].MaxNewTokens = 500 - len(list[0].Prompt)
	_, err = g.Generate(context.Background(), list[0])
	require.ErrorContains(t, err, "MB of keys and values, the budget is")
}

func TestCancellingFreesTheSlotOfTheOneThatLeaves(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	g.MaxBatch = 1
	golden := continuations(t)["float32"]
	live := torch.LiveTensors()
	for range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		r := generate.Request{Prompt: golden[2].Prompt, Options: generate.Options{MaxNewTokens: 400}}
		r.Stream = func(string) error { cancel(); return nil }
		_, err := g.Generate(ctx, r)
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, g.Status())
		require.Equal(t, live, torch.LiveTensors())

		release := g.Hold()
		ctx, cancel = context.WithCancel(context.Background())
		left := make(chan error)
		go func() {
			_, err := g.Generate(ctx, requests(golden[1:2])[0])
			left <- err
		}()
		waiting(t, g, 1)
		cancel() // one that has not even entered: it does not wait for the others
		require.ErrorIs(t, <-left, context.Canceled)
		release()
		after, err := g.Generate(context.Background(), requests(golden[:1])[0])
		require.NoError(t, err)
		require.Equal(t, golden[0].Tokens, after.Tokens)
	}
}

func TestASlowStreamHoldsNobodyUp(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"]
	started, others := make(chan struct{}), make(chan struct{})
	var text strings.Builder
	first := true
	slow := requests(golden[3:4])[0]
	slow.Stream = func(piece string) error {
		text.WriteString(piece)
		if first {
			first = false
			close(started)
			<-others // until all of the others are done
		}
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r, err := g.Generate(context.Background(), slow)
		require.NoError(t, err)
		require.Equal(t, golden[3].Text, r.Text)
	}()
	<-started
	for i, c := range golden {
		r, err := g.Generate(context.Background(), requests(golden[i : i+1])[0])
		require.NoError(t, err)
		require.Equal(t, c.Tokens, r.Tokens)
	}
	close(others)
	<-ended
	require.Equal(t, golden[3].Text, text.String())
}

func TestAnErrorOfAStreamEndsItsRequestAlone(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	torchtest.NoLeaks(t)
	golden := continuations(t)["float32"]
	broken := errors.New("the reader has left")
	list := requests(golden[:3])
	calls := 0
	list[1].Stream = func(string) error { calls++; return broken }
	results, err := g.GenerateAll(context.Background(), list, nil)
	require.NoError(t, err)
	require.ErrorIs(t, results[1].Err, broken)
	require.Equal(t, generate.Failed, results[1].Reason)
	require.Equal(t, 1, calls)
	for _, i := range []int{0, 2} {
		require.Equal(t, golden[i].Tokens, results[i].Tokens)
	}
}

// While one writes, a prompt of hundreds of tokens goes in by pieces; it must be read as it is in one piece.
func TestALongPromptBesideAWriterIsReadAsOneAlone(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"]
	prompt := append([]int32{}, golden[0].Prompt...)
	for len(prompt) < 440 {
		prompt = append(prompt, golden[len(prompt)%7].Tokens[:20]...)
	}
	r := generate.Request{Prompt: prompt, Options: generate.Options{MaxNewTokens: 40}}
	alone, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, 40, alone.Passes)
	for joined := false; !joined; {
		started := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { _, _ = g.Generate(context.Background(), long(golden[2], started)) })
		<-started
		release := g.Hold()
		joined = g.Status().Working == 1 // unless this goroutine has slept
		all.Go(func() {
			beside, err := g.Generate(context.Background(), r)
			require.NoError(t, err)
			require.Equal(t, alone.Tokens, beside.Tokens)
			if joined {
				require.Equal(t, 41, beside.Passes, "two for the prompt")
			}
		})
		waiting(t, g, 1)
		release()
		all.Wait()
	}
}

func TestAPrefixMayChangeWhileOthersContinueIt(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	torchtest.NoLeaks(t)
	defer g.Close()
	golden := continuations(t)["float32"]
	ctx := context.Background()
	var all sync.WaitGroup
	for i := range 14 {
		all.Go(func() {
			r, err := g.Generate(ctx, requests(golden[i%7 : i%7+1])[0])
			require.NoError(t, err)
			require.Equal(t, golden[i%7].Tokens, r.Tokens)
		})
		all.Go(func() { require.NoError(t, g.KeepPrefix(ctx, golden[i%7].Prompt[:1+i%3])) })
	}
	all.Wait()
}
