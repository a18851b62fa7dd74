package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
)

// QueriesOptions say what short questions behind one long prompt look like. All but MaxBatch must be positive.
type QueriesOptions struct {
	Prompt   int // tokens that all begin with
	New      int // tokens of an answer
	Count    int // questions, of 20 to 60 tokens
	MaxBatch int // answers written together; 0 for the generator's own limit
}

// QueriesResult is how fast questions are answered that come all at once.
type QueriesResult struct {
	Workload        string  `json:"workload"` // "queries"
	Prompt          int     `json:"prompt"`
	New             int     `json:"new"`
	Count           int     `json:"count"`
	SecondsPerQuery float64 `json:"seconds_per_query"`
	SecondsPer100   float64 `json:"seconds_per_100"`
	TokensPerS      float64 `json:"answer_tokens_per_s"`
	PromptS         float64 `json:"prompt_s"`      // to compute the prompt's keys and values, once
	FirstTokenS     float64 `json:"first_token_s"` // of a question alone behind the kept prompt
	OwnTokensS      float64 `json:"own_tokens_s"`  // the same question's tokens with no prompt before them
	AloneS          float64 `json:"alone_s"`       // a whole answer to a question alone
}

// Queries answers random questions behind a random prompt greedily, all of them one call.
func Queries(ctx context.Context, m *llama.Model, o QueriesOptions) (QueriesResult, error) {
	b := QueriesResult{Workload: "queries", Prompt: o.Prompt, New: o.New, Count: o.Count}
	if o.Prompt < 1 || o.New < 1 || o.Count < 1 {
		return b, fmt.Errorf("a benchmark of %d answers of %d tokens behind %d: all must be positive", o.Count, o.New, o.Prompt)
	}
	random := rand.New(rand.NewPCG(1, 1))
	text := func(n int) []int32 { return randomIDs(random, n, m.Config.VocabSize) }
	prompt := text(o.Prompt)
	requests := make([]generate.Request, o.Count)
	for i := range requests {
		requests[i] = generate.Request{Prompt: slices.Concat(prompt, text(20+random.IntN(41))), Options: generate.Options{MaxNewTokens: o.New}}
	}
	g := &generate.Generator{Model: m, MaxBatch: o.MaxBatch}
	defer g.Close()
	seconds := func(list []generate.Request) (float64, error) {
		started := time.Now()
		results, err := g.GenerateAll(ctx, list, nil)
		for _, r := range results {
			if err == nil {
				err = r.Err
			}
		}
		return time.Since(started).Seconds(), err
	}
	first := func(r generate.Request) (least float64, err error) {
		r.MaxNewTokens = 1
		for i := range 5 {
			s, err := seconds([]generate.Request{r})
			if err != nil {
				return 0, err
			}
			if i == 0 || s < least {
				least = s
			}
		}
		return least, nil
	}
	var err error
	own := requests[0]
	own.Prompt = own.Prompt[o.Prompt:]
	if b.OwnTokensS, err = first(own); err != nil {
		return b, err
	}
	started := time.Now()
	if err := g.KeepPrefix(ctx, prompt); err != nil {
		return b, err
	}
	b.PromptS = time.Since(started).Seconds()
	if b.FirstTokenS, err = first(requests[0]); err != nil {
		return b, err
	}
	if b.AloneS, err = seconds(requests[:1]); err != nil {
		return b, err
	}
	all, err := seconds(requests)
	if err != nil {
		return b, err
	}
	b.SecondsPerQuery = all / float64(o.Count)
	b.SecondsPer100, b.TokensPerS = 100*b.SecondsPerQuery, float64(o.New)/b.SecondsPerQuery
	return b, nil
}
