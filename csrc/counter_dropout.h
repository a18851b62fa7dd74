#pragma once

#include "shim.h"

namespace ajolote {

// Mask says which elements are dropped: those whose numbers, drawn by seed, stream, row (from first_row on) and column, lie
// below p.
struct Mask {
  double p;
  uint64_t seed, stream;
  int64_t first_row;
};

// Draw is a mask as its loops take it: the key of the counters, what a number must reach for its element to stay, and the
// factor of what stays.
struct Draw {
  explicit Draw(const Mask& mask);

  uint64_t key;
  uint32_t limit;
  float kept;
};

// dropped gives contiguous x with the elements of the mask at 0, the others divided by 1-p. Without gradients.
at::Tensor dropped(const at::Tensor& x, const Mask& mask);

}  // namespace ajolote
