package bench

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
)

// LoadOptions say what [Load] measures.
type LoadOptions struct {
	Model              string // folder
	QuantizeEmbeddings bool   // embedding and head in NF4 too
	Cold               bool   // drop the files from the system's cache before each loading
}

// LoadResult is what loading a checkpoint took. Memory is that of the whole process, libtorch included.
type LoadResult struct {
	Workload     string  `json:"workload"`
	FileGB       float64 `json:"file_gb"`
	ModelGB      float64 `json:"model_gb"`          // of the loaded weights
	Seconds      float64 `json:"seconds"`           // reading and quantising
	GBPerS       float64 `json:"file_gb_per_s"`     // of the file
	PeakGiB      float64 `json:"peak_gib"`          // resident memory, in this loading
	OverGB       float64 `json:"peak_over_gb"`      // PeakGiB over the loaded weights
	WriteSeconds float64 `json:"copy_seconds"`      // a loading that leaves a copy of what it has quantised
	AgainSeconds float64 `json:"second_seconds"`    // the start after that, from the copy
	TokenSeconds float64 `json:"one_token_seconds"` // a forward pass of one token, the best of five
}

// Load measures loading a model into NF4, double-quantised: from its checkpoint; then again, leaving a copy in a temporary
// folder beside the checkpoint; then from that copy. Call it first in a process, or its peak is that of what came before.
func Load(ctx context.Context, o LoadOptions) (r LoadResult, err error) {
	r.Workload = "load"
	dir, err := os.MkdirTemp(filepath.Dir(filepath.Clean(o.Model)), "ajolote-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	load := func(copies *llama.Copies, after func(m *llama.Model) error) (float64, error) {
		if o.Cold {
			for _, folder := range []string{o.Model, dir} {
				if err := dropCached(folder); err != nil {
					return 0, err
				}
			}
		}
		started := time.Now()
		m, err := llama.Load(ctx, o.Model, llama.LoadOptions{
			Load4Bit: true, DoubleQuant: true, QuantizeEmbeddings: o.QuantizeEmbeddings, Copies: copies,
		})
		if err != nil {
			return 0, err
		}
		defer m.Free()
		seconds := time.Since(started).Seconds()
		return seconds, after(m)
	}
	r.Seconds, err = load(nil, func(m *llama.Model) error {
		_, peak, err := torch.Memory()
		if err != nil {
			return err
		}
		bytes := 0
		for _, p := range m.Parameters() {
			bytes += p.Len() * p.DType().Size()
		}
		r.ModelGB, r.PeakGiB, r.OverGB = float64(bytes)/1e9, float64(peak)/(1<<30), float64(peak-int64(bytes))/1e9
		r.TokenSeconds, err = oneToken(m)
		return err
	})
	if err != nil {
		return r, err
	}
	files, err := filepath.Glob(filepath.Join(o.Model, "*.safetensors"))
	if err != nil {
		return r, err
	}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return r, err
		}
		r.FileGB += float64(info.Size()) / 1e9
	}
	r.GBPerS = r.FileGB / r.Seconds
	nothing := func(*llama.Model) error { return nil }
	copies := &llama.Copies{Dir: dir, Least: 1}
	if r.WriteSeconds, err = load(copies, nothing); err != nil {
		return r, err
	}
	r.AgainSeconds, err = load(copies, nothing)
	return r, err
}

// oneToken is the time of one token's pass through all layers and the head.
func oneToken(m *llama.Model) (float64, error) {
	best := time.Hour
	err := torch.Run(func() error {
		torch.NoGrad(func() {
			for range 5 {
				s := torch.NewScope("token")
				started := time.Now()
				m.Logits(m.Hidden(s, llama.Rows{IDs: []int32{1}}))
				best = min(best, time.Since(started))
				s.Close()
			}
		})
		return nil
	})
	return best.Seconds(), err
}
