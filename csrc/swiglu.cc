// SwiGLU (Shazeer, 2020): h = silu(gate) * up. With q = sigmoid(gate): dup = dh gate q, dgate = dh up q (1 + gate (1 - q)).
// Only gate and up are kept for backward. The kernels read and write each element once, forward and backward.
#include "kernels/elementwise.h"
#include "recorded.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A 16-bit silu is rounded before it meets up, as in the models that write act(gate) * up.
template <typename E>
AJ_BODY combine_body(const E* gate, const E* up, E* h, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const float g = widen(gate[i]);
    narrow(rounded<E>(g * logistic(g)) * widen(up[i]), &h[i]);
  }
}

template <typename E>
AJ_BODY combine_back_body(const E* gate, const E* up, const E* dh, E* dgate, E* dup, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const float g = widen(gate[i]), d = widen(dh[i]);
    const float q = logistic(g), f = g * q;
    narrow(d * f, &dup[i]);
    narrow(d * widen(up[i]) * (q + f * (1.f - q)), &dgate[i]);
  }
}

AJ_LEVELS(combine, (const E* gate, const E* up, E* h, int64_t begin, int64_t end), (gate, up, h, begin, end))
AJ_LEVELS(combine_back, (const E* gate, const E* up, const E* dh, E* dgate, E* dup, int64_t begin, int64_t end),
          (gate, up, dh, dgate, dup, begin, end))

struct SwiGLU : torch::autograd::Function<SwiGLU> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& any_gate, const at::Tensor& any_up) {
    at::Tensor gate = any_gate.contiguous(), up = any_up.contiguous();
    if (ctx) ctx->save_for_backward({gate, up});
    if (!kernels_fit(gate)) return at::silu(gate).mul_(up);
    at::Tensor h = at::empty(gate.sizes(), gate.options());
    auto run = [&](auto element) {
      using E = decltype(element);
      parallel(gate.numel(), kGrain, [&](int64_t begin, int64_t end) {
        combine<E>(elements<E>(gate), elements<E>(up), elements_to_write<E>(h), begin, end);
      });
    };
    gate.scalar_type() == at::kFloat ? run(float()) : run(bf16());
    return h;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1];
    at::Tensor dh = grads[0].contiguous();
    if (!kernels_fit(gate) || dh.scalar_type() != gate.scalar_type()) {
      const at::ScalarType wide = gate.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
      at::Tensor g = gate.to(wide), d = dh.to(wide), q = at::sigmoid(g), f = g * q;
      // q (1 + gate (1 - q)) = q + f (1 - q) = q + f - f q
      at::Tensor dgate = (q + f - f * q).mul_(d).mul_(up.to(wide));
      return {dgate.to(gate.scalar_type()), (d * f).to(gate.scalar_type())};
    }
    at::Tensor dgate = at::empty(gate.sizes(), gate.options()), dup = at::empty(gate.sizes(), gate.options());
    auto run = [&](auto element) {
      using E = decltype(element);
      parallel(gate.numel(), kGrain, [&](int64_t begin, int64_t end) {
        combine_back<E>(elements<E>(gate), elements<E>(up), elements<E>(dh), elements_to_write<E>(dgate),
                        elements_to_write<E>(dup), begin, end);
      });
    };
    gate.scalar_type() == at::kFloat ? run(float()) : run(bf16());
    return {dgate, dup};
  }
};

}  // namespace

void swiglu(aj_tensor gate, aj_tensor up, aj_tensor* out) {
  const at::Tensor &g = T(gate), &u = T(up);
  TORCH_CHECK(g.sizes() == u.sizes() && g.scalar_type() == u.scalar_type(), "gate ", g.scalar_type(), " ", g.sizes(),
              " and up ", u.scalar_type(), " ", u.sizes(), " differ");
  give(out, recorded<SwiGLU>(g, u));
}

}  // namespace ajolote
