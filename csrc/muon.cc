// Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/): momentum, then an update with its singular values
// drawn to one by Newton-Schulz iterations. The arithmetic is that of torch.optim.Muon, for matrices alone.
#include "shim.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/matmul.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

namespace ajolote {
namespace {

// The quintic x -> a x + b x^3 + c x^5, whose slope at zero is as steep as five iterations allow.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;

// orthogonalized works in bfloat16 as the reference does, but on a CPU without bfloat16 products in float32: there they are
// hundreds of times slower than the float32 ones, which are only more exact.
at::Tensor orthogonalized(const at::Tensor& matrix, double eps, int64_t iterations) {
  const bool narrow = !matrix.is_cpu() || kernel_level() == Level::avx512bf16;
  at::Tensor x = matrix.to(narrow ? at::kBFloat16 : at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  const bool tall = matrix.size(0) > matrix.size(1);
  if (tall) x = x.t();
  x.div_(x.norm().clamp_min(eps));
  for (int64_t i = 0; i < iterations; i++) {
    at::Tensor gram = at::matmul(x, x.t());
    x = at::addmm(x, at::addmm(gram, gram, gram, kB, kC), x, kA);
  }
  return tall ? x.t() : x;
}

}  // namespace

// match_adamw scales the learning rate of a [rows, columns] matrix by 0.2 sqrt(max(rows, columns)), so that updates are as
// large as AdamW's (Liu et al., 2025); otherwise it is scaled by sqrt(max(1, rows/columns)).
void muon(aj_tensor const* parameters, aj_tensor const* momenta, int64_t n, double lr, double weight_decay, double momentum,
          int32_t nesterov, int32_t match_adamw, double eps, int64_t iterations) {
  c10::AutoGradMode no_grad(false);
  for (int64_t i = 0; i < n; i++) {
    const at::Tensor &p = T(parameters[i]), &average = T(momenta[i]), &g = p.grad();
    TORCH_CHECK(p.dim() == 2, "Muon is for matrices, parameter ", i, " is ", p.sizes());
    if (!g.defined()) continue;
    average.lerp_(g, 1 - momentum);
    at::Tensor update = orthogonalized(nesterov ? g.lerp(average, momentum) : average, eps, iterations);
    const double rows = static_cast<double>(p.size(0)), columns = static_cast<double>(p.size(1));
    const double factor = match_adamw ? 0.2 * std::sqrt(std::max(rows, columns)) : std::sqrt(std::max(1.0, rows / columns));
    p.mul_(1 - lr * weight_decay);
    p.add_(update, -lr * factor);
  }
}

}  // namespace ajolote
