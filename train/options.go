package train

import (
	"errors"
	"fmt"
)

// Options are the settings of the loop. See [DefaultOptions].
type Options struct {
	OutputDir string

	Examples     int     // how many there are; with Packs, how many packs
	Packs        [][]int // when not nil, what stands for each example of the plan: the examples that are packed into one sequence
	MicroBatch   int     // examples of a micro-batch
	Accumulation int     // micro-batches of a step
	Epochs       float64 // passes over the examples
	MaxSteps     int     // when positive, it decides instead of Epochs
	DropLast     bool    // leave out the examples of an epoch that do not fill a micro-batch
	Seed         uint64  // of the order of the examples
	InOrder      bool    // take the examples in their own order in every epoch (curriculum_sampling)

	// Batches, when not nil, puts the examples of an epoch, in the order that the seed gives them, into the batches of its steps. Those beyond
	// the steps of an epoch (see [Options.StepsPerEpoch], of which there are at least so many) are left out of it. Accumulation is then 1.
	// It is a function of its argument alone.
	Batches func(order []int) [][]int

	MaxGradNorm  float64 // gradients are scaled down to this norm; 0 for no clipping
	SkipBadSteps bool    // go on after a loss or gradient that is not finite, without the step

	// A loss above WatchdogThreshold in WatchdogPatience steps in a row stops the run with an error; 0 for no watch.
	WatchdogThreshold float64
	WatchdogPatience  int

	SaveSteps      int  // a checkpoint every so many steps; 0 for one at the end of each epoch
	SaveFirstStep  bool // one after the first step too
	SaveBest       bool // one after every evaluation that is the best so far (LoadBest means it too)
	SaveNothing    bool // no others, but one on interruption
	SaveOnlyModel  bool // checkpoints without optimizer and state, which cannot be resumed; that of an interruption has them
	SaveTotalLimit int  // checkpoints kept; the best one and the newest are never deleted; 0 for all

	EvalSteps             int    // an evaluation every so many steps; 0 for one at the end of each epoch
	EvalNever             bool   // no evaluation
	EvalAtStart           bool   // one before the first step too, which never counts as the best
	EarlyStoppingPatience int    // stop after so many evaluations without a better metric; 0 for never
	LoadBest              bool   // end with the parameters of the best checkpoint
	Metric                string // of the evaluation, that decides which is the best
	GreaterIsBetter       bool   // of Metric, which otherwise is best where it is smallest

	LoggingSteps int  // steps of a row of log_history and of TensorBoard; the log has a line a step whatever it says
	TensorBoard  bool // write event files into OutputDir/runs

	WandB *WandB // nil for no offline run

	// Resume is "auto" (the newest complete checkpoint of OutputDir, if it was made by this run), "none" (begin anew, and
	// delete the checkpoints that there are), or the path of a checkpoint.
	Resume string
	// Identity says what decides the run's numbers: hashes of configuration, data and base model, by name. A checkpoint with
	// another identity is not resumed.
	Identity map[string]string
	// Kept is stored in checkpoints for the caller: see [KeptOf]. On resume, values that are not the same are told as a warning.
	Kept map[string]string
}

// DefaultOptions are the defaults of Hugging Face's Trainer where it has them.
func DefaultOptions() Options {
	return Options{
		MicroBatch: 1, Accumulation: 1, Epochs: 1, Seed: 42, MaxGradNorm: 1, WatchdogPatience: 3, Metric: "eval_loss", LoggingSteps: 1, Resume: "auto",
	}
}

// Validate reports every fault.
func (o Options) Validate() error {
	var faults []error
	positive := func(name string, n int) {
		if n <= 0 {
			faults = append(faults, fmt.Errorf("%s is %d: it must be positive", name, n))
		}
	}
	if o.OutputDir == "" {
		faults = append(faults, errors.New("the output directory is missing"))
	}
	positive("the number of examples", o.Examples)
	positive("the micro-batch", o.MicroBatch)
	positive("the accumulation", o.Accumulation)
	positive("the number of logging steps", o.LoggingSteps)
	if o.Batches != nil && o.Accumulation != 1 {
		faults = append(faults, fmt.Errorf("the accumulation is %d: batches that are put together by a function are whole steps, so it must be 1", o.Accumulation))
	}
	if o.Packs != nil && len(o.Packs) != o.Examples {
		faults = append(faults, fmt.Errorf("there are %d packs, and %d are counted", len(o.Packs), o.Examples))
	}
	if o.WatchdogThreshold > 0 {
		positive("the watchdog's patience", o.WatchdogPatience)
	}
	if o.MaxSteps <= 0 && !(o.Epochs > 0) {
		faults = append(faults, fmt.Errorf("the number of epochs is %v: it must be positive", o.Epochs))
	}
	if o.DropLast && o.Examples < o.MicroBatch {
		faults = append(faults, fmt.Errorf("%d examples do not fill one micro-batch of %d", o.Examples, o.MicroBatch))
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"save steps", o.SaveSteps}, {"eval steps", o.EvalSteps}, {"the save limit", o.SaveTotalLimit}, {"the patience", o.EarlyStoppingPatience}} {
		if n.value < 0 {
			faults = append(faults, fmt.Errorf("%s is %d: it must not be negative", n.name, n.value))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("train: %w", errors.Join(faults...))
	}
	return nil
}
