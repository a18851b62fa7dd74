package salamandra

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
)

// estimate fills in what the run would take: memory counted, time from the products that it makes and how fast this machine
// makes such a product now.
func (r *Rehearsal) estimate(c *Config, b baseModel) error {
	shape := r.Model
	ends := shape.VocabSize * shape.HiddenSize // embedding and head keep the file's 16 bits under NF4
	if !shape.TieHead {
		ends *= 2
	}
	inside := shape.Parameters() - ends
	r.BaseBytes, r.Trained = 4*int64(inside+ends), inside+ends
	if c.LoadIn4Bit {
		const bytesPerWeight = 4.127 / 8 // NF4 with quantised scales
		r.BaseBytes = int64(bytesPerWeight*float64(inside)) + 2*int64(ends)
	}
	if c.Adapter != "" {
		trained, err := c.adapterParameters(b)
		if err != nil {
			return err
		}
		r.Trained = trained
	}
	r.TrainedBytes = 12 * int64(r.Trained) // gradient and AdamW's two moments
	if c.Adapter != "" {
		r.TrainedBytes += 4 * int64(r.Trained) // the adapter itself
	}
	budget, err := c.MemoryBudgetBytes()
	if err != nil {
		return err
	}
	if budget == 0 {
		budget = defaultMemory
	}
	r.StepBytes = min(budget, int64(max(r.Longest, r.LargestStep))*shape.ActivationBytes(true, c.recomputes()))

	// Two operations a weight and token forward, two for the input's gradient; two more for the weights' own where all of the
	// model is trained, or to compute the layers again.
	passes := 4.0
	if c.Adapter == "" {
		passes += 2
	}
	if c.recomputes() {
		passes += 2
	}
	perEpoch := passes*float64(inside)*float64(r.Computed) + 6*float64(shape.VocabSize*shape.HiddenSize)*float64(r.Labels)
	operations := perEpoch * float64(r.Steps) / float64(r.StepsPerEpoch)
	rate, err := productRate()
	if err != nil {
		return err
	}
	const reached = 0.7 // of that rate: attention, norms and the adapter come on top
	r.Time = time.Duration(operations / rate / reached * float64(time.Second))
	return nil
}

// adapterParameters counts what the adapter of the configuration trains.
func (c *Config) adapterParameters(b baseModel) (n int, err error) {
	if c.LoraModelDir != "" {
		return 0, nil // its own configuration decides; it is small beside the rest
	}
	ranks, err := c.loraConfig(b.shape).Ranks(slices.Collect(maps.Keys(b.shape.LinearShapes())))
	if err != nil {
		return 0, err
	}
	for name, shape := range b.shape.LinearShapes() {
		n += ranks[name] * (shape[0] + shape[1])
	}
	return n, nil
}

// productRate measures the machine: operations a second of a float32 product as large as those of a layer.
func productRate() (rate float64, err error) {
	err = torch.Run(func() error {
		s := torch.NewScope("rate")
		defer s.Close()
		const n = 768
		a, b := torch.Ones(s, torch.Float32CPU, n, n), torch.Ones(s, torch.Float32CPU, n, n)
		a.MatMul(b) // the library's first product also starts its threads
		const times = 8
		started := time.Now()
		for range times {
			a.MatMul(b)
		}
		rate = times * 2 * n * n * n / time.Since(started).Seconds()
		return nil
	})
	return rate, err
}

func gigabytes(n int64) string {
	if n < 1e8 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
