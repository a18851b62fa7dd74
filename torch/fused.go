package torch

import (
	"math"

	"github.com/ajolote-ai/ajolote/internal/ctorch"
)

// The operations of this file are this project's own, each with its own backward in C++ (csrc, the file of that name).

// RMSNorm returns weight * t / sqrt(mean(t²) + eps) over the last dimension, the mean in float32; weight is [last].
// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
func (t *Tensor) RMSNorm(weight *Tensor, eps float64) *Tensor {
	return apply("RMSNorm", func(out *ctorch.Handle) error { return ctorch.RMSNorm(t.h, weight.h, eps, out) }, t, weight)
}

// AddRMSNorm returns x + residual and its [Tensor.RMSNorm]: the step from one half of a transformer layer to the next, in
// one pass over the rows.
func AddRMSNorm(x, residual, weight *Tensor, eps float64) (sum, normed *Tensor) {
	pair := applyMany("AddRMSNorm", 2, func(outs []ctorch.Handle) error {
		return ctorch.AddRMSNorm(x.h, residual.h, weight.h, eps, &outs[0], &outs[1])
	}, x, residual, weight)
	return pair[0], pair[1]
}

// AddLayerNorm returns [Tensor.LayerNorm] of dropout(x) + residual: the end of both halves of a layer of BERT, in one pass over
// the rows. weight and bias are [last]; the dropout is that of [Tensor.CounterDropout], its zero value none.
type AddLayerNorm struct {
	Weight, Bias *Tensor
	Eps          float64
	// Dropout of x: its probability, and what its mask is drawn by.
	Dropout      float64
	Seed, Stream uint64
	FirstRow     int
}

// Apply computes the norm, in the shape of x and residual.
func (n AddLayerNorm) Apply(x, residual *Tensor) *Tensor {
	return apply("AddLayerNorm", func(out *ctorch.Handle) error {
		return ctorch.AddLayerNorm(x.h, residual.h, n.Weight.handle(), n.Bias.handle(), n.Eps, n.Dropout, n.Seed, n.Stream, n.FirstRow, out)
	}, x, residual, n.Weight, n.Bias)
}

// Rotary turns t [tokens, heads, size] by its positions: element i with element i+size/2, by the angles whose cos and sin
// are [tokens, size/2], float32. Source: Su et al., "RoFormer", 2021, in the half-split form of Hugging Face checkpoints.
func (t *Tensor) Rotary(cos, sin *Tensor) *Tensor {
	return apply("Rotary", func(out *ctorch.Handle) error { return ctorch.Rotary(t.h, cos.h, sin.h, out) }, t, cos, sin)
}

// SwiGLU returns silu(gate) * up. Source: Shazeer, "GLU Variants Improve Transformer", 2020.
func SwiGLU(gate, up *Tensor) *Tensor {
	return apply("SwiGLU", func(out *ctorch.Handle) error { return ctorch.SwiGLU(gate.h, up.h, out) }, gate, up)
}

// LinearCrossEntropy returns scale * Σ -log softmax(weight · t_i)[target_i] over the rows of t [rows, hidden], for a head
// weight [words, hidden] and targets int64 [rows]. The logits exist only in chunks of at most budgetBytes (0: 256 MiB).
func (t *Tensor) LinearCrossEntropy(weight, targets *Tensor, scale float64, budgetBytes int) *Tensor {
	if budgetBytes == 0 {
		budgetBytes = 256 << 20
	}
	return apply("LinearCrossEntropy", func(out *ctorch.Handle) error {
		return ctorch.LinearCrossEntropy(t.h, weight.h, targets.h, scale, budgetBytes, out)
	}, t, weight, targets)
}

// SegmentAttention attends over flat rows of tokens without padding: q [tokens, heads, size], k and v [tokens, groups,
// size]. Bounds are the offsets of the segments, from 0 to tokens; a token sees its own segment and, before it, the shared
// prefix.
type SegmentAttention struct {
	Bounds           []int   // segments+1 offsets
	PrefixK, PrefixV *Tensor // [prefix, groups, size] that every token sees in whole; nil for none
	Causal           bool    // tokens see their own segment only up to themselves
	Window           int     // with Causal: only the last Window tokens, itself included; 0 for all
	Scale            float64 // of the scores; 0 is 1/sqrt(size)

	// Dropout sets probabilities to zero and divides the others by 1-Dropout; 0 for none. The mask is that of
	// [Tensor.CounterDropout], not the one that PyTorch would draw: the row of a number is (FirstRow+token)*heads + head, its
	// column the place of the key in its segment. It does not go together with a prefix.
	Dropout      float64
	Seed, Stream uint64
	FirstRow     int
}

// Apply computes the attention: [tokens, heads, size].
func (a SegmentAttention) Apply(q, k, v *Tensor) *Tensor {
	scale := a.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(q.Dim(-1)))
	}
	return apply("SegmentAttention", func(out *ctorch.Handle) error {
		return ctorch.SegmentAttention(q.h, k.h, v.h, a.Bounds, a.PrefixK.handle(), a.PrefixV.handle(), a.Causal, a.Window, scale,
			a.Dropout, a.Seed, a.Stream, a.FirstRow, out)
	}, some(q, k, v, a.PrefixK, a.PrefixV)...)
}

// CounterDropout sets elements to zero with probability p and divides the others by 1-p. The mask is a function of seed,
// stream, column and row, counted from firstRow on: recomputing, splitting or resuming draws the same one.
func (t *Tensor) CounterDropout(p float64, seed, stream uint64, firstRow int) *Tensor {
	return apply("CounterDropout", func(out *ctorch.Handle) error {
		return ctorch.CounterDropout(t.h, p, seed, stream, firstRow, out)
	}, t)
}

// CachedAttention is attention in generation: the new tokens of each sequence see the shared prefix, their sequence's cache
// and themselves up to their own place. Their keys and values are appended to the caches. Without gradients.
type CachedAttention struct {
	Bounds           []int     // sequences+1 offsets into the new tokens
	CacheK, CacheV   []*Tensor // of each sequence: [capacity, groups, size]
	Lengths          []int     // of each sequence: the rows of its cache that are filled
	PrefixK, PrefixV *Tensor   // [prefix, groups, size] that every token sees; nil for none
	Window           int       // only the last Window tokens are seen, the token itself included; 0 for all
	Scale            float64   // of the scores; 0 is 1/sqrt(size)
}

// Apply computes the attention: q [tokens, heads, size], k and v [tokens, groups, size], the result as q.
func (a CachedAttention) Apply(q, k, v *Tensor) *Tensor {
	scale := a.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(q.Dim(-1)))
	}
	if n := len(a.Bounds) - 1; len(a.CacheK) != n || len(a.CacheV) != n || len(a.Lengths) != n {
		panic(&Error{Op: "CachedAttention", Msg: "every sequence needs a cache of keys, one of values, and a length"})
	}
	for i := range a.CacheK {
		a.CacheK[i].alive("CachedAttention")
		a.CacheV[i].alive("CachedAttention")
	}
	out := apply("CachedAttention", func(out *ctorch.Handle) error {
		return ctorch.CachedAttention(q.h, k.h, v.h, a.Bounds, handlesOf(a.CacheK), handlesOf(a.CacheV), a.Lengths,
			a.PrefixK.handle(), a.PrefixV.handle(), a.Window, scale, out)
	}, some(q, k, v, a.PrefixK, a.PrefixV)...)
	keepAlive(a.CacheK)
	keepAlive(a.CacheV)
	return out
}
