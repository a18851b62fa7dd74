// Dropout whose mask is a function of (seed, stream, row, column) alone, so that a recomputed layer, another split into
// micro-batches and a resumed run all draw the same one. Numbers: Philox4x32-10 (Salmon et al., 2011).
#include "shim.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

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

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, uint64_t key) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; round++) {
    uint64_t a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// mask gives [rows, columns] of 0 and 1/(1-p).
at::Tensor mask(const at::Tensor& x, double p, uint64_t seed, uint64_t stream, int64_t first_row) {
  const int64_t columns = x.size(-1), rows = columns ? x.numel() / columns : 0;
  at::Tensor m = at::empty({rows, columns}, at::TensorOptions().dtype(at::kFloat));
  float* data = m.data_ptr<float>();
  const uint64_t key = mix(seed ^ mix(stream));
  const uint64_t limit = static_cast<uint64_t>(p * 4294967296.0);
  const float kept = static_cast<float>(1.0 / (1.0 - p));
  at::parallel_for(0, rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const uint64_t row = static_cast<uint64_t>(first_row + r);
      for (int64_t c = 0; c < columns; c += 4) {
        auto u = philox({static_cast<uint32_t>(c / 4), static_cast<uint32_t>(row), static_cast<uint32_t>(row >> 32), 0}, key);
        for (int64_t j = 0; j < 4 && c + j < columns; j++) data[r * columns + c + j] = u[j] < limit ? 0.f : kept;
      }
    }
  });
  return m.view(x.sizes()).to(x.device(), x.scalar_type());
}

struct CounterDropout : torch::autograd::Function<CounterDropout> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, double p, int64_t seed, int64_t stream,
                            int64_t first_row) {
    ctx->saved_data["p"] = p;
    ctx->saved_data["seed"] = seed;
    ctx->saved_data["stream"] = stream;
    ctx->saved_data["first_row"] = first_row;
    return x * mask(x, p, static_cast<uint64_t>(seed), static_cast<uint64_t>(stream), first_row);
  }

  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    at::Tensor m = mask(dy[0], ctx->saved_data["p"].toDouble(), static_cast<uint64_t>(ctx->saved_data["seed"].toInt()),
                        static_cast<uint64_t>(ctx->saved_data["stream"].toInt()), ctx->saved_data["first_row"].toInt());
    return {dy[0] * m, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

void counter_dropout(aj_tensor x, double p, uint64_t seed, uint64_t stream, int64_t first_row, aj_tensor* out) {
  TORCH_CHECK(p >= 0 && p < 1, "the dropout probability must lie in [0, 1), not be ", p);
  TORCH_CHECK(T(x).dim() >= 1, "dropout needs rows");
  give(out, CounterDropout::apply(T(x), p, static_cast<int64_t>(seed), static_cast<int64_t>(stream), first_row));
}

}  // namespace ajolote
