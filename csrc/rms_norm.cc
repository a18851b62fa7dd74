// RMSNorm (Zhang and Sennrich, 2019) as Llama uses it: y = w * (x / sqrt(mean(x^2) + eps)) over the last dimension, the
// mean in float32 whatever x is. Backward with r = 1/sqrt(...), n = x r: dx = r (w dy - n mean(w dy n)), dw = sum dy n.
#include "shim.h"

#include <ATen/ops/mean.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RMSNorm : torch::autograd::Function<RMSNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& w, double eps) {
    at::Tensor wide = x.to(at::kFloat);
    at::Tensor r = wide.square().mean(-1, /*keepdim=*/true).add_(eps).rsqrt_();
    ctx->save_for_backward({x, w, r});
    return (wide * r).to(x.scalar_type()) * w;
  }

  static variable_list backward(AutogradContext* ctx, variable_list dys) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &r = saved[2];
    at::Tensor dy = dys[0].to(at::kFloat);
    at::Tensor n = x.to(at::kFloat) * r;
    at::Tensor dx, dw;
    if (ctx->needs_input_grad(0)) {
      at::Tensor g = dy * w.to(at::kFloat);
      dx = (g - n * (g * n).mean(-1, /*keepdim=*/true)).mul_(r).to(x.scalar_type());
    }
    if (ctx->needs_input_grad(1)) dw = (dy * n).reshape({-1, n.size(-1)}).sum(0).to(w.scalar_type());
    return {dx, dw, at::Tensor()};
  }
};

}  // namespace

void rms_norm(aj_tensor x, aj_tensor weight, double eps, aj_tensor* out) {
  TORCH_CHECK(T(weight).dim() == 1 && T(x).dim() > 0 && T(x).size(-1) == T(weight).size(0), "weight ", T(weight).sizes(),
              " does not fit rows of ", T(x).sizes());
  give(out, RMSNorm::apply(T(x), T(weight), eps));
}

}  // namespace ajolote
