// Dropout whose mask is a function of (seed, stream, row, column) alone, so that a recomputed layer, another split into
// micro-batches and a resumed run all draw the same one.
#include "counter_dropout.h"

#include "kernels/elementwise.h"
#include "kernels/philox.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

uint64_t mix(uint64_t z) {  // the finaliser of SplitMix64
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// drop: rows [begin, end) of x times their mask, of 0 and 1/(1-p). One counter gives the four numbers of four columns; a
// block of counters goes through the ten rounds side by side.
template <typename E>
AJ_BODY drop_body(const E* x, E* y, int64_t begin, int64_t end, int64_t columns, int64_t first_row, uint64_t key,
                  uint32_t limit, float kept) {
  uint32_t c[4][kCounters];
  for (int64_t r = begin; r < end; r++) {
    const uint64_t row = static_cast<uint64_t>(first_row + r);
    for (int64_t start = 0; start < columns; start += 4 * kCounters) {
#pragma omp simd
      for (int64_t i = 0; i < kCounters; i++) {
        c[0][i] = static_cast<uint32_t>(start / 4 + i);
        c[1][i] = static_cast<uint32_t>(row);
        c[2][i] = static_cast<uint32_t>(row >> 32);
        c[3][i] = 0;
      }
      philox(c, key);
      const int64_t n = std::min(4 * kCounters, columns - start);
      const E* from = x + r * columns + start;
      E* to = y + r * columns + start;
      for (int64_t j = 0; j < n; j++) narrow(widen(from[j]) * (c[j % 4][j / 4] < limit ? 0.f : kept), &to[j]);
    }
  }
}
AJ_LEVELS(drop,
          (const E* x, E* y, int64_t begin, int64_t end, int64_t columns, int64_t first_row, uint64_t key, uint32_t limit,
           float kept),
          (x, y, begin, end, columns, first_row, key, limit, kept))

template <typename E>
at::Tensor times_mask(const at::Tensor& x, const Mask& m) {
  const int64_t columns = x.size(-1), rows = columns ? x.numel() / columns : 0;
  at::Tensor y = at::empty(x.sizes(), x.options());
  const Draw draw(m);
  parallel(rows, grain_rows(columns), [&](int64_t begin, int64_t end) {
    drop<E>(elements<E>(x), elements_to_write<E>(y), begin, end, columns, m.first_row, draw.key, draw.limit,
            rounded<E>(draw.kept));
  });
  return y;
}

}  // namespace

Draw::Draw(const Mask& m)
    : key(mix(m.seed ^ mix(m.stream))),
      limit(static_cast<uint32_t>(m.p * 4294967296.0)),
      kept(static_cast<float>(1.0 / (1.0 - m.p))) {}

// The composite multiplies by the mask as a tensor; the mask itself is always made in main memory.
at::Tensor dropped(const at::Tensor& x, const Mask& m) {
  if (!kernels_fit(x)) {
    at::Tensor ones = at::ones(x.sizes(), at::TensorOptions().dtype(at::kFloat));
    return x * times_mask<float>(ones, m).to(x.device(), x.scalar_type());
  }
  return x.scalar_type() == at::kFloat ? times_mask<float>(x, m) : times_mask<bf16>(x, m);
}

namespace {

struct CounterDropout : torch::autograd::Function<CounterDropout> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const Mask& m) {
    ctx->saved_data["p"] = m.p;
    ctx->saved_data["seed"] = static_cast<int64_t>(m.seed);
    ctx->saved_data["stream"] = static_cast<int64_t>(m.stream);
    ctx->saved_data["first_row"] = m.first_row;
    return dropped(x.contiguous(), m);
  }

  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    auto& saved = ctx->saved_data;
    const Mask m{saved["p"].toDouble(), static_cast<uint64_t>(saved["seed"].toInt()),
                 static_cast<uint64_t>(saved["stream"].toInt()), saved["first_row"].toInt()};
    return {dropped(dy[0].contiguous(), m), at::Tensor()};
  }
};

}  // namespace

void counter_dropout(aj_tensor x, double p, uint64_t seed, uint64_t stream, int64_t first_row, aj_tensor* out) {
  TORCH_CHECK(p >= 0 && p < 1, "the dropout probability must lie in [0, 1), not be ", p);
  TORCH_CHECK(T(x).dim() >= 1, "dropout needs rows");
  give(out, CounterDropout::apply(T(x), Mask{p, seed, stream, first_row}));
}

}  // namespace ajolote
