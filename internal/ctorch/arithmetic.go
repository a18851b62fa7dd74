package ctorch

// #include "calls.h"
import "C"

func Add(a, b Handle, alpha float64, out *Handle) error {
	return failure(C.aj_add(a, b, C.double(alpha), out))
}

func Mul(a, b Handle, out *Handle) error {
	return failure(C.aj_mul(a, b, out))
}

func Div(a, b Handle, out *Handle) error {
	return failure(C.aj_div(a, b, out))
}

func Maximum(a, b Handle, out *Handle) error {
	return failure(C.aj_maximum(a, b, out))
}

func Minimum(a, b Handle, out *Handle) error {
	return failure(C.aj_minimum(a, b, out))
}

func AddScalar(a Handle, b float64, out *Handle) error {
	return failure(C.aj_add_scalar(a, C.double(b), out))
}

func MulScalar(a Handle, b float64, out *Handle) error {
	return failure(C.aj_mul_scalar(a, C.double(b), out))
}

func PowScalar(a Handle, b float64, out *Handle) error {
	return failure(C.aj_pow_scalar(a, C.double(b), out))
}

func Clamp(a Handle, low, high float64, out *Handle) error {
	return failure(C.aj_clamp(a, C.double(low), C.double(high), out))
}

func AddInPlace(a, b Handle, alpha float64) error {
	return failure(C.aj_add_(a, b, C.double(alpha)))
}

func MulInPlace(a, b Handle) error {
	return failure(C.aj_mul_(a, b))
}

func MulScalarInPlace(a Handle, b float64) error {
	return failure(C.aj_mul_scalar_(a, C.double(b)))
}

func Neg(a Handle, out *Handle) error {
	return failure(C.aj_neg(a, out))
}

func Abs(a Handle, out *Handle) error {
	return failure(C.aj_abs(a, out))
}

func Exp(a Handle, out *Handle) error {
	return failure(C.aj_exp(a, out))
}

func Log(a Handle, out *Handle) error {
	return failure(C.aj_log(a, out))
}

func Sqrt(a Handle, out *Handle) error {
	return failure(C.aj_sqrt(a, out))
}

func Rsqrt(a Handle, out *Handle) error {
	return failure(C.aj_rsqrt(a, out))
}

func Reciprocal(a Handle, out *Handle) error {
	return failure(C.aj_reciprocal(a, out))
}

func Sin(a Handle, out *Handle) error {
	return failure(C.aj_sin(a, out))
}

func Cos(a Handle, out *Handle) error {
	return failure(C.aj_cos(a, out))
}

func Tanh(a Handle, out *Handle) error {
	return failure(C.aj_tanh(a, out))
}

func Sigmoid(a Handle, out *Handle) error {
	return failure(C.aj_sigmoid(a, out))
}

func Relu(a Handle, out *Handle) error {
	return failure(C.aj_relu(a, out))
}

func Silu(a Handle, out *Handle) error {
	return failure(C.aj_silu(a, out))
}

func Gelu(a Handle, tanhForm bool, out *Handle) error {
	return failure(C.aj_gelu(a, flag(tanhForm), out))
}

func Round(a Handle, out *Handle) error {
	return failure(C.aj_round(a, out))
}

func Floor(a Handle, out *Handle) error {
	return failure(C.aj_floor(a, out))
}

func Sign(a Handle, out *Handle) error {
	return failure(C.aj_sign(a, out))
}
