package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// Reductions go over the dimensions given, which are gone from the result, or over everything when none is given.

// Sum returns the sum.
func (t *Tensor) Sum(dims ...int) *Tensor {
	return apply("Sum", func(out *ctorch.Handle) error { return ctorch.Sum(t.h, dims, false, out) }, t)
}

// SumKeep returns the sum with the dimensions kept at size 1.
func (t *Tensor) SumKeep(dims ...int) *Tensor {
	return apply("SumKeep", func(out *ctorch.Handle) error { return ctorch.Sum(t.h, dims, true, out) }, t)
}

// Mean returns the mean.
func (t *Tensor) Mean(dims ...int) *Tensor {
	return apply("Mean", func(out *ctorch.Handle) error { return ctorch.Mean(t.h, dims, false, out) }, t)
}

// MeanKeep returns the mean with the dimensions kept at size 1.
func (t *Tensor) MeanKeep(dims ...int) *Tensor {
	return apply("MeanKeep", func(out *ctorch.Handle) error { return ctorch.Mean(t.h, dims, true, out) }, t)
}

// Amax returns the largest element.
func (t *Tensor) Amax(dims ...int) *Tensor {
	return apply("Amax", func(out *ctorch.Handle) error { return ctorch.Amax(t.h, dims, false, out) }, t)
}

// AmaxKeep returns the largest element with the dimensions kept at size 1.
func (t *Tensor) AmaxKeep(dims ...int) *Tensor {
	return apply("AmaxKeep", func(out *ctorch.Handle) error { return ctorch.Amax(t.h, dims, true, out) }, t)
}

// Amin returns the smallest element.
func (t *Tensor) Amin(dims ...int) *Tensor {
	return apply("Amin", func(out *ctorch.Handle) error { return ctorch.Amin(t.h, dims, false, out) }, t)
}

// AminKeep returns the smallest element with the dimensions kept at size 1.
func (t *Tensor) AminKeep(dims ...int) *Tensor {
	return apply("AminKeep", func(out *ctorch.Handle) error { return ctorch.Amin(t.h, dims, true, out) }, t)
}

// Norm returns the Euclidean norm.
func (t *Tensor) Norm(dims ...int) *Tensor {
	return apply("Norm", func(out *ctorch.Handle) error { return ctorch.Norm(t.h, dims, false, out) }, t)
}

// NormKeep returns the Euclidean norm with the dimensions kept at size 1.
func (t *Tensor) NormKeep(dims ...int) *Tensor {
	return apply("NormKeep", func(out *ctorch.Handle) error { return ctorch.Norm(t.h, dims, true, out) }, t)
}

// Var returns the variance over dimension dim, divided by n-1 when unbiased, else by n.
func (t *Tensor) Var(dim int, unbiased bool) *Tensor {
	return apply("Var", func(out *ctorch.Handle) error { return ctorch.Variance(t.h, dim, unbiased, false, out) }, t)
}

// Argmax returns the place of the largest element of dimension dim, int64; the first of equal ones.
func (t *Tensor) Argmax(dim int) *Tensor {
	return apply("Argmax", func(out *ctorch.Handle) error { return ctorch.Argmax(t.h, dim, false, out) }, t)
}

// TopK returns the k largest elements of dimension dim, falling, and their places, int64.
func (t *Tensor) TopK(k, dim int) (values, indices *Tensor) {
	pair := applyMany("TopK", 2, func(outs []ctorch.Handle) error { return ctorch.TopK(t.h, k, dim, &outs[0], &outs[1]) }, t)
	return pair[0], pair[1]
}

// Sort orders dimension dim, keeping the order of equal elements, and returns the places they came from, int64.
func (t *Tensor) Sort(dim int, descending bool) (values, indices *Tensor) {
	pair := applyMany("Sort", 2, func(outs []ctorch.Handle) error { return ctorch.Sort(t.h, dim, descending, &outs[0], &outs[1]) }, t)
	return pair[0], pair[1]
}

// CumSum returns the running sum along dimension dim.
func (t *Tensor) CumSum(dim int) *Tensor {
	return apply("CumSum", func(out *ctorch.Handle) error { return ctorch.Cumsum(t.h, dim, out) }, t)
}

// Any returns whether an element is true.
func (t *Tensor) Any() *Tensor {
	return apply("Any", func(out *ctorch.Handle) error { return ctorch.Any(t.h, out) }, t)
}

// All returns whether every element is true.
func (t *Tensor) All() *Tensor {
	return apply("All", func(out *ctorch.Handle) error { return ctorch.All(t.h, out) }, t)
}
