package generate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
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

func TestARequestJoinsThoseThatAreWritingAndIsWhatItIsAlone(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	golden := continuations(t)["float32"]
	alone, err := g.Generate(context.Background(), long(golden[2], make(chan struct{})))
	require.NoError(t, err)
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		r, err := g.Generate(context.Background(), long(golden[2], started))
		require.NoError(t, err)
		require.Equal(t, alone.Tokens, r.Tokens, "it does not feel the company")
	}()
	<-started
	for _, c := range golden {
		c.Tokens = c.Tokens[:20]
		r, err := g.Generate(context.Background(), requests([]continuation{c})[0])
		require.NoError(t, err)
		require.Equal(t, c.Tokens, r.Tokens)
		select {
		case <-ended:
			t.Fatal("it waited for the long one")
		default:
		}
	}
	<-ended
}

func TestCallsTakeTurns(t *testing.T) {
	g := stories(t, llama.LoadOptions{})
	g.MaxBatch = 4
	golden := continuations(t)["float32"]
	var many []generate.Request
	for i := range 60 {
		r := requests(golden[i%7 : i%7+1])[0]
		r.MaxNewTokens = 30
		many = append(many, r)
	}
	started := make(chan struct{})
	var once sync.Once
	var all sync.WaitGroup
	done := 0
	var mu sync.Mutex
	all.Go(func() {
		_, err := g.GenerateAll(context.Background(), many, func(int, generate.Result) {
			mu.Lock()
			defer mu.Unlock()
			done++
			once.Do(func() { close(started) })
		})
		require.NoError(t, err)
	})
	<-started
	_, err := g.Generate(context.Background(), many[0])
	require.NoError(t, err)
	mu.Lock()
	require.Less(t, done, len(many)/2, "one request does not wait for sixty that came before")
	mu.Unlock()
	all.Wait()
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
		started := make(chan struct{})
		gone := make(chan error)
		go func() {
			_, err := g.Generate(ctx, long(golden[2], started))
			gone <- err
		}()
		<-started
		waiting, leave := context.WithCancel(context.Background())
		left := make(chan error)
		go func() {
			_, err := g.Generate(waiting, requests(golden[1:2])[0])
			left <- err
		}()
		for g.Status().Waiting == 0 {
			time.Sleep(time.Millisecond)
		}
		leave() // one that has not even entered
		require.ErrorIs(t, <-left, context.Canceled)
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		require.Zero(t, g.Status())
		require.Equal(t, live, torch.LiveTensors())
		r, err := g.Generate(context.Background(), requests(golden[:1])[0])
		require.NoError(t, err)
		require.Equal(t, golden[0].Tokens, r.Tokens)
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
	started := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = g.Generate(ctx, long(golden[2], started))
	}()
	<-started
	beside, err := g.Generate(context.Background(), r)
	require.NoError(t, err)
	require.Equal(t, alone.Tokens, beside.Tokens)
	require.Equal(t, 41, beside.Passes)
	cancel()
	<-ended
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
