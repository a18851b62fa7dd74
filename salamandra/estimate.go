package salamandra

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/qlora"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
)

// work is what steps compute, whatever the model.
type work struct {
	tokens int // that go through the model: a shared prefix once a step
	pairs  int // of a token and one that it attends to, itself included
	labels int // that count in the loss
	steps  int
}

// of adds a step on a batch with the first shared tokens in common.
func (w *work) of(batch []Tokenized, shared int) {
	w.steps++
	w.tokens += shared
	w.pairs += shared * (shared + 1) / 2
	for _, e := range batch {
		own := max(0, len(e.IDs)-1-shared) // nothing is behind the last token
		w.tokens += own
		w.pairs += own*shared + own*(own+1)/2
		for _, label := range e.Labels[min(1, len(e.Labels)):] {
			if label != Ignore {
				w.labels++
			}
		}
	}
}

// operations counts those of the matrix products, forward and backward: of the layers, and of attention and head, which are
// computed in float32 whatever the type of the layers' products.
func (w work) operations(shape llama.Config, wholeModel, recompute bool) (layers, others float64) {
	inside := shape.Parameters() - shape.VocabSize*shape.HiddenSize
	if !shape.TieHead {
		inside -= shape.VocabSize * shape.HiddenSize
	}
	// Two operations a weight and token forward, two for the input's gradient; two more for the weights' own where all of the
	// model is trained, or to compute the layers again. Attention: four a pair and channel forward, ten backward. The head:
	// as the layers, and its scores are computed again on the way back instead of being kept.
	linear, attention, head := 4.0, 14.0, 6.0
	if wholeModel {
		linear, head = linear+2, head+2
	}
	if recompute {
		linear, attention = linear+2, attention+4
	}
	return linear * float64(inside) * float64(w.tokens),
		attention*float64(shape.Layers*shape.Heads*shape.HeadDim)*float64(w.pairs) + head*float64(shape.VocabSize*shape.HiddenSize)*float64(w.labels)
}

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
	layers, others := r.work.operations(shape, c.Adapter == "", c.recomputes())
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

// productRate measures the machine: operations a second of a layer's product, through the kernels that training uses, at its
// best: what another program takes of the machine now says nothing about the hours to come.
func productRate(nf4 bool, compute torch.DType) (rate float64, err error) {
	err = torch.Run(func() error {
		s := torch.NewScope("rate")
		defer s.Close()
		const n, tokens = 1024, 512
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
		torch.NoGrad(func() {
			x := torch.Ones(s, torch.Float32CPU, tokens, n)
			for began := time.Now(); time.Since(began) < 300*time.Millisecond; { // the first one also starts the library's threads
				started := time.Now()
				layer.Forward(x)
				rate = max(rate, 2*n*n*tokens/time.Since(started).Seconds())
			}
		})
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
