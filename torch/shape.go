package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// The methods of this file return views of t where PyTorch does: no data is copied.

// Reshape gives t other sizes; one of them may be -1. A copy only when a view cannot have them.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	return apply("Reshape", func(out *ctorch.Handle) error { return ctorch.Reshape(t.h, shape, out) }, t)
}

// Expand repeats dimensions of size 1 without copying; -1 keeps a size.
func (t *Tensor) Expand(shape ...int) *Tensor {
	return apply("Expand", func(out *ctorch.Handle) error { return ctorch.Expand(t.h, shape, out) }, t)
}

// Permute orders the dimensions anew.
func (t *Tensor) Permute(dims ...int) *Tensor {
	return apply("Permute", func(out *ctorch.Handle) error { return ctorch.Permute(t.h, dims, out) }, t)
}

// Transpose swaps two dimensions.
func (t *Tensor) Transpose(d0, d1 int) *Tensor {
	return apply("Transpose", func(out *ctorch.Handle) error { return ctorch.Transpose(t.h, d0, d1, out) }, t)
}

// T transposes a matrix.
func (t *Tensor) T() *Tensor { return t.Transpose(0, 1) }

// Squeeze drops dimension dim if its size is 1.
func (t *Tensor) Squeeze(dim int) *Tensor {
	return apply("Squeeze", func(out *ctorch.Handle) error { return ctorch.Squeeze(t.h, dim, out) }, t)
}

// Unsqueeze adds a dimension of size 1 before dim.
func (t *Tensor) Unsqueeze(dim int) *Tensor {
	return apply("Unsqueeze", func(out *ctorch.Handle) error { return ctorch.Unsqueeze(t.h, dim, out) }, t)
}

// Narrow takes length places of dimension dim from start on.
func (t *Tensor) Narrow(dim, start, length int) *Tensor {
	return apply("Narrow", func(out *ctorch.Handle) error { return ctorch.Narrow(t.h, dim, start, length, out) }, t)
}

// Slice takes every step-th place of dimension dim in [start, end), as Python's t[start:end:step]: ends past the size are cut.
func (t *Tensor) Slice(dim, start, end, step int) *Tensor {
	return apply("Slice", func(out *ctorch.Handle) error { return ctorch.Slice(t.h, dim, start, end, step, out) }, t)
}

// Rows takes rows [from, to) of the first dimension.
func (t *Tensor) Rows(from, to int) *Tensor { return t.Narrow(0, from, to-from) }

// Select takes one place of dimension dim, which is gone from the result.
func (t *Tensor) Select(dim, index int) *Tensor {
	return apply("Select", func(out *ctorch.Handle) error { return ctorch.Select(t.h, dim, index, out) }, t)
}

// Cat joins tensors along an existing dimension. A copy.
func Cat(dim int, list ...*Tensor) *Tensor {
	return apply("Cat", func(out *ctorch.Handle) error { return ctorch.Cat(handlesOf(list), dim, out) }, list...)
}

// Stack joins tensors of one shape along a new dimension. A copy.
func Stack(dim int, list ...*Tensor) *Tensor {
	return apply("Stack", func(out *ctorch.Handle) error { return ctorch.Stack(handlesOf(list), dim, out) }, list...)
}

// Split cuts dimension dim into parts of the given sizes, which must add up.
func (t *Tensor) Split(dim int, sizes ...int) []*Tensor {
	return applyMany("Split", len(sizes), func(outs []ctorch.Handle) error { return ctorch.Split(t.h, sizes, dim, outs) }, t)
}

// Flip turns dimension dim around. A copy.
func (t *Tensor) Flip(dim int) *Tensor {
	return apply("Flip", func(out *ctorch.Handle) error { return ctorch.Flip(t.h, dim, out) }, t)
}

// RepeatInterleave repeats each place of dimension dim n times in a row. A copy.
func (t *Tensor) RepeatInterleave(n, dim int) *Tensor {
	return apply("RepeatInterleave", func(out *ctorch.Handle) error { return ctorch.RepeatInterleave(t.h, n, dim, out) }, t)
}

// Tril keeps the elements on and below a diagonal and sets the others to zero. A copy.
func (t *Tensor) Tril(diagonal int) *Tensor {
	return apply("Tril", func(out *ctorch.Handle) error { return ctorch.Triangle(t.h, diagonal, false, out) }, t)
}

// Triu keeps the elements on and above a diagonal and sets the others to zero. A copy.
func (t *Tensor) Triu(diagonal int) *Tensor {
	return apply("Triu", func(out *ctorch.Handle) error { return ctorch.Triangle(t.h, diagonal, true, out) }, t)
}

func handlesOf(list []*Tensor) []ctorch.Handle {
	handles := make([]ctorch.Handle, len(list))
	for i, t := range list {
		handles[i] = t.h
	}
	return handles
}

// applyMany runs one operation of n results.
func applyMany(op string, n int, f func(outs []ctorch.Handle) error, operands ...*Tensor) []*Tensor {
	scope := scopeOf(op, operands)
	handles := make([]ctorch.Handle, n)
	if err := f(handles); err != nil {
		_ = ctorch.Release(handles)
		fail(err, op, operands...)
	}
	list := make([]*Tensor, n)
	for i := range list {
		list[i] = &Tensor{h: handles[i]}
		scope.adopt(list[i])
	}
	keepAlive(operands)
	return list
}
