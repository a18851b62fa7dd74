package ctorch

// #include "calls.h"
import "C"

import "unsafe"

func Alias(a Handle, out *Handle) error {
	return failure(C.aj_alias(a, out))
}

func Empty(shape []int, dtype int32, device int, out *Handle) error {
	shapeData, shapeCount := ints(shape)
	return failure(C.aj_empty(shapeData, shapeCount, C.int32_t(dtype), C.int64_t(device), out))
}

func Full(shape []int, value float64, dtype int32, device int, out *Handle) error {
	shapeData, shapeCount := ints(shape)
	return failure(C.aj_full(shapeData, shapeCount, C.double(value), C.int32_t(dtype), C.int64_t(device), out))
}

func Arange(from, to, step float64, dtype int32, device int, out *Handle) error {
	return failure(C.aj_arange(C.double(from), C.double(to), C.double(step), C.int32_t(dtype), C.int64_t(device), out))
}

func To(a Handle, dtype int32, device int, out *Handle) error {
	return failure(C.aj_to(a, C.int32_t(dtype), C.int64_t(device), out))
}

func Clone(a Handle, out *Handle) error {
	return failure(C.aj_clone(a, out))
}

func Contiguous(a Handle, out *Handle) error {
	return failure(C.aj_contiguous(a, out))
}

func CopyInPlace(a, source Handle) error {
	return failure(C.aj_copy_(a, source))
}

func FillInPlace(a Handle, value float64) error {
	return failure(C.aj_fill_(a, C.double(value)))
}

func Release(list []Handle) error {
	data, n := handles(list)
	return failure(C.aj_release(data, n))
}

// FromData copies data, contiguous values of the type and shape.
func FromData(data unsafe.Pointer, shape []int, dtype int32, out *Handle) error {
	s, rank := ints(shape)
	return failure(C.aj_from_data(data, s, rank, C.int32_t(dtype), out))
}

func ToData(a Handle, data unsafe.Pointer, bytes int) error {
	return failure(C.aj_to_data(a, data, C.int64_t(bytes)))
}

func DataPointer(a Handle) (data unsafe.Pointer, bytes int, err error) {
	var n C.int64_t
	err = failure(C.aj_data_pointer(a, &data, &n))
	return data, int(n), err
}

// MaxRank is the largest number of dimensions that [Info] reports.
const MaxRank = 8

// Info is what is asked of a tensor most often, in one call.
type Info struct {
	Shape                            [MaxRank]int64
	Rank                             int64
	DType                            int32
	Device                           int64
	RequiresGrad, Contiguous, IsLeaf bool
}

func GetInfo(a Handle, info *Info) error {
	var flags C.int32_t
	err := failure(C.aj_info(a, (*C.int64_t)(&info.Shape[0]), (*C.int64_t)(&info.Rank), (*C.int32_t)(&info.DType), (*C.int64_t)(&info.Device), &flags))
	info.RequiresGrad, info.Contiguous, info.IsLeaf = flags&1 != 0, flags&2 != 0, flags&4 != 0
	return err
}

func Item(a Handle) (float64, error) {
	var v C.double
	err := failure(C.aj_item(a, &v))
	return float64(v), err
}
