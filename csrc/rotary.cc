// Rotary position embedding (Su et al., 2021) in the half-split form of the Hugging Face checkpoints: element i turns with
// element i + D/2. x is [tokens, heads, D]; cos and sin are [tokens, D/2] in float32. Backward turns by the negative angle.
#include "shim.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool inverse) {
  int64_t half = x.size(-1) / 2;
  at::Tensor c = cos.unsqueeze(1), s = inverse ? sin.unsqueeze(1).neg() : sin.unsqueeze(1);
  at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
  at::Tensor y = at::empty_like(x, at::MemoryFormat::Contiguous);
  y.narrow(-1, 0, half).copy_(a * c - b * s);
  y.narrow(-1, half, half).copy_(b * c + a * s);
  return y;
}

struct Rotary : torch::autograd::Function<Rotary> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
    ctx->save_for_backward({cos, sin});
    return rotate(x, cos, sin, /*inverse=*/false);
  }

  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    auto saved = ctx->get_saved_variables();
    return {rotate(dy[0], saved[0], saved[1], /*inverse=*/true), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

void rotary(aj_tensor x, aj_tensor cos, aj_tensor sin, aj_tensor* out) {
  const at::Tensor& t = T(x);
  TORCH_CHECK(t.dim() == 3 && t.size(2) % 2 == 0, "x must be [tokens, heads, even size], not ", t.sizes());
  TORCH_CHECK(T(cos).sizes() == T(sin).sizes() && T(cos).dim() == 2 && T(cos).size(0) == t.size(0) &&
                  T(cos).size(1) == t.size(2) / 2,
              "cos and sin must be [", t.size(0), ", ", t.size(2) / 2, "], not ", T(cos).sizes(), " and ", T(sin).sizes());
  give(out, Rotary::apply(t, T(cos), T(sin)));
}

}  // namespace ajolote
