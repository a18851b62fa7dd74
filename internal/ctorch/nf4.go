package ctorch

// #include "calls.h"
import "C"

import "unsafe"

// NF4 is aj_nf4: a quantised matrix; the nested handles are nil when the absmax is not compressed.
type NF4 struct {
	Codes, Absmax, NestedAbsmax, NestedMap Handle
	Offset                                 float64
	Block, Rows, Cols                      int
}

func (w NF4) c() C.aj_nf4 {
	return C.aj_nf4{
		codes: w.Codes, absmax: w.Absmax, nested_absmax: w.NestedAbsmax, nested_map: w.NestedMap,
		offset: C.double(w.Offset), block: C.int64_t(w.Block), rows: C.int64_t(w.Rows), cols: C.int64_t(w.Cols),
	}
}

// NF4Part is aj_nf4_part: one matrix of a projection, with what is added to its product.
type NF4Part struct {
	Weight         NF4
	Bias, A, B     Handle
	Scale, Dropout float64
	Seed, Stream   uint64
}

func NF4Tables(levels, dynamicMap *Handle) error {
	return failure(C.aj_nf4_tables(levels, dynamicMap))
}

func NF4Quantize(weight Handle, block int, codes, absmax *Handle) error {
	return failure(C.aj_nf4_quantize(weight, C.int64_t(block), codes, absmax))
}

func NF4CompressAbsmax(absmax Handle, codes, scales *Handle) (offset float64, err error) {
	var mean C.double
	err = failure(C.aj_nf4_compress_absmax(absmax, codes, scales, &mean))
	return float64(mean), err
}

func NF4Dequantize(weight NF4, dtype int32, out *Handle) error {
	w := weight.c()
	return failure(C.aj_nf4_dequantize(&w, C.int32_t(dtype), out))
}

func NF4Embedding(weight NF4, ids Handle, dtype int32, out *Handle) error {
	w := weight.c()
	return failure(C.aj_nf4_embedding(&w, ids, C.int32_t(dtype), out))
}

func NF4Project(x Handle, parts []NF4Part, firstRow int, compute int32, outs []Handle) error {
	list := make([]C.aj_nf4_part, len(parts))
	for i, p := range parts {
		list[i] = C.aj_nf4_part{
			weight: p.Weight.c(), bias: p.Bias, a: p.A, b: p.B, scale: C.double(p.Scale),
			dropout: C.double(p.Dropout), seed: C.uint64_t(p.Seed), stream: C.uint64_t(p.Stream),
		}
	}
	return failure(C.aj_nf4_project(x, unsafe.SliceData(list), C.int64_t(len(list)), C.int64_t(firstRow), C.int32_t(compute),
		unsafe.SliceData(outs)))
}
