package salamandra

import (
	"context"
	"time"

	"github.com/ajolote-ai/ajolote/hub"
	"github.com/ajolote-ai/ajolote/internal/pyjson"
	"github.com/ajolote-ai/ajolote/lora"
	"github.com/ajolote-ai/ajolote/models/llama"
	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/nn"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/train"
)

// FineTuneOptions are what a program, not a configuration, decides. The zero value is fine.
type FineTuneOptions struct {
	// Events is told of every step, evaluation and checkpoint; nil for nobody.
	Events func(train.Event)
	// Notice is told what is understood otherwise than written, or has no effect; nil for nobody.
	Notice func(string)
	// Tokenising is told how many examples of a data set are tokenised, one call at a time; nil for nobody.
	Tokenising func(dataset string, done, total int)
	// Loading is told the bytes of the base model that are read; nil for nobody.
	Loading func(done, total int64)
	// Copies keeps what load_in_4bit quantises for the next start; nil to quantise each time.
	Copies *llama.Copies
	// Resume is "auto" (the default), "none" or the path of a checkpoint, as in [train.Options].
	Resume string
	// Data, when it is not nil, is trained on instead of what the configuration names.
	Data *Data
}

// FineTuneResult is what a fine-tuning ends with. The adapter, or the model, lies in OutputDir.
type FineTuneResult struct {
	train.Result
	OutputDir string
	Data      DataReport
	Seconds   float64
}

// FineTune trains as the configuration says, from loading the base model to the saved adapter. What [Config.Warnings] says
// is the caller's to show. Killed at any moment and called again, it goes on from its last checkpoint and ends with the same
// bytes. When ctx is done, it saves a checkpoint and returns ctx's error.
func FineTune(ctx context.Context, c *Config, o FineTuneOptions) (result FineTuneResult, err error) {
	started := time.Now()
	defer func() { result.Seconds = time.Since(started).Seconds() }()
	result.OutputDir = c.OutputDir
	if err := c.Validate(); err != nil {
		return result, err
	}
	now, kept, err := c.keep(o)
	if err != nil {
		return result, err
	}
	base, err := c.fetchBase(ctx)
	if err != nil {
		return result, err
	}
	data := o.Data
	if data == nil {
		if data, err = c.LoadData(ctx, LoadOptions{Tokenizer: base.tokenizer, Now: now, Progress: o.Tokenising}); err != nil {
			return result, err
		}
	}
	for _, n := range data.Notices {
		o.say(n)
	}
	result.Data = data.Report
	r := &fineTuning{config: c, options: o, data: data, base: base, kept: kept}
	defer r.free()
	if err := torch.Run(func() error { return r.load(ctx) }); err != nil {
		return result, err
	}
	job, err := r.job()
	if err != nil {
		return result, err
	}
	if result.Result, err = train.Run(ctx, job); err != nil {
		return result, err
	}
	return result, c.averageLast(ctx, o)
}

func (o FineTuneOptions) say(message string) {
	if o.Notice != nil {
		o.Notice(message)
	}
}

// baseModel is where the parts of the base lie, and the config.json that counts.
type baseModel struct {
	model, tokenizer string
	config           *pyjson.Object
	shape            llama.Config // what config says
}

func (c *Config) fetchBase(ctx context.Context) (b baseModel, err error) {
	if b.model, err = hub.Fetch(ctx, hub.Request{Name: c.BaseModel, Revision: c.Revision, Allow: hub.ModelFiles()}); err != nil {
		return b, err
	}
	b.tokenizer = b.model
	if c.TokenizerConfig != "" && c.TokenizerConfig != c.BaseModel {
		b.tokenizer, err = hub.Fetch(ctx, hub.Request{Name: c.TokenizerConfig, Ignore: []string{"*.safetensors"}})
	}
	if err == nil {
		b.config, b.shape, err = c.modelConfig(ctx, b.model)
	}
	return b, err
}

// fineTuning is a run of FineTune.
type fineTuning struct {
	config  *Config
	options FineTuneOptions
	base    baseModel
	data    *Data

	kept map[string]string // for the checkpoints

	startDir string // folder of the adapter to start from; "" for none

	model     *llama.Model
	adapter   *lora.Adapter // nil in full fine-tuning
	optimizer optim.Optimizer
	stepper   Stepper
	queries   *queryTest // for metric_for_best_model strict and relaxed; else nil
}

func (r *fineTuning) free() {
	if r.optimizer != nil {
		r.optimizer.Free()
	}
	if r.adapter != nil {
		r.adapter.Free()
	}
	if r.model != nil {
		r.model.Free()
	}
}

// load reads the base and makes what is trained.
func (r *fineTuning) load(ctx context.Context) (err error) {
	c := r.config
	compute, why := c.computeType()
	if why != "" {
		r.options.say(why)
	}
	o := llama.LoadOptions{Config: &r.base.shape, Load4Bit: c.LoadIn4Bit, DoubleQuant: c.BnB.DoubleQuant == nil || *c.BnB.DoubleQuant, QuantizeEmbeddings: c.QuantizeEmbeddings, Copies: r.options.Copies, Progress: r.options.Loading}
	g := torch.NewGenerator(uint64(c.Seed))
	if c.Init == "random" {
		r.model, err = llama.New(r.base.shape, g)
	} else {
		r.model, err = llama.Load(ctx, r.base.model, o)
	}
	if err != nil {
		return err
	}
	if compute == torch.BFloat16 {
		r.model.MultiplyIn(compute)
	}
	r.model.Clock, r.model.Noise = nn.Clock{Seed: uint64(c.Seed)}, c.NEFTuneAlpha
	if err := r.attach(ctx, g); err != nil {
		return err
	}
	if r.queries, err = r.openQueryTest(); err != nil {
		return err
	}
	r.stepper = Stepper{
		Trainer:     &llama.Trainer{Model: r.model, Recompute: c.recomputes(), FirstTrained: r.firstTrained()},
		SharePrefix: c.sharesPrefix(),
		MicroTokens: r.microTokens(),
	}
	return nil
}

func (r *fineTuning) attach(ctx context.Context, g *torch.Generator) error {
	c := r.config
	if c.LoraModelDir != "" {
		var err error
		if r.startDir, err = hub.Fetch(ctx, hub.Request{Name: c.LoraModelDir}); err != nil {
			return err
		}
		r.adapter, err = lora.Load(r.model, r.startDir, &r.model.Clock)
		return err
	}
	if c.Adapter == "" {
		for _, p := range r.model.Parameters() {
			p.SetRequiresGrad(true)
		}
		return nil
	}
	var err error
	r.adapter, err = lora.Attach(r.model, c.loraConfig(r.base.shape), &r.model.Clock, g)
	return err
}
