// Products of many tokens with NF4 matrices: tiles of the weight are decoded into the cache and multiplied there by
// ATen's brgemm (oneDNN's micro-kernels). See nf4_gemm.cc.
#pragma once

#include "../nf4_project.h"
#include "nf4_decode.h"

namespace ajolote {

std::vector<at::Tensor> nf4_gemm_forward(const at::Tensor& x, const std::vector<NF4Forward>& parts,
                                         c10::ScalarType compute);
at::Tensor nf4_gemm_backward(const std::vector<NF4Backward>& parts, c10::ScalarType compute, c10::ScalarType type);

}  // namespace ajolote
