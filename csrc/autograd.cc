// Gradients: the mode of the calling thread, leaves, backward.
#include "shim.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

namespace ajolote {

void set_grad_enabled(int32_t on, int32_t* before) {
  *before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(on);
}

void set_requires_grad(aj_tensor a, int32_t on) { T(a).requires_grad_(on); }
void detach(aj_tensor a, aj_tensor* out) { give(out, T(a).detach()); }

// grad gives null where there is none.
void grad(aj_tensor a, aj_tensor* out) {
  const at::Tensor& g = T(a).grad();
  if (g.defined()) {
    give(out, g);
  } else {
    *out = nullptr;
  }
}

void set_grad(aj_tensor a, aj_tensor grad) { T(a).mutable_grad() = grad ? T(grad) : at::Tensor(); }

// A gradient that is null stands for one of a scalar root.
void backward(aj_tensor const* roots, aj_tensor const* grads, int64_t n, int32_t keep_graph) {
  std::vector<at::Tensor> seeds;
  for (int64_t i = 0; i < n; i++) seeds.push_back(grads && grads[i] ? T(grads[i]) : at::Tensor());
  torch::autograd::backward(tensors(roots, n), seeds, keep_graph != 0);
}

}  // namespace ajolote
