package optim

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Schedule gives the learning rate of a step, counted from 0.
type Schedule func(step int) float64

// ScheduleConfig names a schedule and its details. The zero value of a detail is the reference's default. Sources: the kinds up
// to warmup_stable_decay are transformers.get_scheduler's; one_cycle is torch's OneCycleLR as axolotl sets it up, rex is
// axolotl's RexLR (Chen et al., "REX: Revisiting Budgeted Training with an Improved Schedule", 2021), and ConstantRatio and
// QuadraticWarmup are axolotl's variants of cosine.
type ScheduleConfig struct {
	Kind        string  // one of [ScheduleKinds]
	LR          float64 // the highest rate
	Steps       int     // of the whole training; constant kinds and inverse_sqrt do not look at it
	WarmupSteps int

	Cycles    float64  // cosine kinds: waves, 0.5; cosine_with_restarts: restarts, 1
	Power     float64  // polynomial: 1
	EndLR     *float64 // polynomial: 1e-7
	Timescale int      // inverse_sqrt: WarmupSteps, else 10,000

	// MinLR or, as a part of LR, MinLRRate is the lowest rate of cosine_with_min_lr and cosine_warmup_with_min_lr (one of the two
	// is needed), of cosine, of warmup_stable_decay (before and after) and of rex.
	MinLR, MinLRRate float64
	WarmupLRRate     float64 // cosine_warmup_with_min_lr: the first rate, as a part of LR; 0 is 1/WarmupSteps

	StableSteps, DecaySteps int    // warmup_stable_decay; StableSteps 0 is what the others leave of Steps
	WarmupType              string // warmup_stable_decay: linear (default), cosine or 1-sqrt
	DecayType               string // warmup_stable_decay: cosine (default), linear or 1-sqrt

	ConstantRatio   float64 // cosine: the part of Steps at which MinLR is reached, and held from there
	QuadraticWarmup bool    // cosine: warm up with the square of the progress

	PctStart       float64 // one_cycle: the part of Steps that rises; WarmupSteps/Steps
	DivFactor      float64 // one_cycle: LR over the first rate, 25
	FinalDivFactor float64 // one_cycle: the first rate over the last, 10,000
	LinearAnneal   bool    // one_cycle: straight lines instead of cosines
}

// ScheduleKinds are the names of the schedules.
var ScheduleKinds = []string{
	"linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup", "inverse_sqrt",
	"cosine_with_min_lr", "cosine_warmup_with_min_lr", "warmup_stable_decay", "one_cycle", "rex",
}

// Validate reports every fault at once.
func (c ScheduleConfig) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !slices.Contains(ScheduleKinds, c.Kind) {
		fault("Kind is %q, want one of %q", c.Kind, ScheduleKinds)
	}
	if !(c.LR > 0) {
		fault("LR is %g, want a number above 0", c.LR)
	}
	if c.WarmupSteps < 0 {
		fault("WarmupSteps is %d, want 0 or more", c.WarmupSteps)
	}
	if c.Steps <= 0 && !slices.Contains([]string{"constant", "constant_with_warmup", "inverse_sqrt"}, c.Kind) {
		fault("Steps is %d, want the number of steps of the training", c.Steps)
	}
	switch c.Kind {
	case "polynomial":
		if end := c.endLR(); !(c.LR > end) {
			fault("EndLR is %g, want less than LR, %g", end, c.LR)
		}
		if c.Steps == c.WarmupSteps {
			fault("WarmupSteps is %d, want less than Steps", c.WarmupSteps)
		}
	case "cosine_with_min_lr", "cosine_warmup_with_min_lr":
		if (c.MinLR == 0) == (c.MinLRRate == 0) {
			fault("%s needs MinLR or MinLRRate, one of them", c.Kind)
		}
	case "warmup_stable_decay":
		if c.DecaySteps <= 0 {
			fault("DecaySteps is %d, want 1 or more", c.DecaySteps)
		}
		if !slices.Contains([]string{"", "linear", "cosine", "1-sqrt"}, c.WarmupType) {
			fault("WarmupType is %q, want linear, cosine or 1-sqrt", c.WarmupType)
		}
		if !slices.Contains([]string{"", "linear", "cosine", "1-sqrt"}, c.DecayType) {
			fault("DecayType is %q, want linear, cosine or 1-sqrt", c.DecayType)
		}
	case "one_cycle":
		if rise := c.rise() + 1; rise == 1 || rise == float64(c.Steps) {
			fault("one_cycle cannot rise for %g of %d steps: torch's formula divides by zero", rise, c.Steps)
		}
		if c.PctStart < 0 || c.PctStart > 1 {
			fault("PctStart is %g, want a part between 0 and 1", c.PctStart)
		}
	case "rex":
		if c.WarmupSteps > c.Steps {
			fault("WarmupSteps is %d, want at most Steps, %d", c.WarmupSteps, c.Steps)
		}
	}
	if c.minRate() > 1 {
		fault("the lowest rate is %g times LR, want at most 1", c.minRate())
	}
	return errors.Join(faults...)
}

// Build makes the schedule, or returns what [ScheduleConfig.Validate] says.
func (c ScheduleConfig) Build() (Schedule, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("learning-rate schedule: %w", err)
	}
	factors := map[string]func(step float64) float64{
		"linear":                    c.linear,
		"cosine":                    c.cosine,
		"cosine_with_restarts":      c.cosineWithRestarts,
		"polynomial":                c.polynomial,
		"constant":                  func(float64) float64 { return 1 },
		"constant_with_warmup":      c.constantWithWarmup,
		"inverse_sqrt":              c.inverseSqrt,
		"cosine_with_min_lr":        c.cosineWithMinLR,
		"cosine_warmup_with_min_lr": c.cosineWarmupWithMinLR,
		"warmup_stable_decay":       c.warmupStableDecay,
		"rex":                       c.rex,
	}
	if c.Kind == "one_cycle" {
		return c.oneCycle, nil
	}
	factor := factors[c.Kind]
	return func(step int) float64 { return c.LR * factor(float64(step)) }, nil
}

// minRate is the lowest rate as a part of LR.
func (c ScheduleConfig) minRate() float64 {
	if c.MinLR != 0 {
		return c.MinLR / c.LR
	}
	return c.MinLRRate
}

func (c ScheduleConfig) endLR() float64 {
	if c.EndLR == nil {
		return 1e-7
	}
	return *c.EndLR
}

// warming returns step/WarmupSteps while that is below 1.
func (c ScheduleConfig) warming(step float64) (factor float64, ok bool) {
	if step < float64(c.WarmupSteps) {
		return step / float64(max(1, c.WarmupSteps)), true
	}
	return 0, false
}

// progress is the part of the steps after the warmup that is done.
func (c ScheduleConfig) progress(step float64) float64 {
	return (step - float64(c.WarmupSteps)) / float64(max(1, c.Steps-c.WarmupSteps))
}

func wave(cycles, progress float64) float64 { return 0.5 * (1 + math.Cos(math.Pi*cycles*2*progress)) }

func or(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}
