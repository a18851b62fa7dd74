package torch

import "github.com/ajolote-ai/ajolote/internal/ctorch"

// NF4 is a matrix in 4-bit codes, as bitsandbytes stores it; package qlora is the way to work with one. Source: Dettmers
// et al., "QLoRA: Efficient Finetuning of Quantized LLMs", 2023.
type NF4 struct {
	Codes  *Tensor // uint8, two codes a byte
	Absmax *Tensor // [blocks]: the scales, float32; or their 8-bit codes, uint8, when Nested is set
	Nested *NestedAbsmax

	BlockSize  int // elements that share one scale: a power of two from 32 to 4096
	Rows, Cols int
}

// NestedAbsmax says how 8-bit codes of scales expand ("double quantisation"): code c of block i stands for
// Map[c]·Absmax[i/256] + Offset.
type NestedAbsmax struct {
	Absmax *Tensor // float32 [⌈blocks/256⌉]
	Map    *Tensor // float32 [256]
	Offset float32
}

// NF4Part is one of several NF4 matrices that share an input, with what is added to its product.
type NF4Part struct {
	Weight *NF4
	Bias   *Tensor // [rows], or nil

	// A low-rank term: Scale · B (A (dropout(x))), A [rank, cols], B [rows, rank]; nil for none. Dropout is that of
	// [Tensor.CounterDropout].
	A, B         *Tensor
	Scale        float64
	Dropout      float64
	Seed, Stream uint64
}

// NF4Tables returns the 16 levels of NF4 and the 256 of the codes of its scales, float32, in s.
func NF4Tables(s *Scope) (levels, dynamicMap *Tensor) {
	pair := createMany("NF4Tables", s, 2, func(outs []ctorch.Handle) error {
		return ctorch.NF4Tables(&outs[0], &outs[1])
	})
	return pair[0], pair[1]
}

// QuantizeNF4 codes the elements of t (float32, bfloat16 or float16) in row-major order, with the bytes that bitsandbytes
// writes on a CPU: codes uint8 [⌈elements/2⌉, 1] and absmax float32 [⌈elements/blockSize⌉], both in s. A NaN or an infinity in
// t panics with its place.
func (t *Tensor) QuantizeNF4(s *Scope, blockSize int) (codes, absmax *Tensor) {
	h := t.alive("QuantizeNF4")
	pair := createMany("QuantizeNF4", s, 2, func(outs []ctorch.Handle) error {
		return ctorch.NF4Quantize(h, blockSize, &outs[0], &outs[1])
	}, t)
	return pair[0], pair[1]
}

// CompressAbsmax codes the scales of an NF4 matrix, float32 [blocks], in 8 bits, with bitsandbytes' bytes. The results
// are in s.
func (t *Tensor) CompressAbsmax(s *Scope) (codes *Tensor, nested *NestedAbsmax) {
	h := t.alive("CompressAbsmax")
	var offset float64
	pair := createMany("CompressAbsmax", s, 2, func(outs []ctorch.Handle) (err error) {
		offset, err = ctorch.NF4CompressAbsmax(h, &outs[0], &outs[1])
		return err
	}, t)
	levels, dynamicMap := NF4Tables(s)
	levels.Free()
	return pair[0], &NestedAbsmax{Absmax: pair[1], Map: dynamicMap, Offset: float32(offset)}
}

// Dequantize gives the matrix [Rows, Cols] in s: float32 products of level and scale, rounded to dtype.
func (w *NF4) Dequantize(s *Scope, dtype DType) *Tensor {
	m := w.c("Dequantize")
	return createMany("Dequantize", s, 1, func(outs []ctorch.Handle) error {
		return ctorch.NF4Dequantize(m, int32(dtype), &outs[0])
	}, w.tensors()...)[0]
}

// EmbeddingNF4 looks up rows of w by ids (int64, any shape): [..., Cols] of dtype. Cols must be whole blocks.
func EmbeddingNF4(w *NF4, ids *Tensor, dtype DType) *Tensor {
	m := w.c("EmbeddingNF4")
	return apply("EmbeddingNF4", func(out *ctorch.Handle) error { return ctorch.NF4Embedding(m, ids.h, int32(dtype), out) },
		append(w.tensors(), ids)...)
}

// ProjectNF4 multiplies t [..., Cols] with each part's matrix and adds its bias and low-rank term: [..., Rows] each, in t's
// type. compute is the type in which factors are multiplied, Float32, BFloat16 or Float16; sums are float32. firstRow is
// the number of t's first row for the dropout masks. Only t and the small products A t are kept for backward.
func (t *Tensor) ProjectNF4(parts []NF4Part, firstRow int, compute DType) []*Tensor {
	operands := []*Tensor{t}
	list := make([]ctorch.NF4Part, len(parts))
	for i, p := range parts {
		operands = append(operands, p.Weight.tensors()...)
		operands = append(operands, some(p.Bias, p.A, p.B)...)
		list[i] = ctorch.NF4Part{
			Weight: p.Weight.c("ProjectNF4"), Bias: p.Bias.handle(), A: p.A.handle(), B: p.B.handle(),
			Scale: p.Scale, Dropout: p.Dropout, Seed: p.Seed, Stream: p.Stream,
		}
	}
	return applyMany("ProjectNF4", len(parts), func(outs []ctorch.Handle) error {
		return ctorch.NF4Project(t.h, list, firstRow, int32(compute), outs)
	}, operands...)
}

func (w *NF4) tensors() []*Tensor {
	if w.Nested == nil {
		return []*Tensor{w.Codes, w.Absmax}
	}
	return []*Tensor{w.Codes, w.Absmax, w.Nested.Absmax, w.Nested.Map}
}

func (w *NF4) c(op string) ctorch.NF4 {
	m := ctorch.NF4{
		Codes: w.Codes.alive(op), Absmax: w.Absmax.alive(op),
		Block: w.BlockSize, Rows: w.Rows, Cols: w.Cols,
	}
	if w.Nested != nil {
		m.NestedAbsmax, m.NestedMap, m.Offset = w.Nested.Absmax.alive(op), w.Nested.Map.alive(op), float64(w.Nested.Offset)
	}
	return m
}

// createMany makes n tensors in s, or long-lived ones when s is nil, whatever the scopes of the operands.
func createMany(op string, s *Scope, n int, f func(outs []ctorch.Handle) error, operands ...*Tensor) []*Tensor {
	mustLoad()
	if s != nil {
		s.mustBeOpen(op)
	}
	handles := make([]ctorch.Handle, n)
	if err := f(handles); err != nil {
		fail(err, op, operands...)
	}
	list := make([]*Tensor, n)
	for i := range list {
		list[i] = &Tensor{h: handles[i]}
		list[i].own(s)
	}
	keepAlive(operands)
	return list
}
