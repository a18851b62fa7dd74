package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// IndexSelect takes the places index (int64, one dimension) of dimension dim.
func (t *Tensor) IndexSelect(dim int, index *Tensor) *Tensor {
	return apply("IndexSelect", func(out *ctorch.Handle) error { return ctorch.IndexSelect(t.h, dim, index.h, out) }, t, index)
}

// Gather takes out[i][j] = t[i][index[i][j]] for dim 1, and likewise for others.
func (t *Tensor) Gather(dim int, index *Tensor) *Tensor {
	return apply("Gather", func(out *ctorch.Handle) error { return ctorch.Gather(t.h, dim, index.h, out) }, t, index)
}

// Scatter returns t with source written at index: the inverse of [Tensor.Gather].
func (t *Tensor) Scatter(dim int, index, source *Tensor) *Tensor {
	return apply("Scatter", func(out *ctorch.Handle) error { return ctorch.Scatter(t.h, dim, index.h, source.h, out) }, t, index, source)
}

// ScatterAdd returns t with source added at index.
func (t *Tensor) ScatterAdd(dim int, index, source *Tensor) *Tensor {
	return apply("ScatterAdd", func(out *ctorch.Handle) error { return ctorch.ScatterAdd(t.h, dim, index.h, source.h, out) }, t, index, source)
}

// IndexAdd returns t with the rows of source added to its rows index, along dim.
func (t *Tensor) IndexAdd(dim int, index, source *Tensor) *Tensor {
	return apply("IndexAdd", func(out *ctorch.Handle) error { return ctorch.IndexAdd(t.h, dim, index.h, source.h, out) }, t, index, source)
}

// MaskedSelect takes the elements where mask (bool) is true, in one dimension.
func (t *Tensor) MaskedSelect(mask *Tensor) *Tensor {
	return apply("MaskedSelect", func(out *ctorch.Handle) error { return ctorch.MaskedSelect(t.h, mask.h, out) }, t, mask)
}

// MaskedFill returns t with value where mask (bool) is true.
func (t *Tensor) MaskedFill(mask *Tensor, value float64) *Tensor {
	return apply("MaskedFill", func(out *ctorch.Handle) error { return ctorch.MaskedFill(t.h, mask.h, value, out) }, t, mask)
}

// Where takes a where condition (bool) is true, else b.
func Where(condition, a, b *Tensor) *Tensor {
	return apply("Where", func(out *ctorch.Handle) error { return ctorch.Where(condition.h, a.h, b.h, out) }, condition, a, b)
}

// Nonzero returns the indices of the elements that are not zero, int64 [count, rank].
func (t *Tensor) Nonzero() *Tensor {
	return apply("Nonzero", func(out *ctorch.Handle) error { return ctorch.Nonzero(t.h, out) }, t)
}

// Embedding takes rows of weight [words, size] by ids (int64, any shape): [..., size].
func Embedding(weight, ids *Tensor) *Tensor {
	return apply("Embedding", func(out *ctorch.Handle) error { return ctorch.Embedding(weight.h, ids.h, false, out) }, weight, ids)
}

// SparseEmbedding is [Embedding] with a gradient that holds the rows of ids alone, as torch.nn.Embedding(sparse=True) has it:
// what [AdamWRows] takes. [ClipGradNorm], [ZeroGrad] and [GradsFinite] know such gradients.
func SparseEmbedding(weight, ids *Tensor) *Tensor {
	return apply("SparseEmbedding", func(out *ctorch.Handle) error { return ctorch.Embedding(weight.h, ids.h, true, out) }, weight, ids)
}
