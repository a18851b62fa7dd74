package ctorch

// #include "calls.h"
import "C"

func Compare(a, b Handle, how int32, out *Handle) error {
	return failure(C.aj_compare(a, b, C.int32_t(how), out))
}

func CompareScalar(a Handle, b float64, how int32, out *Handle) error {
	return failure(C.aj_compare_scalar(a, C.double(b), C.int32_t(how), out))
}

func Logical(a, b Handle, how int32, out *Handle) error {
	return failure(C.aj_logical(a, b, C.int32_t(how), out))
}

func Isfinite(a Handle, out *Handle) error {
	return failure(C.aj_isfinite(a, out))
}

func Equal(a, b Handle) (bool, error) {
	var same C.int32_t
	err := failure(C.aj_equal(a, b, &same))
	return same != 0, err
}
