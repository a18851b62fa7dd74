// Cross-entropy of a linear head, without ever holding all logits: scale * sum_i -log softmax(W x_i)[target_i].
//
// Rows go through in chunks that fit a byte budget. As the factor of the loss is known beforehand, the forward pass turns
// each chunk of logits into its gradient in place and multiplies it back: what backward needs is already there (the idea of
// Liger-Kernel's fused linear cross-entropy). A 16-bit head is widened in bands of rows, never as a whole.
#include "kernels/dense_gemm.h"
#include "kernels/elementwise.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// bands calls f(first row, rows, band in the type of the computation) for bands of a head.
template <typename F>
void bands(const at::Tensor& weight, at::ScalarType type, F f) {
  const int64_t rows = weight.size(0);
  const int64_t band = weight.scalar_type() == type ? rows : 8192;
  for (int64_t first = 0; first < rows; first += band) {
    int64_t n = std::min(band, rows - first);
    f(first, n, weight.narrow(0, first, n).to(type));
  }
}

// logits writes x weightᵀ into z.
void logits(const at::Tensor& x, const at::Tensor& weight, at::Tensor& z) {
  if (dense_gemm_fits(x, weight)) return dense_gemm_forward(x, weight, z);
  bands(weight, at::kFloat, [&](int64_t from, int64_t count, const at::Tensor& w) {
    at::Tensor part = z.narrow(1, from, count);
    at::mm_out(part, x, w.t());
  });
}

// input_gradient writes dz weight into dx.
void input_gradient(const at::Tensor& dz, const at::Tensor& weight, at::Tensor dx) {
  if (dense_gemm_fits(dz, weight)) return dense_gemm_backward(dz, weight, dx);
  bands(weight, at::kFloat, [&](int64_t from, int64_t count, const at::Tensor& w) {
    if (from == 0) {
      at::mm_out(dx, dz.narrow(1, from, count), w);
    } else {
      dx.addmm_(dz.narrow(1, from, count), w);
    }
  });
}

// to_gradient turns rows [begin, end) of logits into scale * (softmax - one at the target) and writes their losses, not
// scaled; with write false it leaves the logits as exponentials. Sums of a block are float32, sums of blocks float64.
template <typename E>
AJ_BODY to_gradient_body(E* z, const int64_t* targets, double* loss, int64_t begin, int64_t end, int64_t words, float scale,
                         bool write) {
  constexpr int64_t kBlock = 1024;
  for (int64_t r = begin; r < end; r++) {
    E* row = z + r * words;
    const float picked = row[targets[r]];
    float top = row[0];
#pragma omp simd reduction(max : top)
    for (int64_t i = 0; i < words; i++) top = row[i] > top ? row[i] : top;
    double total = 0;
    for (int64_t start = 0; start < words; start += kBlock) {
      const int64_t stop = std::min(words, start + kBlock);
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = start; i < stop; i++) {
        row[i] = exponential(row[i] - top);
        sum += row[i];
      }
      total += sum;
    }
    loss[r] = std::log(total) + top - picked;
    if (!write) continue;
    const float factor = static_cast<float>(scale / total);
#pragma omp simd
    for (int64_t i = 0; i < words; i++) row[i] *= factor;
    row[targets[r]] -= scale;
  }
}
AJ_LEVELS(to_gradient,
          (E * z, const int64_t* targets, double* loss, int64_t begin, int64_t end, int64_t words, float scale, bool write),
          (z, targets, loss, begin, end, words, scale, write))

// chunk_gradient turns logits z [n, words] into their gradient, where one is wanted, and returns the loss, not scaled.
double chunk_gradient(at::Tensor& z, const at::Tensor& targets, double scale, bool wanted) {
  const int64_t n = z.size(0), words = z.size(1);
  if (kernels_fit(z)) {
    std::vector<double> loss(static_cast<size_t>(n));
    const at::Tensor y = targets.contiguous();
    parallel(n, 1, [&](int64_t begin, int64_t end) {
      to_gradient<float>(elements_to_write<float>(z), elements<int64_t>(y), loss.data(), begin, end, words,
                         static_cast<float>(scale), wanted);
    });
    return std::accumulate(loss.begin(), loss.end(), 0.0);
  }
  at::Tensor ys = targets.unsqueeze(1), top = z.amax(1, /*keepdim=*/true), picked = z.gather(1, ys);
  z.sub_(top).exp_();
  at::Tensor total = z.sum(1, /*keepdim=*/true);
  if (wanted) {
    z.div_(total);
    z.scatter_add_(1, ys, at::full_like(ys, -1.0, z.options()));
    z.mul_(scale);
  }
  return (total.log() + top - picked).sum(at::kDouble).item<double>();
}

// Rows of a chunk: from some hundred on a product is as fast as it gets, and more would only take memory.
constexpr int64_t kMostRows = 512;

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& hidden, const at::Tensor& weight,
                            const at::Tensor& targets, double scale, int64_t budget, bool grad_mode) {
    const int64_t rows = hidden.size(0), words = weight.size(0);
    const bool dx_wanted = grad_mode && hidden.requires_grad(), dw_wanted = grad_mode && weight.requires_grad();
    const int64_t chunk = std::clamp<int64_t>(budget / (words * 4), 1, std::clamp<int64_t>(rows, 1, kMostRows));
    at::AutoDispatchBelowADInplaceOrView guard;
    at::Tensor x = hidden.to(at::kFloat);
    at::Tensor dx = dx_wanted ? at::empty(x.sizes(), x.options()) : at::Tensor();
    at::Tensor dw = dw_wanted ? at::zeros(weight.sizes(), x.options()) : at::Tensor();
    const at::Tensor space = at::empty({std::min(chunk, rows), words}, x.options());
    double loss = 0;
    for (int64_t first = 0; first < rows; first += chunk) {
      int64_t n = std::min(chunk, rows - first);
      at::Tensor xs = x.narrow(0, first, n);
      at::Tensor z = space.narrow(0, 0, n);
      logits(xs, weight, z);
      loss += chunk_gradient(z, targets.narrow(0, first, n), scale, dx_wanted || dw_wanted);
      if (dx_wanted) input_gradient(z, weight, dx.narrow(0, first, n));
      if (dw_wanted) dw.addmm_(z.t(), xs);
    }
    ctx->save_for_backward({dx_wanted ? dx.to(hidden.scalar_type()) : dx, dw_wanted ? dw.to(weight.scalar_type()) : dw});
    return at::full({}, loss * scale, x.options());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto times = [&](const at::Tensor& d) { return d.defined() ? d * grads[0].to(d.scalar_type()) : d; };
    return {times(saved[0]), times(saved[1]), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

void linear_cross_entropy(aj_tensor hidden, aj_tensor weight, aj_tensor targets, double scale, int64_t budget_bytes,
                          aj_tensor* loss) {
  const at::Tensor &x = T(hidden), &w = T(weight), &y = T(targets);
  TORCH_CHECK(x.dim() == 2 && w.dim() == 2 && x.size(1) == w.size(1), "hidden ", x.sizes(), " does not fit the head ",
              w.sizes());
  TORCH_CHECK(y.dim() == 1 && y.size(0) == x.size(0) && y.scalar_type() == at::kLong, "targets must be int64 [", x.size(0),
              "], not ", y.scalar_type(), " ", y.sizes());
  TORCH_CHECK(w.size(0) > 0, "the head has no words");
  TORCH_CHECK(budget_bytes > 0, "the budget of bytes must be positive");
  if (y.numel()) {
    int64_t low = y.min().item<int64_t>(), high = y.max().item<int64_t>();
    TORCH_CHECK(low >= 0 && high < w.size(0), "target ", low < 0 ? low : high, " is outside of the ", w.size(0), " words");
  }
  give(loss, LinearCrossEntropy::apply(x, w, y, scale, budget_bytes, c10::GradMode::is_enabled()));
}

}  // namespace ajolote
