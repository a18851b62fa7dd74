package salamandra

import (
	"context"
	"fmt"
	"strings"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/train"
)

// Rehearsal is what a fine-tuning would do.
type Rehearsal struct {
	Tokenizer *tokenizer.Tokenizer
	Data      *Data
	Model     llama.Config

	Steps, StepsPerEpoch int
	Tokens               int // of one epoch, as they stand in the examples
	Computed             int // of one epoch, as they go through the model: a shared prefix once a step
	Labels               int // of one epoch, that count in the loss
	Longest              int // tokens of the longest example
	BaseBytes            int64
}

// Rehearse checks the configuration, reads and tokenises the data, and counts; it trains nothing and loads no weights.
func Rehearse(ctx context.Context, c *Config) (*Rehearsal, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	base, err := c.fetchBase(ctx)
	if err != nil {
		return nil, err
	}
	r := &Rehearsal{}
	if r.Model, err = llama.ReadConfig(base.model); err != nil {
		return nil, err
	}
	if r.Tokenizer, err = tokenizer.Load(base.tokenizer); err != nil {
		return nil, err
	}
	if r.Data, err = c.LoadData(ctx, LoadOptions{Tokenizer: base.tokenizer}); err != nil {
		return nil, err
	}
	r.count(c)
	return r, nil
}

func (r *Rehearsal) count(c *Config) {
	o := train.Options{Examples: len(r.Data.Train), MicroBatch: c.MicroBatchSize, Accumulation: c.AccumulationSteps(),
		Epochs: c.NumEpochs, MaxSteps: c.MaxSteps, DropLast: c.DropLast, Seed: uint64(c.Seed), InOrder: c.CurriculumSampling}
	r.Steps, r.StepsPerEpoch = o.TotalSteps(), o.StepsPerEpoch()
	for step := range r.StepsPerEpoch {
		var batch []Tokenized
		for _, i := range o.StepExamples(step) {
			e := r.Data.Train[i]
			batch = append(batch, e)
			r.Tokens += len(e.IDs)
			r.Longest = max(r.Longest, len(e.IDs))
			for _, label := range e.Labels {
				if label != Ignore {
					r.Labels++
				}
			}
		}
		shared := 0
		if c.SharedPrefix {
			shared = sharedPrefix(batch)
		}
		r.Computed += shared
		for _, e := range batch {
			r.Computed += len(e.IDs) - shared
		}
	}
	bits := 32.0
	if c.LoadIn4Bit {
		bits = 4.127
	}
	ends := r.Model.VocabSize * r.Model.HiddenSize // embedding and head keep 16 bits
	if !r.Model.TieHead {
		ends *= 2
	}
	width := 2
	if !c.LoadIn4Bit {
		width = 4
	}
	r.BaseBytes = int64(float64(r.Model.Parameters()-ends)*bits/8) + int64(ends*width)
}

// String is a table for people.
func (r *Rehearsal) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-16s "+format+"\n", append([]any{name}, args...)...)
	}
	line("data", "%s", &r.Data.Report)
	line("steps", "%d in all, %d an epoch", r.Steps, r.StepsPerEpoch)
	line("tokens", "%d an epoch, %d of them trained; the longest example has %d", r.Tokens, r.Labels, r.Longest)
	line("shared prefix", "%d tokens go through the model: %.1f times fewer", r.Computed, float64(r.Tokens)/float64(max(1, r.Computed)))
	line("model", "%d layers, %.2f billion parameters", r.Model.Layers, float64(r.Model.Parameters())/1e9)
	line("memory", "%.2f GB for the base, and %.1f GB or memory_budget for a step", float64(r.BaseBytes)/1e9, float64(defaultMemory)/1e9)
	return b.String()
}
