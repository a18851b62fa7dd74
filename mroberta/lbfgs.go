package mroberta

import (
	"context"
	"fmt"
	"math"
)

// memory is how many steps L-BFGS remembers, as SciPy's does.
const memory = 10

// minimise brings x to the minimum of a smooth convex function by L-BFGS (Nocedal and Wright, "Numerical Optimization", 2006,
// algorithms 7.4 and 7.5) with steps that are halved until the value falls enough. value writes the gradient. It ends when no
// element of the gradient is larger than tolerance, or the value falls no more in float64.
func minimise(ctx context.Context, value func(x, gradient []float64) float64, x []float64, tolerance float64, iterations int) error {
	n := len(x)
	gradient, next, nextGradient, direction := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	var steps, changes [][]float64 // of x and of the gradient, the newest last
	now := value(x, gradient)
	for range iterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		if largest(gradient) <= tolerance {
			return nil
		}
		newton(direction, gradient, steps, changes)
		slope := inner(direction, gradient)
		length := 1.0
		if len(steps) == 0 {
			length = 1 / math.Max(1, math.Sqrt(inner(gradient, gradient)))
		}
		then := 0.0
		for ; ; length /= 2 {
			for i := range x {
				next[i] = x[i] + length*direction[i]
			}
			if then = value(next, nextGradient); then <= now+1e-4*length*slope {
				break
			}
			if length < 1e-20 {
				return nil // the value falls no more: this is the minimum, to rounding
			}
		}
		step, change := make([]float64, n), make([]float64, n)
		for i := range x {
			step[i], change[i] = next[i]-x[i], nextGradient[i]-gradient[i]
		}
		if inner(step, change) > 0 {
			steps, changes = append(steps, step), append(changes, change)
			if len(steps) > memory {
				steps, changes = steps[1:], changes[1:]
			}
		}
		copy(x, next)
		copy(gradient, nextGradient)
		now = then
	}
	return fmt.Errorf("mroberta: the weights have not settled after %d iterations: the largest element of the gradient is %g, %g is asked for; normalise the vectors, or lower C", iterations, largest(gradient), tolerance)
}

// newton puts the direction of the next step into d: against the gradient, bent by what the last steps have shown of the
// curvature.
func newton(d, gradient []float64, steps, changes [][]float64) {
	for i, g := range gradient {
		d[i] = -g
	}
	a := make([]float64, len(steps))
	for k := len(steps) - 1; k >= 0; k-- {
		a[k] = inner(steps[k], d) / inner(steps[k], changes[k])
		add(d, changes[k], -a[k])
	}
	if k := len(steps) - 1; k >= 0 {
		scale := inner(steps[k], changes[k]) / inner(changes[k], changes[k])
		for i := range d {
			d[i] *= scale
		}
	}
	for k := range steps {
		add(d, steps[k], a[k]-inner(changes[k], d)/inner(steps[k], changes[k]))
	}
}

func inner(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

func add(to, b []float64, times float64) {
	for i, x := range b {
		to[i] += times * x
	}
}

func largest(a []float64) float64 {
	most := 0.0
	for _, x := range a {
		most = math.Max(most, math.Abs(x))
	}
	return most
}
