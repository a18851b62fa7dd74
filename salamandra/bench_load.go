package salamandra

import (
	"context"
	"os"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// LoadBench is what loading a checkpoint took.
type LoadBench struct {
	Workload      string  `json:"workload"`
	Seconds       float64 `json:"seconds"`        // reading and quantising
	SecondSeconds float64 `json:"second_seconds"` // the start after that, from the quantised copy
	PeakGiB       float64 `json:"peak_gib"`       // resident memory of the process
}

// BenchLoad measures loading a model into NF4, double-quantised: from its checkpoint, then from the copy that the first
// loading left in a temporary folder.
func BenchLoad(ctx context.Context, model string) (r LoadBench, err error) {
	r.Workload = "load"
	dir, err := os.MkdirTemp("", "ajolote-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	load := func(copies *llama.Copies) (float64, error) {
		started := time.Now()
		m, err := llama.Load(ctx, model, llama.LoadOptions{Load4Bit: true, DoubleQuant: true, Copies: copies})
		if err != nil {
			return 0, err
		}
		defer m.Free()
		return time.Since(started).Seconds(), nil
	}
	copies := &llama.Copies{Dir: dir, Least: 1}
	for _, run := range []struct {
		seconds *float64
		copies  *llama.Copies
	}{{&r.Seconds, nil}, {new(float64), copies}, {&r.SecondSeconds, copies}} {
		if *run.seconds, err = load(run.copies); err != nil {
			return r, err
		}
		if run.copies == nil {
			if _, peak, err := torch.Memory(); err == nil {
				r.PeakGiB = float64(peak) / (1 << 30)
			}
		}
	}
	return r, nil
}
