// Coding whole blocks in NF4, at every kernel level: the same bytes as the composite of ../nf4_quantize.cc.
#pragma once

#include "../shim.h"

#include <cstdint>

namespace ajolote {

// nf4_quantize_blocks codes n elements, whole blocks, of type float32, bfloat16 or float16: two codes a byte, one scale a
// block. A block with a NaN or an infinity gets a scale that is not finite; its codes mean nothing.
void nf4_quantize_blocks(const void* x, c10::ScalarType type, int64_t n, int64_t block, uint8_t* codes, float* absmax);

}  // namespace ajolote
