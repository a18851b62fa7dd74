#pragma once

#include "shim.h"

namespace ajolote {

// widened_linear is at::linear for a frozen weight of another type than x.
at::Tensor widened_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias);

}  // namespace ajolote
