// LayerNorm (Ba, Kiros and Hinton, 2016) of a sum, as BERT's layers end: y = w * n + b with n = (s - mean(s)) / sqrt(var(s) +
// eps) over the last dimension and s = dropout(x) + residual, the statistics in float32 whatever x is.
//
// Backward with g = w dy and r = 1/sqrt(...): ds = r (g - mean(g) - n mean(g n)), dw = sum of dy n and db = sum of dy over the
// rows; the residual's gradient is ds, that of x is ds through the mask, which is drawn again. The kernels read and write each
// row once, forward and backward; the composite says the same in ATen's operations.
#include "counter_dropout.h"
#include "kernels/elementwise.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/native_layer_norm.h>
#include <ATen/ops/native_layer_norm_backward.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// normalise: rows [begin, end) of n elements. sum may be the same memory as x.
template <typename E>
AJ_BODY normalise_body(const E* x, const E* residual, const E* w, const E* b, E* sum, E* y, float* mean, float* scale,
                       int64_t begin, int64_t end, int64_t n, float eps) {
  for (int64_t row = begin; row < end; row++) {
    const E *a = x + row * n, *c = residual + row * n;
    E *s = sum + row * n, *out = y + row * n;
    float total = 0, squares = 0;
#pragma omp simd reduction(+ : total)
    for (int64_t i = 0; i < n; i++) {
      const float v = rounded<E>(widen(a[i]) + widen(c[i]));
      narrow(v, &s[i]);
      total += v;
    }
    const float m = total / static_cast<float>(n);
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < n; i++) squares += (widen(s[i]) - m) * (widen(s[i]) - m);
    const float r = 1.f / std::sqrt(squares / static_cast<float>(n) + eps);
    mean[row] = m;
    scale[row] = r;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) narrow((widen(s[i]) - m) * r * widen(w[i]) + widen(b[i]), &out[i]);
  }
}
AJ_LEVELS(normalise,
          (const E* x, const E* residual, const E* w, const E* b, E* sum, E* y, float* mean, float* scale, int64_t begin,
           int64_t end, int64_t n, float eps),
          (x, residual, w, b, sum, y, mean, scale, begin, end, n, eps))

// normalise_back: ds of rows [begin, end), and their part of dw and db added.
template <typename E>
AJ_BODY normalise_back_body(const E* sum, const E* w, const float* mean, const float* scale, const E* dy, E* ds, float* dw,
                            float* db, int64_t begin, int64_t end, int64_t n) {
  for (int64_t row = begin; row < end; row++) {
    const E *s = sum + row * n, *d = dy + row * n;
    E* out = ds + row * n;
    const float m = mean[row], r = scale[row];
    float total = 0, dot = 0;
#pragma omp simd reduction(+ : total, dot)
    for (int64_t i = 0; i < n; i++) {
      const float g = widen(d[i]) * widen(w[i]), v = (widen(s[i]) - m) * r;
      total += g;
      dot += g * v;
    }
    total /= static_cast<float>(n);
    dot /= static_cast<float>(n);
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      const float v = (widen(s[i]) - m) * r;
      dw[i] += widen(d[i]) * v;
      db[i] += widen(d[i]);
      narrow(r * (widen(d[i]) * widen(w[i]) - total - v * dot), &out[i]);
    }
  }
}
AJ_LEVELS(normalise_back,
          (const E* sum, const E* w, const float* mean, const float* scale, const E* dy, E* ds, float* dw, float* db,
           int64_t begin, int64_t end, int64_t n),
          (sum, w, mean, scale, dy, ds, dw, db, begin, end, n))

// Parts of the rows whose weight gradients are summed apart, then in order: a number that does not depend on the threads.
constexpr int64_t kParts = 16;

bool fits(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& w, const at::Tensor& b) {
  for (const at::Tensor* t : {&residual, &w, &b})
    if (!kernels_fit(*t) || t->scalar_type() != x.scalar_type()) return false;
  return kernels_fit(x);
}

struct Norm {
  at::Tensor y, sum, mean, scale;
};

Norm add_norm(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& w, const at::Tensor& b, double eps,
              const Mask& mask) {
  at::Tensor kept = mask.p > 0 ? dropped(x, mask) : x;
  const int64_t n = x.size(-1), rows = n ? x.numel() / n : 0;
  if (!fits(kept, residual, w, b)) {
    at::Tensor sum = kept + residual;
    auto [y, mean, scale] = at::native_layer_norm(sum, {n}, w, b, eps);
    return {y, sum, mean, scale};
  }
  const auto floats = x.options().dtype(at::kFloat);
  Norm to{at::empty(x.sizes(), x.options()), mask.p > 0 ? kept : at::empty(x.sizes(), x.options()),
          at::empty({rows}, floats), at::empty({rows}, floats)};
  auto run = [&](auto element) {
    using E = decltype(element);
    parallel(rows, grain_rows(n), [&](int64_t begin, int64_t end) {
      normalise<E>(elements<E>(kept), elements<E>(residual), elements<E>(w), elements<E>(b), elements_to_write<E>(to.sum),
                   elements_to_write<E>(to.y), to.mean.data_ptr<float>(), to.scale.data_ptr<float>(), begin, end, n,
                   static_cast<float>(eps));
    });
  };
  x.scalar_type() == at::kFloat ? run(float()) : run(bf16());
  return to;
}

struct AddLayerNorm : torch::autograd::Function<AddLayerNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& residual, const at::Tensor& w,
                            const at::Tensor& b, double eps, const Mask& mask) {
    at::AutoDispatchBelowADInplaceOrView guard;
    Norm n = add_norm(x, residual, w, b, eps, mask);
    ctx->save_for_backward({n.sum, n.mean, n.scale, w, b});
    ctx->saved_data["p"] = mask.p;
    ctx->saved_data["seed"] = static_cast<int64_t>(mask.seed);
    ctx->saved_data["stream"] = static_cast<int64_t>(mask.stream);
    ctx->saved_data["first_row"] = mask.first_row;
    return n.y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    auto& data = ctx->saved_data;
    const at::Tensor &sum = saved[0], &mean = saved[1], &scale = saved[2], &w = saved[3], &b = saved[4];
    const Mask mask{data["p"].toDouble(), static_cast<uint64_t>(data["seed"].toInt()),
                    static_cast<uint64_t>(data["stream"].toInt()), data["first_row"].toInt()};
    at::Tensor dy = grads[0].contiguous(), ds, dw, db;
    if (fits(sum, dy, w, b)) {
      const int64_t n = sum.size(-1), rows = n ? sum.numel() / n : 0, parts = std::min(kParts, std::max<int64_t>(rows, 1));
      ds = at::empty(sum.sizes(), sum.options());
      dw = at::zeros({parts, n}, mean.options());
      db = at::zeros({parts, n}, mean.options());
      auto run = [&](auto element) {
        using E = decltype(element);
        parallel(parts, std::max<int64_t>(1, kGrain * parts / std::max<int64_t>(1, rows * n)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t part = begin; part < end; part++)
                     normalise_back<E>(elements<E>(sum), elements<E>(w), elements<float>(mean), elements<float>(scale),
                                       elements<E>(dy), elements_to_write<E>(ds), dw.data_ptr<float>() + part * n,
                                       db.data_ptr<float>() + part * n, rows * part / parts, rows * (part + 1) / parts, n);
                 });
      };
      sum.scalar_type() == at::kFloat ? run(float()) : run(bf16());
      dw = dw.sum(0).to(w.scalar_type());
      db = db.sum(0).to(b.scalar_type());
    } else {
      std::vector<int64_t> shape(sum.sizes().begin(), sum.sizes().end());
      shape.back() = 1;
      std::tie(ds, dw, db) = at::native_layer_norm_backward(dy, sum, {sum.size(-1)}, mean.view(shape), scale.view(shape), w,
                                                            b, {true, true, true});
    }
    return {mask.p > 0 ? dropped(ds, mask) : ds, ds, dw, db, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

void add_layer_norm(aj_tensor x, aj_tensor residual, aj_tensor weight, aj_tensor bias, double eps, double p, uint64_t seed,
                    uint64_t stream, int64_t first_row, aj_tensor* out) {
  const at::Tensor a = T(x).contiguous(), r = T(residual).contiguous(), &w = T(weight), &b = T(bias);
  TORCH_CHECK(a.dim() >= 1 && a.sizes() == r.sizes() && w.dim() == 1 && w.size(0) == a.size(-1) && b.sizes() == w.sizes(),
              "x ", a.sizes(), ", residual ", r.sizes(), ", weight ", w.sizes(), " and bias ", b.sizes(), " do not fit");
  TORCH_CHECK(p >= 0 && p < 1, "the dropout probability must lie in [0, 1), not be ", p);
  const Mask mask{p, seed, stream, first_row};
  const bool trained =
      at::GradMode::is_enabled() && (a.requires_grad() || r.requires_grad() || w.requires_grad() || b.requires_grad());
  give(out, trained ? AddLayerNorm::apply(a, r, w, b, eps, mask) : add_norm(a, r, w, b, eps, mask).y);
}

}  // namespace ajolote
