// NF4 (Dettmers et al., "QLoRA", 2023): a matrix in 4-bit codes with one scale, absmax, for each block of its row-major
// elements, stored as bitsandbytes stores it.
//
//   codes   uint8, two to a byte, the earlier element in the high half; an odd count is completed with the code of zero
//   absmax  float32, one a block; or, double quantised, uint8 with
//           absmax[i] = nested_map[code[i]] * nested_absmax[i / 256] + offset
//   element = levels[code] * absmax[element / block], a float32 product
#pragma once

#include "shim.h"

namespace ajolote {

// Blocks of absmax that share one nested scale.
constexpr int64_t kNestedBlock = 256;

struct NF4 {
  at::Tensor codes;                      // uint8, contiguous
  at::Tensor absmax;                     // float32 or uint8 [blocks]
  at::Tensor nested_absmax, nested_map;  // float32 [ceil(blocks / 256)], [256]; undefined when absmax is float32
  float offset = 0;
  int64_t block = 64;
  int64_t rows = 0, cols = 0;

  bool nested() const { return nested_absmax.defined(); }
  int64_t numel() const { return rows * cols; }
  int64_t blocks() const { return (numel() + block - 1) / block; }
};

// read_nf4 checks what came over the interface: a wrong size here would be a read past the end later.
NF4 read_nf4(const aj_nf4& w);

// The level tables on a device, float32 [16] and [256].
at::Tensor nf4_levels(c10::Device device);
at::Tensor nf4_dynamic_map();

// absmax_of expands the scales: float32 [blocks].
at::Tensor absmax_of(const NF4& w);

// dequantize gives the matrix [rows, cols]: the float32 products, rounded to dtype.
at::Tensor dequantize(const NF4& w, c10::ScalarType dtype);

}  // namespace ajolote
