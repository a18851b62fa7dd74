package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/generate"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// DecodeResult is how fast a model reads a prompt and writes, one sequence alone.
type DecodeResult struct {
	Workload string  `json:"workload"` // "decode"
	Prompt   int     `json:"prompt"`
	New      int     `json:"new"`
	Prefill  float64 `json:"prefill_tokens_per_s"`
	Decode   float64 `json:"decode_tokens_per_s"`
	// BytesPerToken are read for a token: the weights, and keys and values in the middle of the run.
	BytesPerToken int64   `json:"bytes_per_token"`
	DecodeGB      float64 `json:"decode_gb_per_s"`
	MemoryGB      float64 `json:"memory_gb_per_s"` // what a sum over more bytes than a cache holds reads, on as many threads
	// Share is DecodeGB over MemoryGB. It can exceed 1 where a model is so small that caches hold a part of it.
	Share       float64 `json:"share_of_memory"`
	KernelLevel string  `json:"kernel_level"`
	Threads     int     `json:"threads"`
}

// DecodeOptions say what [Decode] measures. All must be positive.
type DecodeOptions struct {
	Prompt int // tokens read
	New    int // tokens written behind them
	Repeat int // repetitions, of which the median counts
}

// Decode reads a prompt of random tokens and writes tokens greedily behind it.
func Decode(ctx context.Context, m *llama.Model, o DecodeOptions) (DecodeResult, error) {
	b := DecodeResult{Workload: "decode", Prompt: o.Prompt, New: o.New}
	if o.Prompt < 1 || o.New < 1 || o.Repeat < 1 {
		return b, fmt.Errorf("a benchmark of %d tokens behind %d, %d times: all must be positive", o.New, o.Prompt, o.Repeat)
	}
	about, err := torch.Describe()
	if err != nil {
		return b, err
	}
	b.KernelLevel, b.Threads = about.KernelLevel, about.Threads
	ids := randomIDs(rand.New(rand.NewPCG(1, 1)), o.Prompt, m.Config.VocabSize)
	reader, writer := &generate.Generator{Model: m}, &generate.Generator{Model: m}
	defer reader.Close()
	defer writer.Close()
	// Tokens are written behind a kept prompt, so that their time is no difference of two.
	if err := writer.KeepPrefix(ctx, ids); err != nil {
		return b, err
	}
	run := func(g *generate.Generator, prompt []int32, n int) (float64, error) {
		started := time.Now()
		_, err := g.Generate(ctx, generate.Request{Prompt: prompt, Options: generate.Options{MaxNewTokens: n}})
		return time.Since(started).Seconds(), err
	}
	behind := append(slices.Clone(ids), ids[0])
	if _, err := run(writer, behind, 1); err != nil { // the first run finds memory and tables cold
		return b, err
	}
	var prefill, decode, memory []float64
	for range o.Repeat {
		read, err := run(reader, ids, 1)
		if err != nil {
			return b, err
		}
		written, err := run(writer, behind, o.New)
		if err != nil {
			return b, err
		}
		speed, err := memorySpeed()
		if err != nil {
			return b, err
		}
		prefill, decode = append(prefill, float64(o.Prompt)/read), append(decode, float64(o.New)/written)
		memory = append(memory, speed)
	}
	b.Prefill, b.Decode, b.MemoryGB = median(prefill), median(decode), median(memory)
	b.BytesPerToken = m.BytesPerToken(o.Prompt + o.New/2)
	b.DecodeGB = float64(b.BytesPerToken) * b.Decode / 1e9
	b.Share = b.DecodeGB / b.MemoryGB
	return b, nil
}
