// What nf4_project.cc and its kernels agree on: the products with NF4 matrices, without autograd.
#pragma once

#include "nf4.h"

#include <vector>

namespace ajolote {

// One matrix of a forward product: y = x Wᵀ + u bᵀ + bias. u [tokens, rank] and b [out, rank] are float32, or both
// undefined; bias may be undefined.
struct NF4Forward {
  const NF4* w;
  at::Tensor bias, u, b;
};

// One matrix of a backward product: its share of dx is dy W + g a. g [tokens, rank] and a [rank, in] are float32, or both
// undefined.
struct NF4Backward {
  const NF4* w;
  at::Tensor dy, g, a;
};

// nf4_forward multiplies x [tokens, in] with every matrix. compute is the type of the factors, the weights rounded to it
// after decoding; sums are float32. The results have x's type.
std::vector<at::Tensor> nf4_forward(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute);

// nf4_backward gives the sum of all shares, [tokens, in] of the given type.
at::Tensor nf4_backward(const std::vector<NF4Backward>& parts, c10::ScalarType compute, c10::ScalarType type);

}  // namespace ajolote
