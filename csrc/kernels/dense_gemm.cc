// y = x wᵀ and dx = dy w through ATen's brgemm, as in nf4_gemm.cc: on AMD, MKL's own float32 product takes a path that is
// slower by half. A 16-bit matrix is widened tile by tile; a float32 one is used where it lies.
//
//   forward   yᵀ = w xᵀ: rows of w are the left factor, xᵀ, packed once, the right one. Threads take bands of rows.
//   backward  dx = dy w: w is the right factor, in its own order. Threads take bands of columns.
//
// No two threads add to one sum, so the result does not depend on their number.
#include "dense_gemm.h"

#include "elementwise.h"
#include "tiles.h"

#include <ATen/native/CPUBlas.h>
#include <c10/util/Half.h>

namespace ajolote {
namespace {

using at::native::cpublas::brgemm;

// tile_rows keeps a tile of forward, all columns wide, within a quarter of a megabyte.
int64_t tile_rows(int64_t inner) {
  int64_t rows = 64;
  while (rows > 16 && rows * inner > 65536) rows /= 2;
  return rows;
}

constexpr int64_t kSide = 256;  // of a tile of backward

// widen_tile widens rows x cols elements at w into out [rows, cols].
template <typename E>
AJ_BODY widen_tile_body(const E* w, int64_t stride, int64_t rows, int64_t cols, float* out) {
  for (int64_t r = 0; r < rows; r++)
#pragma omp simd
    for (int64_t c = 0; c < cols; c++) out[r * cols + c] = widen(w[r * stride + c]);
}
AJ_LEVELS(widen_tile, (const E* w, int64_t stride, int64_t rows, int64_t cols, float* out), (w, stride, rows, cols, out))

// copy_tile is widen_tile for every type that a head may have.
template <typename E>
void copy_tile(const E* w, int64_t stride, int64_t rows, int64_t cols, float* out) {
  if constexpr (std::is_same_v<E, float>)
    widen_tile<float>(w, stride, rows, cols, out);
  else if constexpr (std::is_same_v<E, at::BFloat16>)
    widen_tile<bf16>(reinterpret_cast<const bf16*>(w), stride, rows, cols, out);
  else
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < cols; c++) out[r * cols + c] = static_cast<float>(w[r * stride + c]);
}

template <typename E>
void forward(const at::Tensor& x, const E* w, int64_t outs, const at::Tensor& y) {
  const int64_t tokens = x.size(0), inner = x.size(1), step = tile_rows(inner), stride = y.stride(0);
  Panels<float> panels(tokens, inner);
  pack_floats(panels, x.data_ptr<float>(), inner);
  float* out = y.data_ptr<float>();
  constexpr bool in_place = std::is_same_v<E, float>;
  parallel((outs + step - 1) / step, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> tile(in_place ? 0 : step * inner), sums(step * kPanel);
    for (int64_t row = begin * step; row < std::min(outs, end * step); row += step) {
      const int64_t rows = std::min(step, outs - row);
      const float* left = tile.data;
      if constexpr (in_place)
        left = w + row * inner;
      else
        copy_tile(w + row * inner, inner, rows, inner, tile.data);
      for (int64_t p = 0; p < panels.count(); p++) {
        const int64_t width = panels.width(p);
        brgemm(rows, width, inner, inner, width, width, false, left, panels.panel(p), sums.data);
        write_transposed<float>(sums.data, rows, width, std::min(kPanel, tokens - p * kPanel), nullptr,
                                out + p * kPanel * stride + row, stride, nullptr);
      }
    }
    at::native::cpublas::brgemm_release(false);
  });
}

template <typename E>
void backward(const at::Tensor& dy, const E* w, int64_t outs, const at::Tensor& dx) {
  const int64_t tokens = dy.size(0), inner = dx.size(1), left_stride = dy.stride(0), stride = dx.stride(0);
  const float* left = dy.data_ptr<float>();
  float* out = dx.data_ptr<float>();
  parallel((inner + kLane - 1) / kLane, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> tile(kSide * kSide);
    const int64_t last = std::min(inner, end * kLane);
    for (int64_t col = begin * kLane; col < last; col += kSide) {
      const int64_t cols = std::min(kSide, last - col);
      for (int64_t row = 0; row < outs; row += kSide) {
        const int64_t rows = std::min(kSide, outs - row);
        copy_tile(w + row * inner + col, inner, rows, cols, tile.data);
        for (int64_t t = 0, n; t < tokens; t += n) {
          n = panel_rows(tokens - t);
          brgemm(n, cols, rows, left_stride, cols, stride, row > 0, left + t * left_stride + row, tile.data,
                 out + t * stride + col);
        }
      }
    }
    at::native::cpublas::brgemm_release(false);
  });
}

template <typename F>
void by_type(const at::Tensor& w, F f) {
  switch (w.scalar_type()) {
    case at::kFloat: return f(w.data_ptr<float>());
    case at::kBFloat16: return f(w.data_ptr<at::BFloat16>());
    case at::kHalf: return f(w.data_ptr<at::Half>());
    default: TORCH_CHECK(false, "no product with a matrix of ", w.scalar_type());
  }
}

}  // namespace

bool dense_gemm_fits(const at::Tensor& x, const at::Tensor& w) {
  const auto type = w.scalar_type();
  return kernel_level() >= Level::avx2 && x.device().is_cpu() && w.device().is_cpu() && x.scalar_type() == at::kFloat &&
         (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf) && x.dim() == 2 && x.stride(1) == 1 &&
         w.is_contiguous() && x.size(0) >= kLane && w.size(1) >= kLane;
}

void dense_gemm_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& y) {
  const at::Tensor in = x.contiguous();
  by_type(w, [&](const auto* data) { forward(in, data, w.size(0), y); });
}

void dense_gemm_backward(const at::Tensor& dy, const at::Tensor& w, const at::Tensor& dx) {
  by_type(w, [&](const auto* data) { backward(dy, data, w.size(0), dx); });
}

}  // namespace ajolote
