package generate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
)

// BenchResult is how fast a model reads a prompt and writes, one sequence alone.
type BenchResult struct {
	Workload      string  `json:"workload"` // "decode"
	Prompt        int     `json:"prompt"`
	New           int     `json:"new"`
	Prefill       float64 `json:"prefill_tokens_per_s"`
	Decode        float64 `json:"decode_tokens_per_s"`
	BytesPerToken int64   `json:"bytes_per_token"` // weights that are read for a token, and keys and values in the middle of the run
	DecodeGB      float64 `json:"decode_gb_per_s"`
}

// Bench reads a prompt of random tokens and writes length tokens greedily behind it, and keeps the best of some repetitions.
func Bench(ctx context.Context, m *llama.Model, prompt, length, repeat int) (BenchResult, error) {
	b := BenchResult{Workload: "decode", Prompt: prompt, New: length}
	if prompt < 1 || length < 1 || repeat < 1 {
		return b, fmt.Errorf("generate: a benchmark of %d tokens behind %d, %d times: all must be positive", length, prompt, repeat)
	}
	random := rand.New(rand.NewPCG(1, 1))
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = int32(min(10+random.IntN(990), m.Config.VocabSize-1))
	}
	g := &Generator{Model: m}
	run := func(n int) (time.Duration, error) {
		started := time.Now()
		_, err := g.Generate(ctx, Request{Prompt: ids, Options: Options{MaxNewTokens: n}})
		return time.Since(started), err
	}
	if _, err := run(1); err != nil { // the first run finds memory and tables cold
		return b, err
	}
	for range repeat {
		first, err := run(1)
		if err != nil {
			return b, err
		}
		all, err := run(length + 1)
		if err != nil {
			return b, err
		}
		b.Prefill = max(b.Prefill, float64(prompt)/first.Seconds())
		b.Decode = max(b.Decode, float64(length)/(all-first).Seconds())
	}
	for name, t := range m.Parameters() {
		if name != "model.embed_tokens.weight" || m.Config.TieHead {
			b.BytesPerToken += int64(t.Len()) * int64(t.DType().Size())
		}
	}
	b.BytesPerToken += m.CacheBytes(prompt + length/2)
	b.DecodeGB = float64(b.BytesPerToken) * b.Decode / 1e9
	return b, nil
}
