// A linear layer whose frozen weight is stored in 16 bits while the input is float32: y = x Wᵀ + b with W widened in bands
// of rows, or for a few tokens in registers, so that no float32 copy of the whole exists. Backward widens again: dx = dy W.
#include "widened_linear.h"

#include "kernels/widened_matvec.h"
#include "recorded.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows of a band: some 16 to 64 MB in float32 for the widths of language models.
constexpr int64_t kBand = 4096;

struct WidenedLinear : torch::autograd::Function<WidenedLinear> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight) {
    if (ctx) ctx->save_for_backward({weight});
    at::AutoDispatchBelowADInplaceOrView guard;
    at::Tensor flat = x.reshape({-1, x.size(-1)});
    std::vector<int64_t> shape = x.sizes().vec();
    shape.back() = weight.size(0);
    if (widened_matvec_fits(flat, weight)) return widened_matvec(flat, weight).view(shape);
    if (widened_lanes_fits(flat, weight)) return widened_lanes(flat, weight).view(shape);
    at::Tensor y = at::empty({flat.size(0), weight.size(0)}, x.options());
    for (int64_t first = 0; first < weight.size(0); first += kBand) {
      int64_t n = std::min(kBand, weight.size(0) - first);
      at::Tensor part = y.narrow(1, first, n);
      at::mm_out(part, flat, weight.narrow(0, first, n).to(x.scalar_type()).t());
    }
    return y.view(shape);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    at::Tensor weight = ctx->get_saved_variables()[0];
    at::Tensor dy = grads[0].reshape({-1, weight.size(0)});
    at::Tensor dx = at::zeros({dy.size(0), weight.size(1)}, dy.options());
    for (int64_t first = 0; first < weight.size(0); first += kBand) {
      int64_t n = std::min(kBand, weight.size(0) - first);
      dx.addmm_(dy.narrow(1, first, n), weight.narrow(0, first, n).to(dy.scalar_type()));
    }
    std::vector<int64_t> shape = grads[0].sizes().vec();
    shape.back() = weight.size(1);
    return {dx.view(shape), at::Tensor()};
  }
};

}  // namespace

at::Tensor widened_linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  TORCH_CHECK(weight.dim() == 2 && x.dim() > 0 && x.size(-1) == weight.size(1), "weight ", weight.sizes(),
              " does not fit rows of ", x.sizes());
  TORCH_CHECK(!weight.requires_grad(), "a trained weight must have the type of its input, ", x.scalar_type(), ", not ",
              weight.scalar_type());
  at::Tensor y = recorded<WidenedLinear>(x, weight);
  return bias ? y + bias->to(y.scalar_type()) : y;
}

}  // namespace ajolote
