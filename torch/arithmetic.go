package torch

import (
	"math"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// Element by element; the shapes of two operands are broadcast as in PyTorch.

// Add returns t + b.
func (t *Tensor) Add(b *Tensor) *Tensor { return t.AddScaled(b, 1) }

// Sub returns t - b.
func (t *Tensor) Sub(b *Tensor) *Tensor { return t.AddScaled(b, -1) }

// AddScaled returns t + alpha * b.
func (t *Tensor) AddScaled(b *Tensor, alpha float64) *Tensor {
	return apply("Add", func(out *ctorch.Handle) error { return ctorch.Add(t.h, b.h, alpha, out) }, t, b)
}

// Mul returns t * b.
func (t *Tensor) Mul(b *Tensor) *Tensor {
	return apply("Mul", func(out *ctorch.Handle) error { return ctorch.Mul(t.h, b.h, out) }, t, b)
}

// Div returns t / b.
func (t *Tensor) Div(b *Tensor) *Tensor {
	return apply("Div", func(out *ctorch.Handle) error { return ctorch.Div(t.h, b.h, out) }, t, b)
}

// Maximum returns the larger of t and b.
func (t *Tensor) Maximum(b *Tensor) *Tensor {
	return apply("Maximum", func(out *ctorch.Handle) error { return ctorch.Maximum(t.h, b.h, out) }, t, b)
}

// Minimum returns the smaller of t and b.
func (t *Tensor) Minimum(b *Tensor) *Tensor {
	return apply("Minimum", func(out *ctorch.Handle) error { return ctorch.Minimum(t.h, b.h, out) }, t, b)
}

// AddScalar returns t + b.
func (t *Tensor) AddScalar(b float64) *Tensor {
	return apply("AddScalar", func(out *ctorch.Handle) error { return ctorch.AddScalar(t.h, b, out) }, t)
}

// MulScalar returns t * b.
func (t *Tensor) MulScalar(b float64) *Tensor {
	return apply("MulScalar", func(out *ctorch.Handle) error { return ctorch.MulScalar(t.h, b, out) }, t)
}

// PowScalar returns t to the power b.
func (t *Tensor) PowScalar(b float64) *Tensor {
	return apply("PowScalar", func(out *ctorch.Handle) error { return ctorch.PowScalar(t.h, b, out) }, t)
}

// Clamp limits t to [low, high]; NaN stands for no limit.
func (t *Tensor) Clamp(low, high float64) *Tensor {
	return apply("Clamp", func(out *ctorch.Handle) error { return ctorch.Clamp(t.h, low, high, out) }, t)
}

// ClampMin limits t to low and above.
func (t *Tensor) ClampMin(low float64) *Tensor { return t.Clamp(low, math.NaN()) }

// AddInPlace writes t + alpha * b into t.
func (t *Tensor) AddInPlace(b *Tensor, alpha float64) {
	change("AddInPlace", func() error { return ctorch.AddInPlace(t.h, b.h, alpha) }, t, b)
}

// MulInPlace writes t * b into t.
func (t *Tensor) MulInPlace(b *Tensor) {
	change("MulInPlace", func() error { return ctorch.MulInPlace(t.h, b.h) }, t, b)
}

// MulScalarInPlace writes t * b into t.
func (t *Tensor) MulScalarInPlace(b float64) {
	change("MulScalarInPlace", func() error { return ctorch.MulScalarInPlace(t.h, b) }, t)
}

// Neg returns -t.
func (t *Tensor) Neg() *Tensor {
	return apply("Neg", func(out *ctorch.Handle) error { return ctorch.Neg(t.h, out) }, t)
}

// Abs returns |t|.
func (t *Tensor) Abs() *Tensor {
	return apply("Abs", func(out *ctorch.Handle) error { return ctorch.Abs(t.h, out) }, t)
}

// Exp returns e^t.
func (t *Tensor) Exp() *Tensor {
	return apply("Exp", func(out *ctorch.Handle) error { return ctorch.Exp(t.h, out) }, t)
}

// Log returns the natural logarithm of t.
func (t *Tensor) Log() *Tensor {
	return apply("Log", func(out *ctorch.Handle) error { return ctorch.Log(t.h, out) }, t)
}

// Sqrt returns the square root of t.
func (t *Tensor) Sqrt() *Tensor {
	return apply("Sqrt", func(out *ctorch.Handle) error { return ctorch.Sqrt(t.h, out) }, t)
}

// Rsqrt returns 1 / sqrt(t).
func (t *Tensor) Rsqrt() *Tensor {
	return apply("Rsqrt", func(out *ctorch.Handle) error { return ctorch.Rsqrt(t.h, out) }, t)
}

// Reciprocal returns 1 / t.
func (t *Tensor) Reciprocal() *Tensor {
	return apply("Reciprocal", func(out *ctorch.Handle) error { return ctorch.Reciprocal(t.h, out) }, t)
}

// Sin returns the sine of t.
func (t *Tensor) Sin() *Tensor {
	return apply("Sin", func(out *ctorch.Handle) error { return ctorch.Sin(t.h, out) }, t)
}

// Cos returns the cosine of t.
func (t *Tensor) Cos() *Tensor {
	return apply("Cos", func(out *ctorch.Handle) error { return ctorch.Cos(t.h, out) }, t)
}

// Tanh returns the hyperbolic tangent of t.
func (t *Tensor) Tanh() *Tensor {
	return apply("Tanh", func(out *ctorch.Handle) error { return ctorch.Tanh(t.h, out) }, t)
}

// Sigmoid returns 1 / (1 + e^-t).
func (t *Tensor) Sigmoid() *Tensor {
	return apply("Sigmoid", func(out *ctorch.Handle) error { return ctorch.Sigmoid(t.h, out) }, t)
}

// Relu returns max(t, 0).
func (t *Tensor) Relu() *Tensor {
	return apply("Relu", func(out *ctorch.Handle) error { return ctorch.Relu(t.h, out) }, t)
}

// Silu returns t * sigmoid(t).
func (t *Tensor) Silu() *Tensor {
	return apply("Silu", func(out *ctorch.Handle) error { return ctorch.Silu(t.h, out) }, t)
}

// Round returns t rounded to the nearest integer, halves to even.
func (t *Tensor) Round() *Tensor {
	return apply("Round", func(out *ctorch.Handle) error { return ctorch.Round(t.h, out) }, t)
}

// Floor returns t rounded down.
func (t *Tensor) Floor() *Tensor {
	return apply("Floor", func(out *ctorch.Handle) error { return ctorch.Floor(t.h, out) }, t)
}

// Sign returns -1, 0 or 1 by the sign of t.
func (t *Tensor) Sign() *Tensor {
	return apply("Sign", func(out *ctorch.Handle) error { return ctorch.Sign(t.h, out) }, t)
}

// Gelu returns the Gaussian error linear unit of t, the exact form with erf.
func (t *Tensor) Gelu() *Tensor {
	return apply("Gelu", func(out *ctorch.Handle) error { return ctorch.Gelu(t.h, false, out) }, t)
}

// GeluTanh returns the approximation of Gelu by tanh, "gelu_new" and "gelu_pytorch_tanh" in model files.
func (t *Tensor) GeluTanh() *Tensor {
	return apply("GeluTanh", func(out *ctorch.Handle) error { return ctorch.Gelu(t.h, true, out) }, t)
}
