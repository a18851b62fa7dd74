// The thin products of a low-rank term: one side has a few columns, the rank. Float32; through tiles where they fit
// (kernels/trained_gemm.h), else ATen's product.
#pragma once

#include "shim.h"

namespace ajolote {

// low_rank_down is x aᵀ: x [tokens, in], a [rank, in].
at::Tensor low_rank_down(const at::Tensor& x, const at::Tensor& a);

// low_rank_back is dy b: dy [tokens, out], b [out, rank].
at::Tensor low_rank_back(const at::Tensor& dy, const at::Tensor& b);

// low_rank_weight is wideᵀ thin: wide [tokens, n], thin [tokens, rank].
at::Tensor low_rank_weight(const at::Tensor& wide, const at::Tensor& thin);

}  // namespace ajolote
