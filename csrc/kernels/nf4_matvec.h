// Products of one to a few tokens with NF4 matrices, in exact float32 whatever type is asked for: the codes are read once,
// straight from memory, for all tokens, and rounding the factors would cost more than it saves. See nf4_matvec.cc.
#pragma once

#include "../nf4_project.h"

namespace ajolote {

// The most tokens that nf4_matvec takes; from more on, decoded tiles are faster.
constexpr int64_t kMatvecTokens = 8;

// nf4_matvec_fits says whether the kernels can multiply these.
bool nf4_matvec_fits(const at::Tensor& x, const std::vector<NF4Forward>& parts);

std::vector<at::Tensor> nf4_matvec(const at::Tensor& x, const std::vector<NF4Forward>& parts);

}  // namespace ajolote
