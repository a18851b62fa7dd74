#pragma once

#include "kernels/trained_gemm.h"

namespace ajolote {

// trained_linear is activation(x weightᵀ + bias), x and weight of one type; see trained_linear.cc.
at::Tensor trained_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                          Activation activation);

}  // namespace ajolote
