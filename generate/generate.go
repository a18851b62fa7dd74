// Package generate continues token sequences with a causal language model: greedy or sampled, several at once, each leaving
// the batch when it ends and the next one entering.
package generate

import (
	"context"
	"errors"
	"fmt"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
)

// Generator continues prompts. It is safe for many goroutines: all their requests decode as one batch, see [Generator.GenerateAll].
type Generator struct {
	Model     *llama.Model
	Tokenizer *tokenizer.Tokenizer // decodes; needed for text, stop strings and streams
	// MaxBatch is how many sequences are decoded together; 0 for 32.
	MaxBatch int
	// CacheBytes limits the memory of the keys and values of all sequences at work; what does not fit waits. 0 for 2 GiB. The
	// kept prefix is not counted.
	CacheBytes int64

	queue  queue
	prefix *keptPrefix // of the goroutine that computes; nil for none
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
// its result; the error is that of ctx.
//
// The requests of all calls share one batch. A request enters before the next token when there is room in the batch and in
// the memory budget, calls taking turns, and leaves when it ends. Streams and each run on the caller's goroutine, so a slow
// one holds nobody up. When ctx is done, the call's requests leave before the next token, and then it returns.
func (g *Generator) GenerateAll(ctx context.Context, requests []Request, each func(i int, r Result)) ([]Result, error) {
	results := make([]Result, len(requests))
	end := func(i int, r Result) {
		results[i] = r
		if each != nil {
			each(i, r)
		}
	}
	c := newCall(ctx)
	for i, r := range requests {
		if err := g.check(r); err != nil {
			end(i, Result{Reason: Failed, Err: err})
			continue
		}
		s := newSequence(g, c, i, r)
		if c.open++; s.ended {
			c.post(event{s, "", true})
		} else {
			c.waiting = append(c.waiting, s)
		}
	}
	g.enter(c)
	defer g.withdraw(c)
	for c.open > 0 {
		events, err := g.next(c)
		if err != nil {
			return results, err
		}
		for _, e := range events {
			switch {
			case e.last:
				if c.open--; e.s.refused != nil { // which may have come too late
					e.s.last.Reason, e.s.last.Err = Failed, e.s.refused
				}
				end(e.s.number, e.s.last)
			case e.s.refused == nil:
				if err := e.s.Stream(e.text); err != nil {
					g.refuse(e.s, err)
				}
			}
			if err := ctx.Err(); err != nil {
				return results, err
			}
		}
	}
	return results, nil
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

// alone says that a token's angles depend on the longest sequence of its pass: then sequences go one by one, whole, without a
// kept prefix and without guesses, as they would in transformers.
func (g *Generator) alone() bool { return g.Model.Config.Rope.Type == "dynamic" }

func (g *Generator) maxBatch() int {
	if g.alone() {
		return 1
	}
	if g.MaxBatch > 0 {
		return g.MaxBatch
	}
	return 32
}
