package ctorch

// #include "calls.h"
import "C"

func IndexSelect(a Handle, dim int, index Handle, out *Handle) error {
	return failure(C.aj_index_select(a, C.int64_t(dim), index, out))
}

func Gather(a Handle, dim int, index Handle, out *Handle) error {
	return failure(C.aj_gather(a, C.int64_t(dim), index, out))
}

func Scatter(a Handle, dim int, index, source Handle, out *Handle) error {
	return failure(C.aj_scatter(a, C.int64_t(dim), index, source, out))
}

func ScatterAdd(a Handle, dim int, index, source Handle, out *Handle) error {
	return failure(C.aj_scatter_add(a, C.int64_t(dim), index, source, out))
}

func IndexAdd(a Handle, dim int, index, source Handle, out *Handle) error {
	return failure(C.aj_index_add(a, C.int64_t(dim), index, source, out))
}

func MaskedSelect(a, mask Handle, out *Handle) error {
	return failure(C.aj_masked_select(a, mask, out))
}

func MaskedFill(a, mask Handle, value float64, out *Handle) error {
	return failure(C.aj_masked_fill(a, mask, C.double(value), out))
}

func Where(condition, a, b Handle, out *Handle) error {
	return failure(C.aj_where(condition, a, b, out))
}

func Nonzero(a Handle, out *Handle) error {
	return failure(C.aj_nonzero(a, out))
}

func Embedding(weight, ids Handle, sparse bool, out *Handle) error {
	return failure(C.aj_embedding(weight, ids, flag(sparse), out))
}
