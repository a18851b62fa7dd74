package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// LinearRows returns the products of t [tokens, size] with some rows of weight [words, size], float32 [tokens, len(ids)];
// ids is int64 [rows]. Other rows are not read. Up to 8 float32 tokens with a 16-bit weight give what [Tensor.Linear] gives
// for these words, to the bit. Without gradients.
func (t *Tensor) LinearRows(weight, ids *Tensor) *Tensor {
	return apply("LinearRows", func(out *ctorch.Handle) error { return ctorch.HeadRows(t.h, weight.h, ids.h, out) }, t, weight, ids)
}

// HeadScreen is a copy of a head's weight in 8 bits that tells which words cannot have the greatest product with a state.
// Its tensors are long-lived.
type HeadScreen struct {
	codes, bounds *Tensor
}

// NewHeadScreen copies weight [words, size], in float32, bfloat16 or float16, every element finite; size is at most 16,384.
func NewHeadScreen(weight *Tensor) *HeadScreen {
	s := NewScope("head screen")
	defer s.Close()
	pair := applyMany("NewHeadScreen", 2, func(outs []ctorch.Handle) error {
		return ctorch.HeadScreen(weight.h, &outs[0], &outs[1])
	}, weight.In(s))
	return &HeadScreen{pair[0].Keep(nil), pair[1].Keep(nil)}
}

// Bytes is the memory of the copy.
func (h *HeadScreen) Bytes() int64 { return int64(h.codes.Len()) + 4*int64(h.bounds.Len()) }

// Free frees the copy; of a nil one, nothing.
func (h *HeadScreen) Free() {
	if h != nil {
		h.codes.Free()
		h.bounds.Free()
	}
}

// LinearArgmax returns for each of t [tokens, size] the row of weight [words, size] with the greatest product, the first of
// equal ones: int64 [tokens]. allowed, where not nil, is int64 [tokens, words/64 rounded up], sets of 64 words each, the
// lowest bit the first: only these words count; -1 where there is none.
//
// The products have float32 sums, also of 16-bit tokens.
//
// A screen of the weight, or nil, changes the time, not the result: for few tokens and a 16-bit weight most rows are then read in
// 8 bits alone. Without gradients.
func (t *Tensor) LinearArgmax(weight *Tensor, screen *HeadScreen, allowed *Tensor) *Tensor {
	var codes, bounds *Tensor
	if screen != nil {
		codes, bounds = screen.codes, screen.bounds
	}
	return apply("LinearArgmax", func(out *ctorch.Handle) error {
		return ctorch.HeadArgmax(t.h, weight.h, codes.handle(), bounds.handle(), allowed.handle(), out)
	}, some(t, weight, codes, bounds, allowed)...)
}
