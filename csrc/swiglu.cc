// SwiGLU (Shazeer, 2020): h = silu(gate) * up. With q = sigmoid(gate): dup = dh gate q, dgate = dh up q (1 + gate (1 - q)).
// Only gate and up are kept for backward.
#include "shim.h"

#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct SwiGLU : torch::autograd::Function<SwiGLU> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& gate, const at::Tensor& up) {
    ctx->save_for_backward({gate, up});
    return at::silu(gate).mul_(up);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1], &dh = grads[0];
    at::Tensor q = at::sigmoid(gate);
    at::Tensor f = gate * q;
    at::Tensor dup = dh * f;
    // q (1 + gate (1 - q)) = q + f (1 - q) = q + f - f q
    at::Tensor dgate = (q + f - f * q).mul_(dh).mul_(up);
    return {dgate, dup};
  }
};

}  // namespace

void swiglu(aj_tensor gate, aj_tensor up, aj_tensor* out) {
  TORCH_CHECK(T(gate).sizes() == T(up).sizes(), "gate ", T(gate).sizes(), " and up ", T(up).sizes(), " differ");
  give(out, SwiGLU::apply(T(gate), T(up)));
}

}  // namespace ajolote
