// Package train is the one training loop: steps, schedule, evaluation, checkpoints, resume, events. It knows neither models
// nor data: what a step computes, what is saved and how it is evaluated come as functions of a [Job].
package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
	"github.com/ajolote-ai/ajolote/torch/optim"
)

// Job is one training run as the loop sees it.
type Job struct {
	Options
	Optimizer optim.Optimizer
	Schedule  func(step int) float64 // learning rate of step, counted from 0

	// Step adds the gradients of the examples, by their numbers, to the optimizer's parameters and says what it found. It
	// looks at ctx now and then, and returns its error when it is done; the step then has not been.
	Step func(ctx context.Context, step int, examples []int) (StepResult, error)
	// Save writes what the run makes (an adapter, a model) into dir; Restore reads it back into the same tensors.
	Save    func(dir string) error
	Restore func(dir string) error
	// Evaluate measures the model as it is after step; nil for no evaluation. It leaves model and gradients as they were.
	Evaluate func(ctx context.Context, step int) (map[string]float64, error)
	// ExampleID names an example in errors; nil for its number.
	ExampleID func(example int) string
	// Events is told what happens, one call at a time; nil for nobody.
	Events func(Event)
}

// StepResult is what a step found.
type StepResult struct {
	Loss   float64 // mean over the labelled tokens of the step
	Tokens int     // that went through the model
	Labels int     // that counted in the loss
}

// Result is what a run ends with.
type Result struct {
	Steps           int                // made in all, those before a resume included
	Loss            float64            // of the last step
	MeanLoss        float64            // over all steps that this call made
	Metrics         map[string]float64 // of the last evaluation
	BestStep        int                // with the best metric; 0 without evaluation
	BestMetric      float64
	StoppedEarly    bool // by early stopping
	ResumedFrom     string
	AlreadyFinished bool // the run was complete before; nothing was touched
}

// Run trains. When ctx is done, it writes a checkpoint of the last whole step and returns ctx's error.
//
// With the same job, a run that was killed at any moment and started again ends with the same bytes as one that was not:
// the order of the examples is a function of the seed, and everything else that a step depends on is in the checkpoint.
func Run(ctx context.Context, job Job) (result Result, err error) {
	if err := job.Options.Validate(); err != nil {
		return Result{}, err
	}
	if finished, err := job.finished(); err != nil || finished != nil {
		if finished != nil {
			return *finished, err
		}
		return Result{}, err
	}
	err = torch.Run(func() error {
		l := &loop{Job: job, plan: newPlan(job.Options), ctx: ctx}
		if err := l.start(); err != nil {
			return err
		}
		err := l.run()
		result = l.result()
		return errors.Join(err, l.close())
	})
	return result, err
}

// loop is a run under way.
type loop struct {
	Job
	ctx  context.Context
	plan plan
	state
	log       *stepLog
	lossSum   float64
	lossSteps int
	resumed   string
	saved     int // step of the newest checkpoint on disk; -1 for none
	saveFault error
	early     bool
}

func (l *loop) run() error {
	if l.Step0 == 0 && l.evaluates() && l.EvalAtStart {
		if err := l.evaluate(); err != nil {
			return err
		}
	}
	for l.Step0 < l.plan.steps && !l.early {
		if err := l.ctx.Err(); err != nil {
			return l.interrupted(err)
		}
		if err := l.step(); err != nil {
			if l.ctx.Err() != nil && errors.Is(err, l.ctx.Err()) {
				return l.interrupted(err)
			}
			return err
		}
		if err := l.afterStep(); err != nil {
			return err
		}
	}
	return l.finish()
}

// step makes one optimizer step.
func (l *loop) step() error {
	started := time.Now()
	n := l.Step0
	examples := l.plan.examples(n)
	parameters := l.Optimizer.Parameters()
	torch.ZeroGrad(parameters)
	r, err := l.Job.Step(l.ctx, n, examples)
	if err != nil {
		torch.ZeroGrad(parameters)
		return err
	}
	rate := l.Schedule(n)
	norm := torch.ClipGradNorm(parameters, l.MaxGradNorm)
	if isBad(r.Loss) || isBad(norm) {
		if err := l.bad(n, examples, r.Loss, norm); err != nil {
			return err
		}
	} else {
		l.Optimizer.Step(rate)
	}
	torch.ZeroGrad(parameters)
	l.Step0++
	l.TokensSeen += int64(r.Tokens)
	l.lossSum += r.Loss
	l.lossSteps++
	record := Record{
		Step: l.Step0, Epoch: l.plan.epoch(l.Step0), Loss: r.Loss, LearningRate: rate, GradNorm: norm, Tokens: r.Tokens,
		Labels: r.Labels, Seconds: time.Since(started).Seconds(),
	}
	l.LastLoss = r.Loss
	l.History = append(l.History, record.history())
	if err := l.log.write(record); err != nil {
		return err
	}
	l.event(Event{Kind: Stepped, Record: record})
	return nil
}

func isBad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// bad decides what a loss or gradient that is not finite does.
func (l *loop) bad(step int, examples []int, loss, norm float64) error {
	names := make([]string, len(examples))
	for i, e := range examples {
		names[i] = fmt.Sprint(e)
		if l.ExampleID != nil {
			names[i] = l.ExampleID(e)
		}
	}
	message := fmt.Sprintf("step %d: loss %v, gradient norm %v, with examples %v", step+1, loss, norm, names)
	if l.SkipBadSteps {
		l.BadSteps++
		l.warn(message + ": the step was skipped")
		return nil
	}
	last := "there is no checkpoint yet"
	if l.saved >= 0 {
		last = "the last good checkpoint is " + l.checkpointDir(l.saved)
	}
	return fmt.Errorf("train: %s; %s. Lower the learning rate, look at these examples, or set skip_bad_steps", message, last)
}

// afterStep evaluates and saves where the plan says so.
func (l *loop) afterStep() error {
	n := l.Step0
	if l.evaluates() && l.plan.due(n, l.EvalSteps) {
		if err := l.evaluate(); err != nil {
			return err
		}
	}
	if l.plan.due(n, l.SaveSteps) && !l.SaveNothing {
		l.checkpoint()
	}
	return nil
}

func (l *loop) evaluates() bool { return l.Evaluate != nil && !l.EvalNever }

func (l *loop) evaluate() error {
	metrics, err := l.Evaluate(l.ctx, l.Step0)
	if err != nil {
		if l.ctx.Err() != nil {
			return l.interrupted(err)
		}
		return fmt.Errorf("train: evaluation after step %d: %w", l.Step0, err)
	}
	l.Metrics = metrics
	l.History = append(l.History, evalHistory(l.Step0, l.plan.epoch(l.Step0), metrics))
	better, err := l.judge(metrics)
	if err != nil {
		return err
	}
	l.event(Event{Kind: Evaluated, Record: Record{Step: l.Step0, Epoch: l.plan.epoch(l.Step0)}, Metrics: metrics, Best: better})
	if l.EarlyStoppingPatience > 0 && l.SinceBest >= l.EarlyStoppingPatience {
		l.early = true
		l.warn(fmt.Sprintf("stopped early after step %d: %s has not improved in %d evaluations", l.Step0, l.Metric, l.SinceBest))
	}
	return nil
}

// judge compares the metric with the best one.
func (l *loop) judge(metrics map[string]float64) (better bool, err error) {
	value, ok := metrics[l.Metric]
	if !ok {
		if l.EarlyStoppingPatience > 0 || l.LoadBest {
			return false, fmt.Errorf("train: the evaluation gave no %q, which metric_for_best_model names; it gave %v", l.Metric, keys(metrics))
		}
		return false, nil
	}
	better = l.BestStep < 0 || l.GreaterIsBetter && value > l.BestMetric || !l.GreaterIsBetter && value < l.BestMetric
	if better {
		l.BestStep, l.BestMetric, l.SinceBest = l.Step0, value, 0
	} else {
		l.SinceBest++
	}
	return better, nil
}

// interrupted leaves a checkpoint of the last whole step behind.
func (l *loop) interrupted(cause error) error {
	if l.saved != l.Step0 && l.Step0 > 0 {
		l.checkpoint()
		if l.saveFault != nil {
			return errors.Join(cause, l.saveFault)
		}
	}
	return cause
}

// finish saves what the run has made.
func (l *loop) finish() error {
	if l.LoadBest && l.BestStep > 0 && l.BestStep != l.Step0 {
		dir := l.checkpointDir(l.BestStep)
		if err := l.Restore(dir); err != nil {
			return fmt.Errorf("train: the best model, %s: %w", dir, err)
		}
	}
	if err := l.Save(l.OutputDir); err != nil {
		return fmt.Errorf("train: saving the result: %w", err)
	}
	if err := l.writeFinished(); err != nil {
		return err
	}
	l.event(Event{Kind: Finished, Record: Record{Step: l.Step0}})
	return nil
}

func (l *loop) close() error {
	if l.log == nil {
		return nil
	}
	return l.log.close()
}

func (l *loop) result() Result {
	r := Result{Steps: l.Step0, Loss: l.LastLoss, Metrics: l.Metrics, BestMetric: l.BestMetric, StoppedEarly: l.early, ResumedFrom: l.resumed}
	if l.BestStep > 0 {
		r.BestStep = l.BestStep
	}
	if l.lossSteps > 0 {
		r.MeanLoss = l.lossSum / float64(l.lossSteps)
	}
	return r
}
