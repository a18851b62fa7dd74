// Optimizer steps over lists of parameters, one call each.
#include "shim.h"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

namespace ajolote {
namespace {
// with_grad keeps the indices of the parameters that have a gradient.
std::vector<int64_t> with_grad(aj_tensor const* parameters, int64_t n) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < n; i++)
    if (T(parameters[i]).grad().defined()) kept.push_back(i);
  return kept;
}
// summed gives the gradient with one row for each index where it is sparse, and leaves it so in the parameter.
at::Tensor summed(const at::Tensor& parameter) {
  at::Tensor grad = parameter.grad();
  if (grad.is_sparse() && !grad.is_coalesced()) {
    grad = grad.coalesce();
    parameter.mutable_grad() = grad;
  }
  return grad;
}
}  // namespace

void zero_grad(aj_tensor const* parameters, int64_t n) {
  for (int64_t i = 0; i < n; i++) T(parameters[i]).mutable_grad().reset();
}

// clip_grad_norm follows torch.nn.utils.clip_grad_norm_: the norm of norms, then a factor max/(norm + 1e-6) of at most 1.
// A max_norm of 0 or below only measures. Of a sparse gradient it is the rows that count: all others are zero.
void clip_grad_norm(aj_tensor const* parameters, int64_t n, double max_norm, double* norm) {
  c10::AutoGradMode no_grad(false);
  std::vector<at::Tensor> grads;
  for (int64_t i : with_grad(parameters, n)) {
    at::Tensor grad = summed(T(parameters[i]));
    grads.push_back(grad.is_sparse() ? grad._values() : grad);
  }
  *norm = 0;
  if (grads.empty()) return;
  at::Tensor total = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads, 2)), 2);
  *norm = total.item<double>();
  if (max_norm <= 0) return;
  at::Tensor factor = (max_norm / (total + 1e-6)).clamp_max(1.0);
  for (at::Tensor& g : grads) g.mul_(factor.to(g.device()));
}

// sparse_gradient gives the rows that have a gradient, int64 [rows], rising, and their gradients [rows, ...].
void sparse_gradient(aj_tensor parameter, aj_tensor* rows, aj_tensor* values) {
  const at::Tensor& p = T(parameter);
  TORCH_CHECK(p.grad().defined() && p.grad().is_sparse(), "the parameter has no sparse gradient");
  at::Tensor grad = summed(p);
  give(rows, grad._indices()[0].contiguous());
  give(values, grad._values());
}

// adamw runs torch.optim.AdamW(fused=True): ATen's fused kernel, which counts the steps in the tensors `steps`.
void adamw(aj_tensor const* parameters, aj_tensor const* averages, aj_tensor const* squares, aj_tensor const* steps,
           int64_t n, double lr, double beta1, double beta2, double eps, double weight_decay) {
  c10::AutoGradMode no_grad(false);
  std::vector<at::Tensor> p, g, m, v, s;
  for (int64_t i : with_grad(parameters, n)) {
    p.push_back(T(parameters[i]));
    g.push_back(T(parameters[i]).grad());
    m.push_back(T(averages[i]));
    v.push_back(T(squares[i]));
    T(steps[i]).add_(1);
    s.push_back(T(steps[i]));
  }
  if (p.empty()) return;
  at::_fused_adamw_(p, g, m, v, {}, s, lr, beta1, beta2, weight_decay, eps, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace ajolote
