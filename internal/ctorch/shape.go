package ctorch

// #include "calls.h"
import "C"

import "unsafe"

func Reshape(a Handle, shape []int, out *Handle) error {
	shapeData, shapeCount := ints(shape)
	return failure(C.aj_reshape(a, shapeData, shapeCount, out))
}

func Expand(a Handle, shape []int, out *Handle) error {
	shapeData, shapeCount := ints(shape)
	return failure(C.aj_expand(a, shapeData, shapeCount, out))
}

func Permute(a Handle, dims []int, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_permute(a, dimsData, dimsCount, out))
}

func Transpose(a Handle, d0, d1 int, out *Handle) error {
	return failure(C.aj_transpose(a, C.int64_t(d0), C.int64_t(d1), out))
}

func Squeeze(a Handle, dim int, out *Handle) error {
	return failure(C.aj_squeeze(a, C.int64_t(dim), out))
}

func Unsqueeze(a Handle, dim int, out *Handle) error {
	return failure(C.aj_unsqueeze(a, C.int64_t(dim), out))
}

func Narrow(a Handle, dim, start, length int, out *Handle) error {
	return failure(C.aj_narrow(a, C.int64_t(dim), C.int64_t(start), C.int64_t(length), out))
}

func Slice(a Handle, dim, start, end, step int, out *Handle) error {
	return failure(C.aj_slice(a, C.int64_t(dim), C.int64_t(start), C.int64_t(end), C.int64_t(step), out))
}

func Select(a Handle, dim, index int, out *Handle) error {
	return failure(C.aj_select(a, C.int64_t(dim), C.int64_t(index), out))
}

func Cat(a []Handle, dim int, out *Handle) error {
	aData, aCount := handles(a)
	return failure(C.aj_cat(aData, aCount, C.int64_t(dim), out))
}

func Stack(a []Handle, dim int, out *Handle) error {
	aData, aCount := handles(a)
	return failure(C.aj_stack(aData, aCount, C.int64_t(dim), out))
}

func Split(a Handle, sizes []int, dim int, outs []Handle) error {
	sizesData, sizesCount := ints(sizes)
	return failure(C.aj_split(a, sizesData, sizesCount, C.int64_t(dim), unsafe.SliceData(outs)))
}

func Flip(a Handle, dim int, out *Handle) error {
	return failure(C.aj_flip(a, C.int64_t(dim), out))
}

func RepeatInterleave(a Handle, n, dim int, out *Handle) error {
	return failure(C.aj_repeat_interleave(a, C.int64_t(n), C.int64_t(dim), out))
}

func Triangle(a Handle, diagonal int, upper bool, out *Handle) error {
	return failure(C.aj_triangle(a, C.int64_t(diagonal), flag(upper), out))
}
