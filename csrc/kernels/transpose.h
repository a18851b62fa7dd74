// Transposing words of four bytes, in blocks of 8 x 8 where the CPU has AVX2.
#pragma once

#include "../shim.h"

#include <cstdint>

namespace ajolote {

// transpose writes the columns of in [rows, cols] as the rows of out [cols, rows]; strides are in words. The words may be
// floats, or pairs of bfloat16 that stay together.
void transpose(const uint32_t* in, int64_t rows, int64_t cols, int64_t in_stride, uint32_t* out, int64_t out_stride);

inline void transpose(const float* in, int64_t rows, int64_t cols, int64_t in_stride, float* out, int64_t out_stride) {
  transpose(reinterpret_cast<const uint32_t*>(in), rows, cols, in_stride, reinterpret_cast<uint32_t*>(out), out_stride);
}

}  // namespace ajolote
