package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ajolote-ai/ajolote/torch"
)

// loop is a run under way.
type loop struct {
	Job
	ctx  context.Context
	plan plan
	state
	log       *stepLog
	board     *eventFile // TensorBoard's; nil for none
	lossSum   float64    // of the steps of this call
	lossSteps int
	started   time.Time
	resumed   string
	saved     int // step of the newest checkpoint that can be resumed; -1 for none
	saveFault error
	early     bool
}

func (l *loop) run() error {
	for {
		if err := l.afterStep(); err != nil {
			return l.stopped(err)
		}
		if l.Step0 >= l.plan.steps || l.early {
			return l.finish()
		}
		err := l.ctx.Err()
		if err == nil {
			err = l.step()
		}
		if err != nil {
			return l.stopped(err)
		}
	}
}

// step makes one optimizer step.
func (l *loop) step() error {
	started := time.Now()
	n := l.Step0
	examples := l.plan.examples(n)
	parameters := l.Optimizer.Parameters()
	torch.ZeroGrad(parameters)
	defer torch.ZeroGrad(parameters)
	r, err := l.Job.Step(l.ctx, n, examples)
	if err != nil {
		return fmt.Errorf("train: step %d: %w", n+1, err)
	}
	rate := l.Schedule(n)
	norm := torch.ClipGradNorm(parameters, l.MaxGradNorm)
	if isBad(r.Loss) || isBad(norm) {
		if err := l.bad(n, examples, r.Loss, norm); err != nil {
			return err
		}
	} else {
		l.Optimizer.Step(rate)
		l.LastLoss = r.Loss
		l.lossSum += r.Loss
		l.lossSteps++
	}
	l.Step0++
	l.TokensSeen += int64(r.Tokens)
	record := Record{
		Step: l.Step0, Epoch: l.plan.epoch(l.Step0), Loss: r.Loss, LearningRate: rate, GradNorm: norm, Tokens: r.Tokens,
		Labels: r.Labels, Seconds: time.Since(started).Seconds(),
	}
	l.record(record)
	return l.watch(examples, r.Loss)
}

// record keeps what a step was: in the log, in trainer_state.json, in TensorBoard's file.
func (l *loop) record(r Record) {
	if err := l.log.write(r); err != nil {
		l.warn(err.Error() + "; training goes on, the lines are written later")
	}
	if !isBad(r.Loss) {
		l.Unlogged.Loss += r.Loss
		l.Unlogged.Steps++
	}
	if r.Step%l.LoggingSteps == 0 {
		row := r
		if l.Unlogged.Steps > 0 {
			row.Loss = l.Unlogged.Loss / float64(l.Unlogged.Steps)
		}
		l.Unlogged = unlogged{}
		l.History = append(l.History, row.history())
		l.scalars(r.Step, map[string]float64{"train/loss": row.Loss, "train/grad_norm": row.GradNorm,
			"train/learning_rate": row.LearningRate, "train/epoch": row.Epoch})
	}
	l.event(Event{Kind: Stepped, Record: r})
}

func isBad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// bad decides what a loss or gradient that is not finite does.
func (l *loop) bad(step int, examples []int, loss, norm float64) error {
	message := fmt.Sprintf("step %d: loss %v, gradient norm %v, with examples %v", step+1, loss, norm, l.names(examples))
	if l.SkipBadSteps {
		l.BadSteps++
		l.warn(message + ": the step was skipped")
		return nil
	}
	return fmt.Errorf("train: %s; %s. Lower the learning rate, look at these examples, or set skip_bad_steps", message, l.lastGood())
}

// watch stops a run whose loss stays above a threshold.
func (l *loop) watch(examples []int, loss float64) error {
	if l.WatchdogThreshold == 0 || !(loss > l.WatchdogThreshold) {
		l.HighLosses = 0
		return nil
	}
	if l.HighLosses++; l.HighLosses < l.WatchdogPatience {
		return nil
	}
	return fmt.Errorf("train: step %d: the loss has been above %v for %d steps, and is %v with examples %v; %s",
		l.Step0, l.WatchdogThreshold, l.HighLosses, loss, l.names(examples), l.lastGood())
}

func (l *loop) names(examples []int) []string {
	names := make([]string, len(examples))
	for i, e := range examples {
		names[i] = fmt.Sprint(e)
		if l.ExampleID != nil {
			names[i] = l.ExampleID(e)
		}
	}
	return names
}

func (l *loop) lastGood() string {
	if l.saved < 0 {
		return "there is no checkpoint yet"
	}
	return "the last good checkpoint is " + l.checkpointDir(l.saved)
}

// afterStep evaluates and saves where the plan says so. A step that a resumed run has evaluated already is left alone.
func (l *loop) afterStep() error {
	n := l.Step0
	best := false
	if l.evaluates() && n > l.Evaluated && (n == 0 && l.EvalAtStart || n > 0 && l.plan.due(n, l.EvalSteps)) {
		var err error
		if best, err = l.evaluate(); err != nil {
			return err
		}
	}
	due := n > 0 && !l.SaveNothing && l.plan.due(n, l.SaveSteps)
	if due || n == 1 && l.SaveFirstStep || best && (l.LoadBest || l.SaveBest) {
		l.checkpoint(!l.SaveOnlyModel)
	}
	return nil
}

// stopped leaves a checkpoint of the last whole step behind when it is ctx that ends the run.
func (l *loop) stopped(cause error) error {
	if l.ctx.Err() == nil || !errors.Is(cause, l.ctx.Err()) || l.Step0 == 0 {
		return cause
	}
	l.checkpoint(true)
	l.writeWandB(false)
	return errors.Join(cause, l.saveFault)
}

// finish saves what the run has made.
func (l *loop) finish() error {
	if l.LoadBest && l.BestStep > 0 && l.BestStep != l.Step0 {
		dir := l.checkpointDir(l.BestStep)
		if err := l.Restore(dir); err != nil {
			return fmt.Errorf("train: the best model, %s: %w", dir, err)
		}
	}
	if err := l.log.flush(); err != nil {
		return err
	}
	if err := l.Save(l.OutputDir); err != nil {
		return fmt.Errorf("train: saving the result: %w", err)
	}
	l.writeWandB(true)
	if err := l.writeFinished(); err != nil {
		return err
	}
	l.event(Event{Kind: Finished, Record: Record{Step: l.Step0}})
	return nil
}

func (l *loop) close() error {
	return errors.Join(l.log.close(), l.board.close())
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
