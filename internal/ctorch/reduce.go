package ctorch

// #include "calls.h"
import "C"

func Sum(a Handle, dims []int, keep bool, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_sum(a, dimsData, dimsCount, flag(keep), out))
}

func Mean(a Handle, dims []int, keep bool, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_mean(a, dimsData, dimsCount, flag(keep), out))
}

func Amax(a Handle, dims []int, keep bool, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_amax(a, dimsData, dimsCount, flag(keep), out))
}

func Amin(a Handle, dims []int, keep bool, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_amin(a, dimsData, dimsCount, flag(keep), out))
}

func Norm(a Handle, dims []int, keep bool, out *Handle) error {
	dimsData, dimsCount := ints(dims)
	return failure(C.aj_norm(a, dimsData, dimsCount, flag(keep), out))
}

func Variance(a Handle, dim int, unbiased, keep bool, out *Handle) error {
	return failure(C.aj_variance(a, C.int64_t(dim), flag(unbiased), flag(keep), out))
}

func Argmax(a Handle, dim int, keep bool, out *Handle) error {
	return failure(C.aj_argmax(a, C.int64_t(dim), flag(keep), out))
}

func TopK(a Handle, k, dim int, values, indices *Handle) error {
	return failure(C.aj_topk(a, C.int64_t(k), C.int64_t(dim), values, indices))
}

func Sort(a Handle, dim int, descending bool, values, indices *Handle) error {
	return failure(C.aj_sort(a, C.int64_t(dim), flag(descending), values, indices))
}

func Cumsum(a Handle, dim int, out *Handle) error {
	return failure(C.aj_cumsum(a, C.int64_t(dim), out))
}

func Any(a Handle, out *Handle) error {
	return failure(C.aj_any(a, out))
}

func All(a Handle, out *Handle) error {
	return failure(C.aj_all(a, out))
}
