// RMSNorm (Zhang and Sennrich, 2019) as Llama uses it: y = w * (x / sqrt(mean(x^2) + eps)) over the last dimension, the
// mean in float32 whatever x is; alone, or of a sum x + residual that is returned too.
//
// Backward with r = 1/sqrt(...), n = x r, g = w dy: dx = r (g - n mean(g n)), dw = sum of dy n over the rows. The kernels
// read and write each row once, forward and backward; the composite says the same in ATen's operations.
#include "kernels/elementwise.h"
#include "recorded.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// normalise: rows [begin, end) of n elements. residual and sum are null for the norm alone.
template <typename E>
AJ_BODY normalise_body(const E* x, const E* residual, const E* w, E* sum, E* y, float* r, int64_t begin, int64_t end,
                       int64_t n, float eps) {
  for (int64_t row = begin; row < end; row++) {
    const E* a = x + row * n;
    float squares = 0;
    if (residual) {
      const E* b = residual + row * n;
      E* s = sum + row * n;
#pragma omp simd reduction(+ : squares)
      for (int64_t i = 0; i < n; i++) {
        const float v = rounded<E>(widen(a[i]) + widen(b[i]));
        narrow(v, &s[i]);
        squares += v * v;
      }
      a = s;
    } else {
#pragma omp simd reduction(+ : squares)
      for (int64_t i = 0; i < n; i++) squares += widen(a[i]) * widen(a[i]);
    }
    const float scale = 1.f / std::sqrt(squares / static_cast<float>(n) + eps);
    r[row] = scale;
    E* out = y + row * n;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) narrow(rounded<E>(widen(a[i]) * scale) * widen(w[i]), &out[i]);
  }
}

// normalise_back: dx of rows [begin, end), with dsum, the gradient that arrives at the sum itself, added where it is not null.
template <typename E>
AJ_BODY normalise_back_body(const E* x, const E* w, const float* r, const E* dy, const E* dsum, E* dx, int64_t begin,
                            int64_t end, int64_t n) {
  for (int64_t row = begin; row < end; row++) {
    const E *a = x + row * n, *d = dy + row * n;
    float dot = 0;
#pragma omp simd reduction(+ : dot)
    for (int64_t i = 0; i < n; i++) dot += widen(d[i]) * widen(w[i]) * widen(a[i]);
    const float scale = r[row], back = dot * scale * scale * scale / static_cast<float>(n);
    E* out = dx + row * n;
    if (dsum) {
      const E* e = dsum + row * n;
#pragma omp simd
      for (int64_t i = 0; i < n; i++)
        narrow(scale * (widen(d[i]) * widen(w[i])) - back * widen(a[i]) + widen(e[i]), &out[i]);
    } else {
#pragma omp simd
      for (int64_t i = 0; i < n; i++) narrow(scale * (widen(d[i]) * widen(w[i])) - back * widen(a[i]), &out[i]);
    }
  }
}

// weight: adds dy n of rows [begin, end) to dw, n as the forward pass rounded it.
template <typename E>
AJ_BODY weight_body(const E* x, const float* r, const E* dy, float* dw, int64_t begin, int64_t end, int64_t n) {
  for (int64_t row = begin; row < end; row++) {
    const E *a = x + row * n, *d = dy + row * n;
    const float scale = r[row];
#pragma omp simd
    for (int64_t i = 0; i < n; i++) dw[i] += widen(d[i]) * rounded<E>(widen(a[i]) * scale);
  }
}

AJ_LEVELS(normalise,
          (const E* x, const E* residual, const E* w, E* sum, E* y, float* r, int64_t begin, int64_t end, int64_t n,
           float eps),
          (x, residual, w, sum, y, r, begin, end, n, eps))
AJ_LEVELS(normalise_back,
          (const E* x, const E* w, const float* r, const E* dy, const E* dsum, E* dx, int64_t begin, int64_t end,
           int64_t n),
          (x, w, r, dy, dsum, dx, begin, end, n))
AJ_LEVELS(weight, (const E* x, const float* r, const E* dy, float* dw, int64_t begin, int64_t end, int64_t n),
          (x, r, dy, dw, begin, end, n))

// Parts of the rows whose weight gradients are summed apart, then in order: a number that does not depend on the threads.
constexpr int64_t kParts = 16;

template <typename E>
at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& r, const at::Tensor& dy, int64_t rows, int64_t n) {
  const int64_t parts = std::min(kParts, std::max<int64_t>(rows, 1));
  at::Tensor dw = at::zeros({parts, n}, r.options());
  float* data = dw.data_ptr<float>();
  parallel(parts, std::max<int64_t>(1, kGrain * parts / std::max<int64_t>(1, rows * n)), [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++)
      weight<E>(elements<E>(x), elements<float>(r), elements<E>(dy), data + part * n, rows * part / parts,
                rows * (part + 1) / parts, n);
  });
  return dw.sum(0);
}

// norm returns y; it writes r [..., 1] and, where there is a residual, the sum.
at::Tensor norm(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& w, double eps, at::Tensor* sum,
                at::Tensor* r) {
  const bool fast = kernels_fit(x) && kernels_fit(w) && w.scalar_type() == x.scalar_type() &&
                    (!residual.defined() || (kernels_fit(residual) && residual.scalar_type() == x.scalar_type()));
  if (!fast) {
    if (residual.defined()) *sum = x + residual;
    at::Tensor wide = (residual.defined() ? *sum : x).to(at::kFloat);
    *r = wide.square().mean(-1, /*keepdim=*/true).add_(eps).rsqrt_();
    return (wide * *r).to(x.scalar_type()) * w;
  }
  const int64_t n = x.size(-1), rows = n ? x.numel() / n : 0;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = 1;
  *r = at::empty(shape, x.options().dtype(at::kFloat));
  at::Tensor y = at::empty(x.sizes(), x.options());
  if (residual.defined()) *sum = at::empty(x.sizes(), x.options());
  auto run = [&](auto element) {
    using E = decltype(element);
    parallel(rows, grain_rows(n), [&](int64_t begin, int64_t end) {
      normalise<E>(elements<E>(x), residual.defined() ? elements<E>(residual) : nullptr, elements<E>(w),
                   residual.defined() ? elements_to_write<E>(*sum) : nullptr, elements_to_write<E>(y),
                   elements_to_write<float>(*r), begin, end, n, static_cast<float>(eps));
    });
  };
  x.scalar_type() == at::kFloat ? run(float()) : run(bf16());
  return y;
}

// norm_gradients returns dx, with dsum added where it is defined, and dw; each only where it is wanted.
std::pair<at::Tensor, at::Tensor> norm_gradients(const at::Tensor& x, const at::Tensor& w, const at::Tensor& r,
                                                 const at::Tensor& dy_any, const at::Tensor& dsum_any, bool dx_wanted,
                                                 bool dw_wanted) {
  at::Tensor dx, dw;
  at::Tensor dy = dy_any.contiguous(), dsum = dsum_any.defined() ? dsum_any.contiguous() : dsum_any;
  const bool fast = kernels_fit(x) && kernels_fit(w) && kernels_fit(dy) && w.scalar_type() == x.scalar_type() &&
                    dy.scalar_type() == x.scalar_type() && (!dsum.defined() || dsum.scalar_type() == x.scalar_type());
  if (!fast) {
    at::Tensor wide = dy.to(at::kFloat), n = x.to(at::kFloat) * r;
    if (dx_wanted) {
      at::Tensor g = wide * w.to(at::kFloat);
      dx = (g - n * (g * n).mean(-1, /*keepdim=*/true)).mul_(r);
      if (dsum.defined()) dx.add_(dsum);
      dx = dx.to(x.scalar_type());
    }
    if (dw_wanted) dw = (wide * n.to(x.scalar_type())).reshape({-1, n.size(-1)}).sum(0).to(w.scalar_type());
    return {dx, dw};
  }
  const int64_t n = x.size(-1), rows = n ? x.numel() / n : 0;
  auto run = [&](auto element) {
    using E = decltype(element);
    if (dx_wanted) {
      dx = at::empty(x.sizes(), x.options());
      parallel(rows, grain_rows(n), [&](int64_t begin, int64_t end) {
        normalise_back<E>(elements<E>(x), elements<E>(w), elements<float>(r), elements<E>(dy),
                          dsum.defined() ? elements<E>(dsum) : nullptr, elements_to_write<E>(dx), begin, end, n);
      });
    }
    if (dw_wanted) dw = weight_gradient<E>(x, r, dy, rows, n).to(w.scalar_type());
  };
  x.scalar_type() == at::kFloat ? run(float()) : run(bf16());
  return {dx, dw};
}

struct RMSNorm : torch::autograd::Function<RMSNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& any, const at::Tensor& w, double eps) {
    at::Tensor x = any.contiguous(), r;
    at::Tensor y = norm(x, at::Tensor(), w, eps, nullptr, &r);
    if (ctx) ctx->save_for_backward({x, w, r});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list dys) {
    auto saved = ctx->get_saved_variables();
    auto [dx, dw] = norm_gradients(saved[0], saved[1], saved[2], dys[0], at::Tensor(), ctx->needs_input_grad(0),
                                   ctx->needs_input_grad(1));
    return {dx, dw, at::Tensor()};
  }
};

struct AddRMSNorm : torch::autograd::Function<AddRMSNorm> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& residual, const at::Tensor& w,
                               double eps) {
    at::Tensor sum, r;
    at::Tensor y = norm(x.contiguous(), residual.contiguous(), w, eps, &sum, &r);
    if (ctx) {
      ctx->save_for_backward({sum, w, r});
      ctx->set_materialize_grads(false);
    }
    return {sum, y};
  }

  // One tensor is the gradient of both addends. A result that nobody used has no gradient.
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    if (!grads[1].defined()) return {grads[0], grads[0], at::Tensor(), at::Tensor()};
    auto saved = ctx->get_saved_variables();
    auto [dx, dw] = norm_gradients(saved[0], saved[1], saved[2], grads[1], grads[0],
                                   ctx->needs_input_grad(0) || ctx->needs_input_grad(1), ctx->needs_input_grad(2));
    return {dx, dx, dw, at::Tensor()};
  }
};

void check_weight(const at::Tensor& x, const at::Tensor& w) {
  TORCH_CHECK(w.dim() == 1 && x.dim() > 0 && x.size(-1) == w.size(0), "weight ", w.sizes(), " does not fit rows of ",
              x.sizes());
}

}  // namespace

void rms_norm(aj_tensor x, aj_tensor weight, double eps, aj_tensor* out) {
  check_weight(T(x), T(weight));
  give(out, recorded<RMSNorm>(T(x), T(weight), eps));
}

void add_rms_norm(aj_tensor x, aj_tensor residual, aj_tensor weight, double eps, aj_tensor* sum, aj_tensor* out) {
  const at::Tensor &a = T(x), &b = T(residual);
  check_weight(a, T(weight));
  TORCH_CHECK(a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type(), "x ", a.scalar_type(), " ", a.sizes(),
              " and residual ", b.scalar_type(), " ", b.sizes(), " differ");
  variable_list both = recorded<AddRMSNorm>(a, b, T(weight), eps);
  give(sum, both[0]);
  give(out, both[1]);
}

}  // namespace ajolote
