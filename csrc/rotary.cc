// Rotary position embedding (Su et al., 2021) in the half-split form of the Hugging Face checkpoints: element i turns with
// element i + D/2. x is [tokens, heads, D]; cos and sin are [tokens, D/2] in float32. Backward turns by the negative angle.
// The kernel reads x where it lies, also inside a wider row (queries beside keys), and writes the result once.
#include "kernels/elementwise.h"
#include "recorded.h"

#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// turn: tokens [begin, end) of x, whose tokens and heads lie token_stride and head_stride elements apart. sign is -1 for the
// inverse.
template <typename E>
AJ_BODY turn_body(const E* x, int64_t token_stride, int64_t head_stride, const float* cos, const float* sin, float sign,
                  E* y, int64_t heads, int64_t half, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; token++) {
    const float *c = cos + token * half, *s = sin + token * half;
    for (int64_t head = 0; head < heads; head++) {
      const E* a = x + token * token_stride + head * head_stride;
      const E* b = a + half;
      E* out_a = y + (token * heads + head) * 2 * half;
      E* out_b = out_a + half;
#pragma omp simd
      for (int64_t i = 0; i < half; i++) {
        const float u = widen(a[i]), v = widen(b[i]), turned = sign * s[i];
        narrow(u * c[i] - v * turned, &out_a[i]);
        narrow(v * c[i] + u * turned, &out_b[i]);
      }
    }
  }
}
AJ_LEVELS(turn,
          (const E* x, int64_t token_stride, int64_t head_stride, const float* cos, const float* sin, float sign, E* y,
           int64_t heads, int64_t half, int64_t begin, int64_t end),
          (x, token_stride, head_stride, cos, sin, sign, y, heads, half, begin, end))

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool inverse) {
  const int64_t tokens = x.size(0), heads = x.size(1), half = x.size(2) / 2;
  at::Tensor y = at::empty(x.sizes(), x.options());
  const bool fast = kernel_level() != Level::composite && x.is_cpu() && x.stride(2) == 1 && cos.is_contiguous() &&
                    sin.is_contiguous() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (!fast) {
    at::Tensor c = cos.unsqueeze(1), s = inverse ? sin.unsqueeze(1).neg() : sin.unsqueeze(1);
    at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
    y.narrow(-1, 0, half).copy_(a * c - b * s);
    y.narrow(-1, half, half).copy_(b * c + a * s);
    return y;
  }
  auto run = [&](auto element) {
    using E = decltype(element);
    parallel(tokens, grain_rows(x.size(1) * x.size(2)), [&](int64_t begin, int64_t end) {
      turn<E>(elements<E>(x), x.stride(0), x.stride(1), elements<float>(cos), elements<float>(sin), inverse ? -1.f : 1.f,
              elements_to_write<E>(y), heads, half, begin, end);
    });
  };
  x.scalar_type() == at::kFloat ? run(float()) : run(bf16());
  return y;
}

struct Rotary : torch::autograd::Function<Rotary> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    if (ctx) ctx->save_for_backward({cos, sin});
    return rotate(x, cos, sin, /*inverse=*/false);
  }

  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    auto saved = ctx->get_saved_variables();
    return {rotate(dy[0], saved[0], saved[1], /*inverse=*/true), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

void rotary(aj_tensor x, aj_tensor cos, aj_tensor sin, aj_tensor* out) {
  const at::Tensor &t = T(x), &c = T(cos), &s = T(sin);
  TORCH_CHECK(t.dim() == 3 && t.size(2) % 2 == 0, "x must be [tokens, heads, even size], not ", t.sizes());
  TORCH_CHECK(c.sizes() == s.sizes() && c.dim() == 2 && c.size(0) == t.size(0) && c.size(1) == t.size(2) / 2,
              "cos and sin must be [", t.size(0), ", ", t.size(2) / 2, "], not ", c.sizes(), " and ", s.sizes());
  TORCH_CHECK(c.scalar_type() == at::kFloat && s.scalar_type() == at::kFloat, "cos and sin must be float32, not ",
              c.scalar_type(), " and ", s.scalar_type());
  TORCH_CHECK(!c.requires_grad() && !s.requires_grad(), "cos and sin have no gradient");
  give(out, recorded<Rotary>(t, c, s));
}

}  // namespace ajolote
