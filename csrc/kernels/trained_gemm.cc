// Linear layers whose weights are trained, or change type with their input, through ATen's brgemm. All three products have
// their right factor cut into panels of 64 columns, [inner, 64], and their left one in rows of `inner` elements:
//
//   forward   y = x wᵀ:   x where it lies, wᵀ in panels. Threads take bands of tokens; bias and activation are applied to
//                         a tile of sums while it is in the first-level cache.
//   input     dx = dy w:  dy where it lies, w in panels. Threads take bands of tokens.
//   weight    dw = dyᵀ x: dyᵀ transposed a block at a time, x in panels. Threads take bands of outputs.
//
// Panels are packed anew at every call: a few per cent of the product from some hundred tokens on, and no copy of a weight
// can be out of date. A sum belongs to one thread and runs in one order, so results do not depend on the threads.
#include "trained_gemm.h"

#include "gelu.h"
#include "tiles.h"
#include "transpose.h"

#include <ATen/native/CPUBlas.h>

namespace ajolote {
namespace {

using at::native::cpublas::brgemm;

constexpr int64_t kRows = 64;    // of a tile of sums
constexpr int64_t kDepth = 512;  // tokens of a block of dyᵀ: 128 kB beside a panel of as much
constexpr int64_t kLeast = 16;   // tokens below which ATen's product is as good

// pack_transposed makes panels of mᵀ, m [columns, inner]. Pairs of bfloat16 travel as words of four bytes.
void pack_transposed(const Panels<uint32_t>& to, const uint32_t* m, int64_t stride) {
  parallel(to.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const int64_t width = to.width(p), columns = std::min(kPanel, to.tokens - p * kPanel);
      uint32_t* out = to.panel(p);
      if (columns < width) std::fill_n(out, width * to.inner, 0u);
      transpose(m + p * kPanel * stride, columns, to.inner, stride, out, width);
    }
  });
}

// pack_rows makes panels of m [inner, columns] itself; the inner dimension may be padded with zeros beyond `rows`.
void pack_rows(const Panels<float>& to, const float* m, int64_t rows, int64_t stride) {
  parallel(to.count(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const int64_t width = to.width(p), columns = std::min(kPanel, to.tokens - p * kPanel);
      float* out = to.panel(p);
      for (int64_t r = 0; r < rows; r++) {
        std::copy_n(m + r * stride + p * kPanel, columns, out + r * width);
        std::fill_n(out + r * width + columns, width - columns, 0.f);
      }
      std::fill_n(out + rows * width, (to.inner - rows) * width, 0.f);
    }
  });
}

// finish: a tile of sums [rows, width] gets its bias and becomes rows of y, with a stride, and of before where not null.
template <typename E>
AJ_BODY finish_body(const float* sums, int64_t rows, int64_t width, int64_t columns, const float* bias,
                    Activation activation, E* y, E* before, int64_t stride) {
  for (int64_t r = 0; r < rows; r++) {
    const float* s = sums + r * width;
    E* out = y + r * stride;
    if (before) {
      E* u = before + r * stride;
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) narrow(s[c] + bias[c], &u[c]);
    }
    if (activation == Activation::none) {
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) narrow(s[c] + bias[c], &out[c]);
    } else if (activation == Activation::gelu) {
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) narrow(gelu(rounded<E>(s[c] + bias[c])), &out[c]);
    } else {
#pragma omp simd
      for (int64_t c = 0; c < columns; c++) narrow(gelu_tanh(rounded<E>(s[c] + bias[c])), &out[c]);
    }
  }
}
AJ_LEVELS(finish,
          (const float* sums, int64_t rows, int64_t width, int64_t columns, const float* bias, Activation activation, E* y,
           E* before, int64_t stride),
          (sums, rows, width, columns, bias, activation, y, before, stride))

// next_rows is how many of the rows that are left a tile takes: in powers of two at the end, so that brgemm compiles few
// programs.
int64_t next_rows(int64_t left) {
  int64_t n = kRows;
  while (n > left) n /= 2;
  return n;
}

// product runs brgemm on a tile of either type; inner counts elements.
void product(int64_t rows, int64_t width, int64_t inner, const float* left, const float* panel, float* sums) {
  brgemm(rows, width, inner, inner, width, width, false, left, panel, sums);
}
void product(int64_t rows, int64_t width, int64_t inner, const bf16* left, const bf16* panel, float* sums) {
  brgemm(rows, width, inner, inner, width, width, false, reinterpret_cast<const at::BFloat16*>(left),
         reinterpret_cast<const at::BFloat16*>(panel), sums, /*is_vnni=*/true);
}

template <typename E>
void forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, Activation activation, const at::Tensor& y,
             const at::Tensor& before) {
  constexpr int64_t kPerWord = 4 / sizeof(E);
  const int64_t tokens = x.size(0), inner = x.size(1), outs = w.size(0);
  Panels<uint32_t> panels(outs, inner / kPerWord);
  pack_transposed(panels, static_cast<const uint32_t*>(w.const_data_ptr()), inner / kPerWord);
  Buffer<float> offsets(round_up(outs, kPanel));
  std::fill_n(offsets.data, round_up(outs, kPanel), 0.f);
  if (bias.defined()) std::copy_n(bias.to(at::kFloat).contiguous().data_ptr<float>(), outs, offsets.data);
  const E* in = elements<E>(x);
  E *out = elements_to_write<E>(y), *argument = before.defined() ? elements_to_write<E>(before) : nullptr;
  parallel((tokens + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> sums(kRows * kPanel);
    const int64_t last = std::min(tokens, end * kRows);
    for (int64_t t = begin * kRows, n; t < last; t += n) {
      n = next_rows(last - t);
      for (int64_t p = 0; p < panels.count(); p++) {
        const int64_t width = panels.width(p), first = p * kPanel;
        product(n, width, inner, in + t * inner, reinterpret_cast<const E*>(panels.panel(p)), sums.data);
        finish<E>(sums.data, n, width, std::min(kPanel, outs - first), offsets.data + first, activation,
                  out + t * outs + first, argument ? argument + t * outs + first : nullptr, outs);
      }
    }
    at::native::cpublas::brgemm_release(sizeof(E) == 2);
  });
}

}  // namespace

bool trained_gemm_fits(const at::Tensor& x, const at::Tensor& w) {
  const Level level = kernel_level();
  const auto type = x.scalar_type();
  return (type == at::kFloat ? level >= Level::avx2 : type == at::kBFloat16 && level >= Level::avx512bf16) &&
         w.scalar_type() == type && x.device().is_cpu() && w.device().is_cpu() && x.dim() == 2 && w.dim() == 2 &&
         x.size(1) == w.size(1) && x.size(0) >= kLeast && w.size(0) >= kLane && x.size(1) >= kLane && x.size(1) % 2 == 0;
}

void trained_gemm_forward(const at::Tensor& x, const at::Tensor& w, const at::Tensor& bias, Activation activation,
                          const at::Tensor& y, const at::Tensor& before) {
  const at::Tensor in = x.contiguous(), weight = w.contiguous();
  if (in.scalar_type() == at::kFloat)
    forward<float>(in, weight, bias, activation, y, before);
  else
    forward<bf16>(in, weight, bias, activation, y, before);
}

void trained_gemm_input(const at::Tensor& dy, const at::Tensor& w, const at::Tensor& dx) {
  const at::Tensor in = dy.contiguous(), weight = w.contiguous();
  const int64_t tokens = in.size(0), outs = in.size(1), inner = weight.size(1);
  Panels<float> panels(inner, outs);
  pack_rows(panels, weight.data_ptr<float>(), outs, inner);
  const float* left = in.data_ptr<float>();
  float* out = dx.data_ptr<float>();
  parallel((tokens + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> sums(kRows * kPanel);
    const int64_t last = std::min(tokens, end * kRows);
    for (int64_t t = begin * kRows, n; t < last; t += n) {
      n = next_rows(last - t);
      for (int64_t p = 0; p < panels.count(); p++) {
        const int64_t width = panels.width(p), columns = std::min(kPanel, inner - p * kPanel);
        product(n, width, outs, left + t * outs, panels.panel(p), sums.data);
        for (int64_t r = 0; r < n; r++) std::copy_n(sums.data + r * width, columns, out + (t + r) * inner + p * kPanel);
      }
    }
    at::native::cpublas::brgemm_release(false);
  });
}

void trained_gemm_weight(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& dw) {
  const at::Tensor left = dy.contiguous(), right = x.contiguous();
  const int64_t tokens = left.size(0), outs = left.size(1), inner = right.size(1), depth = round_up(tokens, kPanel);
  Panels<float> panels(inner, depth);
  pack_rows(panels, right.data_ptr<float>(), tokens, inner);
  const float* from = left.data_ptr<float>();
  float* out = dw.data_ptr<float>();
  parallel((outs + kRows - 1) / kRows, 1, [&](int64_t begin, int64_t end) {
    Buffer<float> block(kRows * kDepth), sums(kRows * round_up(inner, kLane));
    const int64_t last = std::min(outs, end * kRows);
    for (int64_t o = begin * kRows, n; o < last; o += n) {
      n = next_rows(last - o);
      for (int64_t t = 0; t < depth; t += kDepth) {
        const int64_t steps = std::min(kDepth, depth - t), have = std::min(steps, tokens - t);
        transpose(from + t * outs + o, have, n, outs, block.data, steps);
        for (int64_t r = 0; r < n; r++) std::fill_n(block.data + r * steps + have, steps - have, 0.f);
        for (int64_t p = 0; p < panels.count(); p++) {
          const int64_t width = panels.width(p);
          brgemm(n, width, steps, steps, width, width, /*add_C=*/t > 0, block.data, panels.panel(p) + t * width,
                 sums.data + p * kPanel * kRows);
        }
      }
      for (int64_t p = 0; p < panels.count(); p++) {
        const int64_t width = panels.width(p), columns = std::min(kPanel, inner - p * kPanel);
        for (int64_t r = 0; r < n; r++)
          std::copy_n(sums.data + p * kPanel * kRows + r * width, columns, out + (o + r) * inner + p * kPanel);
      }
    }
    at::native::cpublas::brgemm_release(false);
  });
}

}  // namespace ajolote
