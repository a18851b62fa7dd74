package torch

import (
	"math"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// MatMul returns the matrix product t @ b, batched over leading dimensions.
func (t *Tensor) MatMul(b *Tensor) *Tensor {
	return apply("MatMul", func(out *ctorch.Handle) error { return ctorch.Matmul(t.h, b.h, out) }, t, b)
}

// AddMM returns beta * t + alpha * (a @ b) for matrices a and b.
func (t *Tensor) AddMM(a, b *Tensor, beta, alpha float64) *Tensor {
	return apply("AddMM", func(out *ctorch.Handle) error { return ctorch.Addmm(t.h, a.h, b.h, beta, alpha, out) }, t, a, b)
}

// Linear returns t @ weightᵀ + bias: t [..., in], weight [out, in], bias [out] or nil.
func (t *Tensor) Linear(weight, bias *Tensor) *Tensor {
	operands := some(t, weight, bias)
	return apply("Linear", func(out *ctorch.Handle) error { return ctorch.Linear(t.h, weight.h, bias.handle(), out) }, operands...)
}

// LinearGelu returns GELU(t @ weightᵀ + bias) in one pass, with the error function or, in the tanhForm, as [Tensor.GeluTanh].
func (t *Tensor) LinearGelu(weight, bias *Tensor, tanhForm bool) *Tensor {
	operands := some(t, weight, bias)
	return apply("LinearGelu", func(out *ctorch.Handle) error {
		return ctorch.LinearGelu(t.h, weight.h, bias.handle(), tanhForm, out)
	}, operands...)
}

// Softmax returns e^t divided by its sum along dimension dim.
func (t *Tensor) Softmax(dim int) *Tensor {
	return apply("Softmax", func(out *ctorch.Handle) error { return ctorch.Softmax(t.h, dim, out) }, t)
}

// LogSoftmax returns the logarithm of [Tensor.Softmax].
func (t *Tensor) LogSoftmax(dim int) *Tensor {
	return apply("LogSoftmax", func(out *ctorch.Handle) error { return ctorch.LogSoftmax(t.h, dim, out) }, t)
}

// LogSumExp returns log(sum(e^t)) along dimension dim, which is gone from the result.
func (t *Tensor) LogSumExp(dim int) *Tensor {
	return apply("LogSumExp", func(out *ctorch.Handle) error { return ctorch.LogSumExp(t.h, dim, false, out) }, t)
}

// CrossEntropy returns the mean over rows of -log softmax(t)[target]; t is [rows, classes], targets int64 [rows]. Rows whose
// target is ignore do not count.
func (t *Tensor) CrossEntropy(targets *Tensor, ignore int) *Tensor {
	return apply("CrossEntropy", func(out *ctorch.Handle) error { return ctorch.CrossEntropy(t.h, targets.h, ignore, true, out) }, t, targets)
}

// LayerNorm normalises the last dimension to mean 0 and variance 1, then times weight plus bias (each [last] or nil).
func (t *Tensor) LayerNorm(weight, bias *Tensor, eps float64) *Tensor {
	operands := some(t, weight, bias)
	return apply("LayerNorm", func(out *ctorch.Handle) error {
		return ctorch.LayerNorm(t.h, weight.handle(), bias.handle(), eps, out)
	}, operands...)
}

// Attention is PyTorch's scaled_dot_product_attention: q [batch, heads, queries, size], k and v [batch, groups, keys, size].
type Attention struct {
	Mask   *Tensor // nil, or added to the scores (bool: true where allowed), broadcast to [batch, heads, queries, keys]
	Causal bool    // each query sees the keys up to its own place
	Scale  float64 // of the scores; 0 is 1/sqrt(size)
}

// Apply computes the attention of q over k and v.
func (a Attention) Apply(q, k, v *Tensor) *Tensor {
	scale := a.Scale
	if scale == 0 {
		scale = math.NaN()
	}
	return apply("Attention", func(out *ctorch.Handle) error {
		return ctorch.ScaledDotProductAttention(q.h, k.h, v.h, a.Mask.handle(), 0, a.Causal, scale, out)
	}, some(q, k, v, a.Mask)...)
}

// some leaves out the operands that are nil.
func some(operands ...*Tensor) []*Tensor {
	kept := operands[:0]
	for _, t := range operands {
		if t != nil {
			kept = append(kept, t)
		}
	}
	return kept
}
