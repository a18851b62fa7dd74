// A linear layer with a weight of its input's type, alone or followed by GELU: y = f(x Wᵀ + b). Through tiles where they fit
// (kernels/trained_gemm.cc), else ATen's linear and gelu, which are the composite.
//
// Backward, with u = x Wᵀ + b and du = dy f'(u): dx = du W, dW = duᵀ x, db = the column sums of du. Only x, W and, where
// there is an activation, u are kept.
#include "trained_linear.h"

#include "kernels/gelu.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// slope: dy times the activation's derivative at u, elements [begin, end).
template <typename E>
AJ_BODY slope_body(const E* u, const E* dy, E* du, bool tanh_form, int64_t begin, int64_t end) {
  if (tanh_form) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) narrow(widen(dy[i]) * gelu_tanh_slope(widen(u[i])), &du[i]);
  } else {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) narrow(widen(dy[i]) * gelu_slope(widen(u[i])), &du[i]);
  }
}
AJ_LEVELS(slope, (const E* u, const E* dy, E* du, bool tanh_form, int64_t begin, int64_t end),
          (u, dy, du, tanh_form, begin, end))

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation,
                   const at::Tensor& before) {
  at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  trained_gemm_forward(x, weight, bias, activation, y, before);
  return y;
}

// TrainedLinear is the layer over a flat x [tokens, in] with gradients, in float32.
struct TrainedLinear : torch::autograd::Function<TrainedLinear> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias, int64_t activation) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const auto f = static_cast<Activation>(activation);
    at::Tensor before;
    if (f != Activation::none) before = at::empty({x.size(0), weight.size(0)}, x.options());
    ctx->save_for_backward({x, weight, before});
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["bias"] = bias.has_value();
    return product(x, weight, bias.value_or(at::Tensor()), f, before);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &before = saved[2];
    const auto f = static_cast<Activation>(ctx->saved_data["activation"].toInt());
    at::Tensor du = grads[0].contiguous(), dx, dw, db;
    if (before.defined()) {
      at::Tensor dy = du;
      du = at::empty(dy.sizes(), dy.options());
      parallel(du.numel(), kGrain, [&](int64_t begin, int64_t end) {
        slope<float>(elements<float>(before), elements<float>(dy), elements_to_write<float>(du), f == Activation::gelu_tanh,
                     begin, end);
      });
    }
    if (ctx->needs_input_grad(0)) {
      dx = at::empty(x.sizes(), x.options());
      trained_gemm_input(du, weight, dx);
    }
    if (ctx->needs_input_grad(1)) {
      dw = at::empty(weight.sizes(), weight.options());
      trained_gemm_weight(du, x, dw);
    }
    if (ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)) db = du.sum(0);
    return {dx, dw, db, at::Tensor()};
  }
};

bool needs_gradient(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  return at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad() || (bias && bias->requires_grad()));
}

}  // namespace

at::Tensor trained_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                          Activation activation) {
  const bool trained = needs_gradient(x, weight, bias), shaped = x.dim() > 0 && weight.dim() == 2;
  const at::Tensor flat = shaped && x.dim() != 2 ? x.reshape({-1, x.size(-1)}) : x;
  if (!shaped || !trained_gemm_fits(flat, weight) || (trained && x.scalar_type() != at::kFloat) ||
      (bias && (bias->dim() != 1 || bias->size(0) != weight.size(0)))) {
    at::Tensor y = at::linear(x, weight, bias);
    return activation == Activation::none ? y : at::gelu(y, activation == Activation::gelu ? "none" : "tanh");
  }
  at::Tensor y = trained ? TrainedLinear::apply(flat.contiguous(), weight, bias, static_cast<int64_t>(activation))
                         : product(flat, weight, bias.value_or(at::Tensor()), activation, at::Tensor());
  if (x.dim() == 2) return y;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = weight.size(0);
  return y.view(shape);
}

}  // namespace ajolote
