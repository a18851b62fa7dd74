// Products of many tokens with a large frozen matrix of float32, bfloat16 or float16: an output head.
#pragma once

#include "../shim.h"

namespace ajolote {

// dense_gemm_fits says whether the two products below can take x, or dy, and w [out, in] at this kernel level.
bool dense_gemm_fits(const at::Tensor& x, const at::Tensor& w);

// dense_gemm_forward writes x wᵀ into y [tokens, out]; x is [tokens, in], all but w in float32.
void dense_gemm_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& y);

// dense_gemm_backward writes dy w into dx [tokens, in]; dy is [tokens, out].
void dense_gemm_backward(const at::Tensor& dy, const at::Tensor& w, const at::Tensor& dx);

}  // namespace ajolote
