// Package train is the one training loop: steps, schedule, evaluation, checkpoints, resume, events. It knows neither models
// nor data: what a step computes, what is saved and how it is evaluated come as functions of a [Job].
//
// # What a run writes
//
// Into its output directory: checkpoint-N after step N, train_log.jsonl with a line a step, TensorBoard's event files in runs,
// trainer_state.json as transformers writes it, what Save writes, and at last run.json, by which a finished run is known.
//
// # Resuming
//
// With the same job, a run that was killed at any moment and started again ends with the same bytes as one that was not: the
// order of the examples is a function of the seed, and everything else that a step depends on is in the checkpoint.
package train

import (
	"context"
	"errors"

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
	// About goes into run.json as it is: what the caller knows of the run, such as its configuration and versions.
	About map[string]any
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
	BestMetric      float64            // of that step
	StoppedEarly    bool               // by early stopping
	ResumedFrom     string             // folder of the checkpoint that the run went on from; "" for a new run
	AlreadyFinished bool               // the run was complete before; nothing was touched
}

// Run trains. When ctx is done, it writes a checkpoint of the last whole step and returns ctx's error.
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
	err = torch.Run(func() (err error) {
		l := &loop{Job: job, plan: newPlan(job.Options), ctx: ctx}
		defer func() { err = errors.Join(err, l.close()) }()
		if err := l.start(); err != nil {
			return err
		}
		err = l.run()
		result = l.result()
		return err
	})
	return result, err
}
