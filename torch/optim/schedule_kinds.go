package optim

import "math"

// The factors of LR, one function a kind, in the order of operations of the references.

func (c ScheduleConfig) linear(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	return max(0, (float64(c.Steps)-step)/float64(max(1, c.Steps-c.WarmupSteps)))
}

func (c ScheduleConfig) cosine(step float64) float64 {
	if f, ok := c.warming(step); ok {
		if c.QuadraticWarmup {
			return f * f
		}
		return f
	}
	cycles, low := or(c.Cycles, 0.5), c.minRate()
	if c.ConstantRatio > 0 {
		last := math.Floor(float64(c.Steps) * c.ConstantRatio)
		progress := (min(step, last) - float64(c.WarmupSteps)) / max(1, last-float64(c.WarmupSteps))
		return max(0, (1-low)*wave(cycles, progress)) + low
	}
	return max(0, wave(cycles, c.progress(step))*(1-low)+low)
}

func (c ScheduleConfig) cosineWithRestarts(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	progress := c.progress(step)
	if progress >= 1 {
		return 0
	}
	return max(0, 0.5*(1+math.Cos(math.Pi*math.Mod(or(c.Cycles, 1)*progress, 1))))
}

func (c ScheduleConfig) polynomial(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	end := c.endLR()
	if step > float64(c.Steps) {
		return end / c.LR
	}
	left := 1 - (step-float64(c.WarmupSteps))/float64(c.Steps-c.WarmupSteps)
	return ((c.LR-end)*math.Pow(left, or(c.Power, 1)) + end) / c.LR
}

func (c ScheduleConfig) constantWithWarmup(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	return 1
}

func (c ScheduleConfig) inverseSqrt(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	timescale := or(float64(c.Timescale), or(float64(c.WarmupSteps), 10_000))
	return 1 / math.Sqrt((step+timescale-float64(c.WarmupSteps))/timescale)
}

func (c ScheduleConfig) cosineWithMinLR(step float64) float64 {
	if f, ok := c.warming(step); ok {
		return f
	}
	low := c.minRate()
	return max(0, wave(or(c.Cycles, 0.5), c.progress(step))*(1-low)+low)
}

// cosineWarmupWithMinLR warms up from a rate above zero and is one step ahead of the other cosines.
func (c ScheduleConfig) cosineWarmupWithMinLR(step float64) float64 {
	warmup, low := float64(c.WarmupSteps), c.minRate()
	if step < warmup {
		if c.WarmupLRRate == 0 {
			return (step + 1) / max(1, warmup)
		}
		return c.WarmupLRRate + (1-c.WarmupLRRate)*step/max(1, warmup-1)
	}
	progress := (step - warmup + 1) / max(1, float64(c.Steps)-warmup)
	return max(0, wave(or(c.Cycles, 0.5), progress)*(1-low)+low)
}

func (c ScheduleConfig) warmupStableDecay(step float64) float64 {
	warmup, stable, decay, low := float64(c.WarmupSteps), float64(c.StableSteps), float64(c.DecaySteps), c.minRate()
	if stable == 0 {
		stable = float64(c.Steps) - warmup - decay
	}
	switch {
	case step < warmup:
		progress := step / max(1, warmup)
		factor := progress
		switch c.WarmupType {
		case "cosine":
			factor = 0.5 * (1 - math.Cos(math.Pi*progress))
		case "1-sqrt":
			factor = 1 - math.Sqrt(1-progress)
		}
		return max(0, factor*(1-low)+low)
	case step < warmup+stable:
		return 1
	case step < warmup+stable+decay:
		progress := (step - warmup - stable) / max(1, decay)
		factor := wave(or(c.Cycles, 0.5), progress)
		switch c.DecayType {
		case "linear":
			factor = 1 - progress
		case "1-sqrt":
			factor = 1 - math.Sqrt(progress)
		}
		return max(0, factor*(1-low)+low)
	}
	return low
}

// rex counts steps from 1, as axolotl's RexLR does: its first step is never at a rate of 0.
func (c ScheduleConfig) rex(step float64) float64 {
	step++
	warmup, low := float64(c.WarmupSteps), c.minRate()
	if step <= warmup {
		return step / warmup
	}
	after, remaining := step-warmup, float64(c.Steps)-warmup
	if after >= remaining {
		return low
	}
	z := (remaining - after) / remaining
	return low + (1-low)*(z/(0.1+0.9*z))
}

// rise is the last step of one_cycle's rise, a fraction of a step, from -1 on.
func (c ScheduleConfig) rise() float64 {
	return or(c.PctStart, float64(c.WarmupSteps)/float64(c.Steps))*float64(c.Steps) - 1
}

func (c ScheduleConfig) oneCycle(step int) float64 {
	first := c.LR / or(c.DivFactor, 25)
	return c.cycle(step, first, c.LR, first/or(c.FinalDivFactor, 1e4))
}

// cycle goes from first to peak during the rise, then to last.
func (c ScheduleConfig) cycle(step int, first, peak, last float64) float64 {
	s, rise, end := float64(step), c.rise(), float64(c.Steps-1)
	if s <= rise {
		return c.anneal(first, peak, s/rise)
	}
	return c.anneal(peak, last, (s-rise)/(end-rise))
}

func (c ScheduleConfig) anneal(from, to, part float64) float64 {
	if c.LinearAnneal {
		return (to-from)*part + from
	}
	return to + (from-to)/2*(math.Cos(math.Pi*part)+1)
}

// Momentum is the schedule of Adam's Beta1 that goes with one_cycle (from 0.95 to 0.85 while the rate rises, and back); nil
// for the other kinds, which leave it alone.
func (c ScheduleConfig) Momentum() Schedule {
	if c.Kind != "one_cycle" {
		return nil
	}
	return func(step int) float64 { return c.cycle(step, 0.95, 0.85, 0.95) }
}
