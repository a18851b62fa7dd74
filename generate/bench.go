package generate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// BenchResult is how fast a model reads a prompt and writes, one sequence alone.
type BenchResult struct {
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

// Bench reads a prompt of random tokens and writes length tokens greedily behind it, and reports the median of some
// repetitions.
func Bench(ctx context.Context, m *llama.Model, prompt, length, repeat int) (BenchResult, error) {
	b := BenchResult{Workload: "decode", Prompt: prompt, New: length}
	if prompt < 1 || length < 1 || repeat < 1 {
		return b, fmt.Errorf("generate: a benchmark of %d tokens behind %d, %d times: all must be positive", length, prompt, repeat)
	}
	about, err := torch.Describe()
	if err != nil {
		return b, err
	}
	b.KernelLevel, b.Threads = about.KernelLevel, about.Threads
	random := rand.New(rand.NewPCG(1, 1))
	ids := make([]int32, prompt)
	for i := range ids {
		ids[i] = int32(min(10+random.IntN(990), m.Config.VocabSize-1))
	}
	g := &Generator{Model: m}
	defer g.Close()
	run := func(n int) (float64, error) {
		started := time.Now()
		_, err := g.Generate(ctx, Request{Prompt: ids, Options: Options{MaxNewTokens: n}})
		return time.Since(started).Seconds(), err
	}
	if _, err := run(1); err != nil { // the first run finds memory and tables cold
		return b, err
	}
	var prefill, decode, memory []float64
	for range repeat {
		first, err := run(1)
		if err != nil {
			return b, err
		}
		all, err := run(length + 1)
		if err != nil {
			return b, err
		}
		speed, err := memorySpeed()
		if err != nil {
			return b, err
		}
		prefill, decode = append(prefill, float64(prompt)/first), append(decode, float64(length)/(all-first))
		memory = append(memory, speed)
	}
	b.Prefill, b.Decode, b.MemoryGB = median(prefill), median(decode), median(memory)
	b.BytesPerToken = m.BytesPerToken(prompt + length/2)
	b.DecodeGB = float64(b.BytesPerToken) * b.Decode / 1e9
	b.Share = b.DecodeGB / b.MemoryGB
	return b, nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// memorySpeed is how many GB/s a sum over 256 MB reads, the best of a few.
func memorySpeed() (gbs float64, err error) {
	const elements = 1 << 26
	return gbs, torch.Run(func() error {
		s := torch.NewScope("memory")
		defer s.Close()
		large := torch.Zeros(s, torch.Float32CPU, elements)
		shortest := math.Inf(1)
		for range 5 {
			started := time.Now()
			large.Sum()
			shortest = min(shortest, time.Since(started).Seconds())
		}
		gbs = 4 * elements / 1e9 / shortest
		return nil
	})
}
