// The three products of a linear layer whose weight has the type of its input: forward, with what follows it in the same
// pass, and the gradients of input and weight.
#pragma once

#include "../shim.h"

namespace ajolote {

// Activation is what follows a linear layer: gelu with the error function, or in the form with tanh.
enum class Activation { none, gelu, gelu_tanh };

// trained_gemm_fits says whether trained_gemm_forward can take x [tokens, in] and w [out, in] at this kernel level: float32,
// or bfloat16 where the CPU multiplies it. The gradients are of float32 alone.
bool trained_gemm_fits(const at::Tensor& x, const at::Tensor& w);

// trained_gemm_forward writes activation(x wᵀ + bias) into y [tokens, out], and the activation's argument into before where
// that is defined. bias [out] may be undefined.
void trained_gemm_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, Activation activation,
                          const at::Tensor& y, const at::Tensor& before);

// trained_gemm_input writes dy w into dx [tokens, in].
void trained_gemm_input(const at::Tensor& dy, const at::Tensor& w, const at::Tensor& dx);

// trained_gemm_weight writes dyᵀ x into dw [out, in].
void trained_gemm_weight(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& dw);

}  // namespace ajolote
