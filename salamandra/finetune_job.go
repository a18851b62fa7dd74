package salamandra

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strings"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
	"github.com/ajolote-ai/ajolote/train"
)

// job turns the run into what the loop needs.
func (r *fineTuning) job() (train.Job, error) {
	c := r.config
	o := train.DefaultOptions()
	c.counts(&o, r.data.Train)
	o.OutputDir, o.MaxGradNorm, o.SkipBadSteps = c.OutputDir, c.MaxGradNorm, c.SkipBadSteps
	o.WatchdogThreshold, o.WatchdogPatience = c.WatchdogThreshold, c.WatchdogPatience
	o.SaveOnlyModel, o.SaveFirstStep, o.SaveBest = c.SaveOnlyModel, c.SaveFirstStep, c.SaveStrategy == "best"
	o.TensorBoard = c.TensorBoard
	if c.WandbProject != "" {
		keys, err := c.keys()
		if err != nil {
			return train.Job{}, err
		}
		o.WandB = &train.WandB{Project: c.WandbProject, Entity: c.WandbEntity, Name: c.WandbName, ID: c.WandbRunID, Config: keys}
	}
	o.SaveTotalLimit, o.EarlyStoppingPatience, o.LoadBest = c.SaveTotalLimit, c.EarlyStoppingPatience, c.LoadBest
	if o.Metric = c.MetricForBest; o.Metric == "loss" {
		o.Metric = "eval_loss"
	}
	o.GreaterIsBetter = c.MetricForBest == "strict" || c.MetricForBest == "relaxed"
	if c.GreaterIsBetter != nil {
		o.GreaterIsBetter = *c.GreaterIsBetter
	}
	o.Resume, o.Kept = c.resume(r.options), r.kept
	total := o.TotalSteps()
	perEpoch := o.StepsPerEpoch()
	var err error
	if o.SaveSteps, err = every(c.SaveStrategy, c.SaveSteps, c.SavesPerEpoch, total, perEpoch); err != nil {
		return train.Job{}, err
	}
	if o.EvalSteps, err = every(c.EvalStrategy, c.EvalSteps, c.EvalsPerEpoch, total, perEpoch); err != nil {
		return train.Job{}, err
	}
	if o.LoggingSteps, err = c.loggingSteps(total); err != nil {
		return train.Job{}, err
	}
	o.SaveNothing, o.EvalNever = c.SaveStrategy == "no" || c.SaveStrategy == "best", c.EvalStrategy == "no"
	o.EvalAtStart = c.EvalStrategy != "" || c.EvalSteps > 0 || c.EvalsPerEpoch > 0
	if o.Identity, err = r.identity(); err != nil {
		return train.Job{}, err
	}
	schedule, err := c.schedule(total)
	if err != nil {
		return train.Job{}, err
	}
	r.optimizer = r.newOptimizer()
	about, err := r.about()
	if err != nil {
		return train.Job{}, err
	}
	job := train.Job{
		Options: o, Optimizer: r.optimizer, About: about, Schedule: schedule, Step: r.step, Save: r.save, Restore: r.restore,
		ExampleID: func(i int) string { return r.data.Train[i].ID }, Events: r.options.Events,
	}
	if len(r.data.Validation) > 0 || r.queries != nil {
		job.Evaluate = r.evaluate
	}
	return job, nil
}

func (r *fineTuning) step(ctx context.Context, step int, examples []int) (train.StepResult, error) {
	clock := &r.model.Clock
	clock.Training, clock.Step = true, uint64(step)
	defer func() { clock.Training = false }()
	batch := make([]Tokenized, len(examples))
	for i, e := range examples {
		batch[i] = r.data.Train[e]
	}
	return r.stepper.Step(ctx, batch)
}

// evaluate measures the loss of the validation examples, the mean over all their labelled tokens, and how many of the test
// queries the model answers right as it is now.
func (r *fineTuning) evaluate(ctx context.Context, _ int) (metrics map[string]float64, err error) {
	metrics = map[string]float64{}
	if len(r.data.Validation) > 0 {
		if metrics["eval_loss"], err = r.validationLoss(ctx); err != nil {
			return nil, err
		}
	}
	if r.queries != nil {
		err = r.queries.measure(ctx, metrics)
	}
	return metrics, err
}

func (r *fineTuning) validationLoss(ctx context.Context) (loss float64, err error) {
	torch.NoGrad(func() {
		sum, labels := 0.0, 0
		size := max(1, r.config.EvalBatchSize, r.config.MicroBatchSize)
		for from := 0; from < len(r.data.Validation) && err == nil; from += size {
			var result train.StepResult
			result, err = r.stepper.Step(ctx, r.data.Validation[from:min(from+size, len(r.data.Validation))])
			sum += result.Loss * float64(result.Labels)
			labels += result.Labels
		}
		loss = sum / float64(labels)
	})
	return loss, err
}

// every turns the keys on when something happens into a number of steps; 0 is the end of every epoch.
func every(strategy string, steps float64, perEpoch, total, stepsPerEpoch int) (int, error) {
	switch {
	case strategy == "epoch":
		return 0, nil
	case perEpoch > 0:
		return max(1, stepsPerEpoch/perEpoch), nil
	}
	return stepsOf("the number of steps", steps, total)
}

// schedule is the course of the learning rate.
func (c *Config) schedule(total int) (optim.Schedule, error) {
	s := optim.ScheduleConfig{
		Kind: c.LRScheduler, LR: c.LearningRate, Steps: total, WarmupSteps: c.warmup(total),
		MinLRRate: c.CosineMinRatio, ConstantRatio: c.CosineConstantRatio, QuadraticWarmup: c.QuadraticWarmup,
	}
	for key, value := range c.LRSchedulerKwargs {
		number, ok := asFloat(value)
		if !ok {
			return nil, fmt.Errorf("salamandra: lr_scheduler_kwargs: %s is %v, which is no number", key, value)
		}
		switch key {
		case "num_cycles":
			s.Cycles = number
		case "power":
			s.Power = number
		case "lr_end":
			s.EndLR = &number
		case "min_lr":
			s.MinLR = number
		case "min_lr_rate":
			s.MinLRRate = number
		case "timescale":
			s.Timescale = int(number)
		default:
			return nil, fmt.Errorf("salamandra: lr_scheduler_kwargs: %q is not known: num_cycles, power, lr_end, min_lr, min_lr_rate or timescale", key)
		}
	}
	schedule, err := s.Build()
	if err != nil {
		return nil, fmt.Errorf("salamandra: learning rate: %w", err)
	}
	return schedule, nil
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// warmup counts the steps of rising rates as axolotl does: given, or a share rounded down, or 3 % of the steps and at most
// 100; a share of one step becomes two.
func (c *Config) warmup(total int) int {
	if c.WarmupSteps != nil {
		return *c.WarmupSteps
	}
	n := min(int(0.03*float64(total)), 100)
	if c.WarmupRatio != nil {
		n = int(math.Floor(*c.WarmupRatio * float64(total)))
	}
	if n == 1 {
		n = 2
	}
	return n
}

// trained yields the parameters that are trained.
func (r *fineTuning) trained() iter.Seq2[string, *torch.Tensor] {
	if r.adapter != nil {
		return r.adapter.Parameters()
	}
	return r.model.Parameters()
}

func (r *fineTuning) newOptimizer() optim.Optimizer {
	c := r.config
	o := optim.DefaultAdamW()
	o.Beta1, o.Beta2, o.Eps = c.AdamBeta1, c.AdamBeta2, c.AdamEpsilon
	for key, value := range c.OptimArgs {
		switch key {
		case "beta1":
			o.Beta1 = value
		case "beta2":
			o.Beta2 = value
		case "eps":
			o.Eps = value
		}
	}
	groups := optim.GroupsByDecay(r.trained(), c.WeightDecay)
	if c.LoraPlusRatio > 0 {
		groups = loraPlus(groups, c.LoraPlusRatio)
	}
	if c.Optimizer == "muon" {
		return muonAndAdamW(r.trained(), o, c.WeightDecay)
	}
	return optim.NewAdamW(o, groups...)
}

// muonAndAdamW gives the matrices of the hidden layers to Muon, the rest to AdamW.
func muonAndAdamW(parameters iter.Seq2[string, *torch.Tensor], o optim.AdamWOptions, decay float64) optim.Optimizer {
	part := func(hidden bool) iter.Seq2[string, *torch.Tensor] {
		return func(yield func(string, *torch.Tensor) bool) {
			for name, p := range parameters {
				matrix := p.Rank() == 2 && !strings.Contains(name, "embed_tokens") && !strings.Contains(name, "lm_head")
				if matrix == hidden && !yield(name, p) {
					return
				}
			}
		}
	}
	muon := optim.DefaultMuon()
	muon.MatchAdamW = true
	return optim.Several{
		optim.NewMuon(muon, optim.OneGroup(part(true), decay)),
		optim.NewAdamW(o, optim.GroupsByDecay(part(false), decay)...),
	}
}

// loraPlus makes B learn faster than A by the ratio. Source: Hayou et al., "LoRA+", 2024.
func loraPlus(groups []optim.Group, ratio float64) []optim.Group {
	var out []optim.Group
	for _, g := range groups {
		slow, fast := g, g
		slow.Names, slow.Tensors, fast.Names, fast.Tensors = nil, nil, nil, nil
		fast.Scale = ratio
		for i, name := range g.Names {
			to := &slow
			if strings.Contains(name, "lora_B") {
				to = &fast
			}
			to.Names, to.Tensors = append(to.Names, name), append(to.Tensors, g.Tensors[i])
		}
		for _, part := range []optim.Group{slow, fast} {
			if len(part.Names) > 0 {
				out = append(out, part)
			}
		}
	}
	return out
}
