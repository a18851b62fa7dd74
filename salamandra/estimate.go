package salamandra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// reached is the share of the products' best rate that training steps get to: norms, the adapter, the optimizer and what is
// between the products take the rest. It is that of the steps in docs/performance.md.
const reached = 0.6

// residentBytes is what the program needs beside the model and a step: libtorch itself, and buffers of its threads.
const residentBytes = 300 << 20

// estimate fills in what the run would take: memory counted, time from the products that it makes and how fast this machine
// makes such a product.
func (r *Rehearsal) estimate(c *Config, b baseModel) (err error) {
	shape := r.Model
	r.BaseBytes, r.Trained = shape.WeightBytes(llama.LoadOptions{Load4Bit: c.LoadIn4Bit, DoubleQuant: true}), shape.Parameters()
	if c.Adapter != "" {
		if r.Trained, err = c.adapterParameters(b); err != nil {
			return err
		}
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
	perToken := shape.ActivationBytes(true, c.recomputes())
	atOnce := min(r.LargestStep, max(r.Longest, int(budget/perToken))+r.LargestPrefix)
	r.StepBytes = residentBytes + int64(atOnce)*perToken

	compute, _ := c.computeType()
	layers, others := shape.Operations(r.work, c.Adapter == "", c.recomputes())
	seconds := 0.0
	for _, part := range []struct {
		operations float64
		compute    torch.DType
	}{{layers, compute}, {others, torch.Float32}} {
		rate, err := productRate(c.LoadIn4Bit, part.compute)
		if err != nil {
			return err
		}
		seconds += part.operations / rate / reached
	}
	r.Time = time.Duration(seconds * float64(r.Steps) / float64(r.StepsPerEpoch) * float64(time.Second))
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

// productRate measures the machine: operations a second of a layer's product, through the kernels that training uses. What
// another program takes of the machine now says nothing about the hours to come, so it counts processor time, which the
// threads share evenly, and takes the best of many products: in others a thread spun while it waited for one that did not run.
func productRate(nf4 bool, compute torch.DType) (rate float64, err error) {
	about, err := torch.Describe()
	if err != nil {
		return 0, err
	}
	err = torch.Run(func() error {
		s := torch.NewScope("rate")
		defer s.Close()
		const n, tokens, least = 1024, 512, 10
		weight := torch.NewGenerator(1).Randn(s, torch.Float32CPU, n, n)
		var layer nn.Linear = &nn.Dense{Weight: weight, Compute: compute}
		if nf4 {
			w, err := qlora.Quantize("rate", weight, qlora.Options{DoubleQuant: true})
			if err != nil {
				return err
			}
			defer w.Free()
			layer = &qlora.Linear{Weight: w, Compute: compute}
		}
		x := torch.Ones(s, torch.Float32CPU, tokens, n)
		product := func() (time.Duration, error) {
			pass := s.Child("product")
			defer pass.Close()
			before, err := processorTime()
			if err != nil {
				return 0, err
			}
			torch.NoGrad(func() { layer.Forward(x.In(pass)) })
			after, err := processorTime()
			return (after - before) / time.Duration(about.Threads), err
		}
		began := time.Now()
		for i := 0; i < least || time.Since(began) < 300*time.Millisecond; i++ { // the first one also starts the library's threads
			took, err := product()
			if err != nil {
				return err
			}
			if took > 0 { // as it is where the clock is coarse
				rate = max(rate, 2*n*n*tokens/took.Seconds())
			}
		}
		if rate == 0 {
			return errors.New("salamandra: the clock of processor time is too coarse to measure products with")
		}
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
