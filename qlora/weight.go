package qlora

import (
	"fmt"
	"iter"

	"github.com/ajolote-ai/ajolote/torch"
)

// Options say how a tensor is quantised. The zero value is what bitsandbytes does by itself: blocks of 64, one float32
// scale a block.
type Options struct {
	BlockSize   int  // elements that share a scale: a power of two from 32 to 4096; 0 is 64
	DoubleQuant bool // keep the scales in 8 bits, blocks of 256 of them sharing a scale: 4.13 bits a weight instead of 4.5
}

func (o Options) blockSize() int {
	if o.BlockSize == 0 {
		return 64
	}
	return o.BlockSize
}

// Weight is a quantised tensor. Its tensors are long-lived: they belong to no scope, and [Weight.Free] frees them.
type Weight struct {
	NF4   torch.NF4   // the matrix: a tensor of other than two dimensions has its last as columns
	Shape []int       // of the tensor that was quantised: [out, in] for a linear layer
	DType torch.DType // of the tensor that was quantised; files keep it

	levels *torch.Tensor // the 16 levels, as every weight of a file has them
	state  *torch.Tensor // the text of quant_state
}

// Quantize codes the elements of w, of type float32, bfloat16 or float16. The name is for the error, which says where w
// holds a NaN or an infinity, or why its type or shape cannot be quantised. w is not changed.
func Quantize(name string, w *torch.Tensor, o Options) (q *Weight, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("quantising tensor %s: %w", name, err)
		}
	}()
	defer torch.Catch(&err)
	shape := w.Shape()
	q = newWeight(shape, w.DType(), o.blockSize())
	codes, absmax := w.QuantizeNF4(nil, o.blockSize())
	q.NF4.Codes, q.NF4.Absmax = codes, absmax
	q.complete(o)
	return q, nil
}

func newWeight(shape []int, dtype torch.DType, blockSize int) *Weight {
	rows, cols := 1, 1
	for i, d := range shape {
		if i < len(shape)-1 {
			rows *= d
		} else {
			cols = d
		}
	}
	return &Weight{NF4: torch.NF4{BlockSize: blockSize, Rows: rows, Cols: cols}, Shape: shape, DType: dtype}
}

// complete follows the quantising of the elements.
func (w *Weight) complete(o Options) {
	if absmax := w.NF4.Absmax; o.DoubleQuant {
		w.NF4.Absmax, w.NF4.Nested = absmax.CompressAbsmax(nil)
		absmax.Free()
	}
	w.describe()
}

// describe makes the two constants that a file holds beside the codes and scales.
func (w *Weight) describe() {
	var dynamicMap *torch.Tensor
	w.levels, dynamicMap = torch.NF4Tables(nil)
	dynamicMap.Free()
	text := stateOf(w)
	w.state = torch.FromSlice(nil, text, len(text))
}

// Dequantize gives the tensor back in scope s (nil: long-lived), rounded to dtype; w's own shape.
func (w *Weight) Dequantize(s *torch.Scope, dtype torch.DType) (t *torch.Tensor, err error) {
	defer torch.Catch(&err)
	flat := w.NF4.Dequantize(nil, dtype)
	defer flat.Free()
	if s == nil {
		inner := torch.NewScope("Dequantize")
		defer inner.Close()
		return flat.In(inner).Reshape(w.Shape...).Keep(nil), nil
	}
	return flat.In(s).Reshape(w.Shape...), nil
}

// Elements counts the elements of the tensor that was quantised.
func (w *Weight) Elements() int { return w.NF4.Rows * w.NF4.Cols }

// Bytes is the memory that w takes.
func (w *Weight) Bytes() int {
	n := 0
	for _, t := range w.tensors() {
		n += t.Len() * t.DType().Size()
	}
	return n
}

// Free frees w's tensors. Using w afterwards panics.
func (w *Weight) Free() {
	for _, t := range w.tensors() {
		t.Free()
	}
}

// tensors yields the tensors of w under the endings that their names have in a file.
func (w *Weight) tensors() iter.Seq2[string, *torch.Tensor] {
	return func(yield func(string, *torch.Tensor) bool) {
		if !yield("", w.NF4.Codes) || !yield(endAbsmax, w.NF4.Absmax) {
			return
		}
		if n := w.NF4.Nested; n != nil && (!yield(endNestedAbsmax, n.Absmax) || !yield(endNestedMap, n.Map)) {
			return
		}
		if yield(endQuantMap, w.levels) {
			yield(endState, w.state)
		}
	}
}
