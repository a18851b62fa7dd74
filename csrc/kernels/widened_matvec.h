// Products of one to some float32 tokens with a 16-bit matrix, in float32: the weights are widened in registers, for a few tokens
// in the time of reading them once. See widened_matvec.cc.
#pragma once

#include "../shim.h"

namespace ajolote {

// widened_matvec_fits says whether the kernels can multiply x [tokens, in] with weight [out, in].
bool widened_matvec_fits(const at::Tensor& x, const at::Tensor& weight);

// widened_matvec returns [tokens, out].
at::Tensor widened_matvec(const at::Tensor& x, const at::Tensor& weight);

// widened_lanes_fits says whether x has 9 to 64 tokens, in float32 or, like the weight, in bfloat16, and the CPU what
// widened_lanes takes: the same product, float32 in both cases.
bool widened_lanes_fits(const at::Tensor& x, const at::Tensor& weight);

at::Tensor widened_lanes(const at::Tensor& x, const at::Tensor& weight);

// widened_matvec_rows returns the columns of widened_matvec for some rows of weight, [tokens, rows], to the bit. Nothing else
// of weight is read.
at::Tensor widened_matvec_rows(const at::Tensor& x, const at::Tensor& weight, const int64_t* rows, int64_t n);

}  // namespace ajolote
