package salamandra

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/tokenizer"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/train"
)

// Rehearsal is what a fine-tuning would do.
type Rehearsal struct {
	Tokenizer *tokenizer.Tokenizer
	Data      *Data
	Model     llama.Config

	Steps, StepsPerEpoch int
	Tokens               int        // of one epoch, as they stand in the examples
	Computed             int        // of one epoch, as they go through the model: a shared prefix once a step
	Labels               int        // of one epoch, that count in the loss
	Longest              int        // tokens of the longest example
	LargestStep          int        // most tokens that go through the model in a step
	LargestPrefix        int        // most tokens that the examples of a step share
	work                 llama.Work // of one epoch

	Trained      int   // parameters
	BaseBytes    int64 // of the base model in memory
	TrainedBytes int64 // of what is trained, its gradient and the optimizer, beyond the base
	StepBytes    int64 // of the insides of a step
	Time         time.Duration
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
	r.Model = base.shape
	if r.Tokenizer, err = tokenizer.Load(base.tokenizer); err != nil {
		return nil, err
	}
	if r.Data, err = c.LoadData(ctx, LoadOptions{Tokenizer: base.tokenizer}); err != nil {
		return nil, err
	}
	r.count(c)
	if c.Threads > 0 {
		if err := torch.SetThreads(c.Threads); err != nil {
			return nil, err
		}
	}
	return r, r.estimate(c, base)
}

func (r *Rehearsal) count(c *Config) {
	var o train.Options
	c.counts(&o, r.Data.Train)
	r.Steps, r.StepsPerEpoch = o.TotalSteps(), o.StepsPerEpoch()
	stepper := Stepper{SharePrefix: c.sharesPrefix()}
	for step := range r.StepsPerEpoch {
		var batch []Tokenized
		for _, i := range o.StepExamples(step) {
			e := r.Data.Train[i]
			batch = append(batch, e)
			r.Tokens += len(e.IDs)
			r.Longest = max(r.Longest, len(e.IDs))
		}
		shared := stepper.shared(batch)
		w := workBehind(batch, shared)
		r.LargestStep, r.LargestPrefix = max(r.LargestStep, w.Tokens), max(r.LargestPrefix, shared)
		r.work.Tokens, r.work.Pairs, r.work.Labels = r.work.Tokens+w.Tokens, r.work.Pairs+w.Pairs, r.work.Labels+w.Labels
	}
	r.Computed, r.Labels = r.work.Tokens, r.work.Labels
}

// String is a table for people.
func (r *Rehearsal) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s "+format+"\n", append([]any{name}, args...)...)
	}
	line("data", "%s", &r.Data.Report)
	line("steps", "%d in all, %d an epoch", r.Steps, r.StepsPerEpoch)
	line("tokens", "%d an epoch, %d of them trained; the longest example has %d", r.Tokens, r.Labels, r.Longest)
	line("shared prefix", "%d tokens go through the model: %.1f times fewer", r.Computed, float64(r.Tokens)/float64(max(1, r.Computed)))
	line("model", "%d layers, %.2f billion parameters, %.2f million trained", r.Model.Layers, float64(r.Model.Parameters())/1e9, float64(r.Trained)/1e6)
	line("memory", "about %s: base %s, training %s, a step at most %s", gigabytes(r.BaseBytes+r.TrainedBytes+r.StepBytes),
		gigabytes(r.BaseBytes), gigabytes(r.TrainedBytes), gigabytes(r.StepBytes))
	line("time", "about %s on this machine with nothing else to do, evaluation aside", r.Time.Round(max(time.Second/10, r.Time.Round(time.Minute)/60)))
	return b.String()
}
