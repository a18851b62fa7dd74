// What the products through brgemm share: aligned buffers, panels of transposed tokens, sums written out transposed.
#pragma once

#include "../parallel.h"
#include "transpose.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <type_traits>

namespace ajolote {

constexpr int64_t kPanel = 64;  // tokens of one product
constexpr int64_t kLane = 16;   // a panel's width is a multiple of it

inline int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// panel_rows is how many of the tokens that are left backward takes next. brgemm compiles a program for every size and keeps
// it, so what remains after whole panels is taken in powers of two: seven sizes instead of 64.
inline int64_t panel_rows(int64_t left) {
  int64_t n = kPanel;
  while (n > left) n /= 2;
  return n;
}

template <typename T>
struct Buffer {
  explicit Buffer(int64_t n)
      : data(static_cast<T*>(std::aligned_alloc(64, round_up(std::max<int64_t>(n, 1) * sizeof(T), 64)))) {
    TORCH_CHECK(data, "out of memory");
  }
  ~Buffer() { std::free(data); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  T* const data;
};

// Panels holds xᵀ of a group of tokens: for each panel of up to kPanel tokens, [inner, width]; bfloat16 as [inner/2, width, 2].
// Widths are multiples of kLane, what is beyond the last token zero.
template <typename T>
struct Panels {
  Panels(int64_t tokens, int64_t inner) : tokens(tokens), inner(inner), all(round_up(tokens, kLane) * inner) {}

  int64_t count() const { return (tokens + kPanel - 1) / kPanel; }
  int64_t width(int64_t p) const { return std::min(kPanel, round_up(tokens - p * kPanel, kLane)); }
  T* panel(int64_t p) const { return all.data + p * kPanel * inner; }

  int64_t tokens, inner;
  Buffer<T> all;
};

inline void pack_floats(const Panels<float>& to, const float* x, int64_t stride) {
  parallel(to.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const int64_t width = to.width(p), tokens = std::min(kPanel, to.tokens - p * kPanel);
      float* out = to.panel(p);
      if (tokens < width) std::fill_n(out, width * to.inner, 0.f);
      transpose(x + p * kPanel * stride, tokens, to.inner, stride, out, width);
    }
  });
}

// write_transposed adds the bias, if any, to sums [rows, width] and writes them as [tokens, rows] with a stride. space holds
// [tokens, rows] floats, for types other than float.
template <typename Out>
void write_transposed(float* sums, int64_t rows, int64_t width, int64_t tokens, const float* bias, Out* out, int64_t stride,
                      float* space) {
  for (int64_t r = 0; bias && r < rows; r++)
    for (int64_t t = 0; t < tokens; t++) sums[r * width + t] += bias[r];
  if constexpr (std::is_same_v<Out, float>) {
    transpose(sums, rows, tokens, width, out, stride);
  } else {
    transpose(sums, rows, tokens, width, space, rows);
    for (int64_t t = 0; t < tokens; t++)
      for (int64_t r = 0; r < rows; r++) out[t * stride + r] = static_cast<Out>(space[t * rows + r]);
  }
}

}  // namespace ajolote
