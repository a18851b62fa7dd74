// Package generate continues token sequences with a causal language model: greedy or sampled, several at once, each leaving
// the batch when it ends and the next one entering (continuous batching; Yu et al., "Orca", 2022).
package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
)

// Generator continues prompts. It is safe for many goroutines; their calls take turns on the model.
type Generator struct {
	Model     *llama.Model
	Tokenizer *tokenizer.Tokenizer // decodes; needed for text, stop strings and streams
	// MaxBatch is how many sequences are decoded together; 0 for 16.
	MaxBatch int
	// CacheBytes limits the memory of the keys and values of all sequences at work; 0 for 2 GiB.
	CacheBytes int64

	turn   sync.Mutex // one call computes at a time
	prefix keptPrefix
}

// Request is a prompt and what becomes of it.
type Request struct {
	Prompt []int32
	// Words are the tokens that guesses are looked up in, see Options.Guess; nil for the prompt.
	Words []int32
	Options
	// Stream gets the text as it comes, never half a character; nil for nobody. An error from it ends this request.
	Stream func(text string) error
}

// Reason is why a sequence ended.
type Reason string

// The reasons.
const (
	StopToken  Reason = "stop token"  // the model wrote one of Options.StopTokens
	StopString Reason = "stop string" // its text came to one of Options.StopStrings
	Complete   Reason = "complete"    // the grammar has nothing more
	Length     Reason = "length"      // MaxNewTokens were reached
	Failed     Reason = "failed"      // see Result.Err
)

// Result is what the model wrote.
type Result struct {
	Tokens   []int32   // without the stop token
	Text     string    // decoded without special tokens, up to a stop string
	LogProbs []float32 // of each token, the natural logarithm, when Options.LogProbs asks for them; 0 for forced ones
	Reason   Reason
	// Closed is the end of Text that the model did not write: what the grammar needed, at the least, when MaxNewTokens were
	// reached in the middle of a value.
	Closed string
	Passes int // of the model, the prompt's included
	Err    error
}

// Generate continues one prompt.
func (g *Generator) Generate(ctx context.Context, r Request) (Result, error) {
	results, err := g.GenerateAll(ctx, []Request{r}, nil)
	if err != nil {
		return Result{}, err
	}
	return results[0], results[0].Err
}

// GenerateAll continues prompts, each as if it were alone, and returns the results in their order. each, unless nil, is told
// of a result as soon as it is there, in the order in which sequences end. A prompt that cannot be continued fails alone, in
// its result; the error is of ctx or of the library.
func (g *Generator) GenerateAll(ctx context.Context, requests []Request, each func(i int, r Result)) ([]Result, error) {
	g.turn.Lock()
	defer g.turn.Unlock()
	b := &batch{g: g, results: make([]Result, len(requests)), each: each}
	for i, r := range requests {
		if err := g.check(r); err != nil {
			b.end(i, Result{Reason: Failed, Err: err})
			continue
		}
		if s := newSequence(g, i, r); s.ended {
			b.end(i, s.last)
		} else {
			b.waiting = append(b.waiting, s)
		}
	}
	err := torch.Run(func() (err error) {
		torch.NoGrad(func() { err = b.run(ctx) })
		return err
	})
	return b.results, err
}

func (g *Generator) check(r Request) error {
	if err := r.Options.validate(); err != nil {
		return err
	}
	if err := (llama.Rows{IDs: r.Prompt}).Validate(g.Model.Config); err != nil {
		return err
	}
	if len(r.StopStrings) > 0 && g.Tokenizer == nil {
		return errors.New("generate: stop strings need a tokenizer")
	}
	if n, limit := len(r.Prompt)+r.MaxNewTokens, g.Model.Config.MaxPositions; n > limit {
		return fmt.Errorf("generate: the prompt has %d tokens and %d more may follow, the model has %d positions", len(r.Prompt), r.MaxNewTokens, limit)
	}
	if need := g.Model.CacheBytes(len(r.Prompt) + r.MaxNewTokens); need > g.cacheBytes() {
		return fmt.Errorf("generate: a prompt of %d tokens and %d new ones needs %d MB of keys and values, the budget is %d MB",
			len(r.Prompt), r.MaxNewTokens, need>>20, g.cacheBytes()>>20)
	}
	return nil
}

func (g *Generator) cacheBytes() int64 {
	if g.CacheBytes > 0 {
		return g.CacheBytes
	}
	return 2 << 30
}

// alone says that a token's angles depend on the longest sequence of its pass: then sequences go one by one, without a kept
// prefix and without guesses, as they would in transformers.
func (g *Generator) alone() bool { return g.Model.Config.Rope.Type == "dynamic" }

func (g *Generator) maxBatch() int {
	if g.alone() {
		return 1
	}
	if g.MaxBatch > 0 {
		return g.MaxBatch
	}
	return 16
}

// batch is the sequences of one call.
type batch struct {
	g       *Generator
	waiting []*sequence
	active  []*sequence
	bytes   int64 // of the caches of the active ones
	results []Result
	each    func(int, Result)
}

func (b *batch) end(i int, r Result) {
	b.results[i] = r
	if b.each != nil {
		b.each(i, r)
	}
}

func (b *batch) run(ctx context.Context) error {
	defer func() {
		for _, s := range b.active {
			s.cache.Free()
		}
	}()
	for len(b.waiting)+len(b.active) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.admit()
		b.step()
		b.active = slices.DeleteFunc(b.active, func(s *sequence) bool {
			if s.ended {
				b.bytes -= b.g.Model.CacheBytes(s.capacity())
				s.cache.Free()
				b.end(s.number, s.last)
			}
			return s.ended
		})
	}
	return nil
}

// admit lets waiting sequences in while there is room for them.
func (b *batch) admit() {
	for len(b.waiting) > 0 && len(b.active) < b.g.maxBatch() {
		s := b.waiting[0]
		need := b.g.Model.CacheBytes(s.capacity())
		if len(b.active) > 0 && b.bytes+need > b.g.cacheBytes() {
			return
		}
		s.cache = b.g.Model.NewCache(nil, s.capacity())
		b.bytes += need
		b.active = append(b.active, s)
		b.waiting = b.waiting[1:]
	}
}
