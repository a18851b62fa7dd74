package ctorch

// #include "calls.h"
import "C"

func RMSNorm(x, weight Handle, eps float64, out *Handle) error {
	return failure(C.aj_rms_norm(x, weight, C.double(eps), out))
}

func AddRMSNorm(x, residual, weight Handle, eps float64, sum, out *Handle) error {
	return failure(C.aj_add_rms_norm(x, residual, weight, C.double(eps), sum, out))
}

func AddLayerNorm(x, residual, weight, bias Handle, eps, p float64, seed, stream uint64, firstRow int, out *Handle) error {
	return failure(C.aj_add_layer_norm(x, residual, weight, bias, C.double(eps), C.double(p), C.uint64_t(seed), C.uint64_t(stream),
		C.int64_t(firstRow), out))
}

func Rotary(x, cos, sin Handle, out *Handle) error {
	return failure(C.aj_rotary(x, cos, sin, out))
}

func SwiGLU(gate, up Handle, out *Handle) error {
	return failure(C.aj_swiglu(gate, up, out))
}

func LinearCrossEntropy(hidden, weight, targets Handle, scale float64, budgetBytes int, loss *Handle) error {
	return failure(C.aj_linear_cross_entropy(hidden, weight, targets, C.double(scale), C.int64_t(budgetBytes), loss))
}

func SegmentAttention(q, k, v Handle, bounds []int, prefixK, prefixV Handle, causal bool, window int, scale, p float64, seed, stream uint64, firstRow int, out *Handle) error {
	boundsData, boundsCount := ints(bounds)
	return failure(C.aj_segment_attention(q, k, v, boundsData, boundsCount, prefixK, prefixV, flag(causal), C.int64_t(window), C.double(scale),
		C.double(p), C.uint64_t(seed), C.uint64_t(stream), C.int64_t(firstRow), out))
}

// CachedAttention has a cache and a length for each of the len(bounds)-1 sequences.
func CachedAttention(q, k, v Handle, bounds []int, cachesK, cachesV []Handle, lengths []int, prefixK, prefixV Handle, window int, scale float64, out *Handle) error {
	b, n := ints(bounds)
	l, _ := ints(lengths)
	ck, _ := handles(cachesK)
	cv, _ := handles(cachesV)
	return failure(C.aj_cached_attention(q, k, v, b, n, ck, cv, l, prefixK, prefixV, C.int64_t(window), C.double(scale), out))
}

func CounterDropout(x Handle, p float64, seed, stream uint64, firstRow int, out *Handle) error {
	return failure(C.aj_counter_dropout(x, C.double(p), C.uint64_t(seed), C.uint64_t(stream), C.int64_t(firstRow), out))
}
