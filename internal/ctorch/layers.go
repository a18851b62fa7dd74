package ctorch

// #include "calls.h"
import "C"

func Matmul(a, b Handle, out *Handle) error {
	return failure(C.aj_matmul(a, b, out))
}

func Addmm(c, a, b Handle, beta, alpha float64, out *Handle) error {
	return failure(C.aj_addmm(c, a, b, C.double(beta), C.double(alpha), out))
}

func Linear(x, weight, bias Handle, out *Handle) error {
	return failure(C.aj_linear(x, weight, bias, out))
}

func LinearGelu(x, weight, bias Handle, tanhForm bool, out *Handle) error {
	return failure(C.aj_linear_gelu(x, weight, bias, flag(tanhForm), out))
}

func Softmax(a Handle, dim int, out *Handle) error {
	return failure(C.aj_softmax(a, C.int64_t(dim), out))
}

func LogSoftmax(a Handle, dim int, out *Handle) error {
	return failure(C.aj_log_softmax(a, C.int64_t(dim), out))
}

func LogSumExp(a Handle, dim int, keep bool, out *Handle) error {
	return failure(C.aj_logsumexp(a, C.int64_t(dim), flag(keep), out))
}

func CrossEntropy(logits, targets Handle, ignore int, mean bool, out *Handle) error {
	return failure(C.aj_cross_entropy(logits, targets, C.int64_t(ignore), flag(mean), out))
}

func LayerNorm(x, weight, bias Handle, eps float64, out *Handle) error {
	return failure(C.aj_layer_norm(x, weight, bias, C.double(eps), out))
}

func ScaledDotProductAttention(q, k, v, mask Handle, dropout float64, causal bool, scale float64, out *Handle) error {
	return failure(C.aj_scaled_dot_product_attention(q, k, v, mask, C.double(dropout), flag(causal), C.double(scale), out))
}
