// Arithmetic and comparison, element by element with broadcasting.
#include "shim.h"

#include <ATen/ops/clamp.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/silu.h>

#include <cmath>

namespace ajolote {
namespace {
// number reads a number as Python would where it meets t: a whole one is an int beside ints, so that the result stays one.
at::Scalar number(double v, const at::Tensor& t) {
  const bool whole = std::floor(v) == v && std::abs(v) < 9e18;
  return whole && !t.is_floating_point() ? at::Scalar(static_cast<int64_t>(v)) : at::Scalar(v);
}

// factor is number for two operands: it may be a fraction only where one of them is floating.
at::Scalar factor(double v, const at::Tensor& a, const at::Tensor& b) { return number(v, a.is_floating_point() ? a : b); }
}  // namespace

void add(aj_tensor a, aj_tensor b, double alpha, aj_tensor* out) { give(out, T(a).add(T(b), factor(alpha, T(a), T(b)))); }
void mul(aj_tensor a, aj_tensor b, aj_tensor* out) { give(out, T(a).mul(T(b))); }
void div(aj_tensor a, aj_tensor b, aj_tensor* out) { give(out, T(a).div(T(b))); }
void maximum(aj_tensor a, aj_tensor b, aj_tensor* out) { give(out, at::maximum(T(a), T(b))); }
void minimum(aj_tensor a, aj_tensor b, aj_tensor* out) { give(out, at::minimum(T(a), T(b))); }
void add_scalar(aj_tensor a, double b, aj_tensor* out) { give(out, T(a).add(number(b, T(a)))); }
void mul_scalar(aj_tensor a, double b, aj_tensor* out) { give(out, T(a).mul(number(b, T(a)))); }
void pow_scalar(aj_tensor a, double b, aj_tensor* out) { give(out, T(a).pow(number(b, T(a)))); }

// A bound that is NaN is absent.
void clamp(aj_tensor a, double low, double high, aj_tensor* out) {
  auto bound = [&](double v) {
    return std::isnan(v) ? std::optional<at::Scalar>() : std::optional<at::Scalar>(number(v, T(a)));
  };
  give(out, at::clamp(T(a), bound(low), bound(high)));
}

void add_(aj_tensor a, aj_tensor b, double alpha) { T(a).add_(T(b), factor(alpha, T(a), T(b))); }
void mul_(aj_tensor a, aj_tensor b) { T(a).mul_(T(b)); }
void mul_scalar_(aj_tensor a, double b) { T(a).mul_(number(b, T(a))); }

void neg(aj_tensor a, aj_tensor* out) { give(out, T(a).neg()); }
void abs(aj_tensor a, aj_tensor* out) { give(out, T(a).abs()); }
void exp(aj_tensor a, aj_tensor* out) { give(out, T(a).exp()); }
void log(aj_tensor a, aj_tensor* out) { give(out, T(a).log()); }
void sqrt(aj_tensor a, aj_tensor* out) { give(out, T(a).sqrt()); }
void rsqrt(aj_tensor a, aj_tensor* out) { give(out, T(a).rsqrt()); }
void reciprocal(aj_tensor a, aj_tensor* out) { give(out, T(a).reciprocal()); }
void sin(aj_tensor a, aj_tensor* out) { give(out, T(a).sin()); }
void cos(aj_tensor a, aj_tensor* out) { give(out, T(a).cos()); }
void tanh(aj_tensor a, aj_tensor* out) { give(out, T(a).tanh()); }
void sigmoid(aj_tensor a, aj_tensor* out) { give(out, T(a).sigmoid()); }
void relu(aj_tensor a, aj_tensor* out) { give(out, at::relu(T(a))); }
void silu(aj_tensor a, aj_tensor* out) { give(out, at::silu(T(a))); }
void gelu(aj_tensor a, int32_t tanh_form, aj_tensor* out) { give(out, at::gelu(T(a), tanh_form ? "tanh" : "none")); }
void round(aj_tensor a, aj_tensor* out) { give(out, T(a).round()); }
void floor(aj_tensor a, aj_tensor* out) { give(out, T(a).floor()); }
void sign(aj_tensor a, aj_tensor* out) { give(out, T(a).sign()); }

namespace {
template <typename Other>
at::Tensor compare_how(const at::Tensor& a, const Other& b, int32_t how) {
  switch (how) {
    case 0: return a.eq(b);
    case 1: return a.ne(b);
    case 2: return a.lt(b);
    case 3: return a.le(b);
    case 4: return a.gt(b);
    case 5: return a.ge(b);
  }
  TORCH_CHECK(false, "no comparison has number ", how);
}
}  // namespace

void compare(aj_tensor a, aj_tensor b, int32_t how, aj_tensor* out) { give(out, compare_how(T(a), T(b), how)); }

void compare_scalar(aj_tensor a, double b, int32_t how, aj_tensor* out) {
  give(out, compare_how(T(a), number(b, T(a)), how));
}

// how: 0 and, 1 or, 2 not (b is ignored and may be null).
void logical(aj_tensor a, aj_tensor b, int32_t how, aj_tensor* out) {
  give(out, how == 0 ? T(a).logical_and(T(b)) : how == 1 ? T(a).logical_or(T(b)) : T(a).logical_not());
}

void isfinite(aj_tensor a, aj_tensor* out) { give(out, at::isfinite(T(a))); }
void equal(aj_tensor a, aj_tensor b, int32_t* out) { *out = T(a).equal(T(b)); }

}  // namespace ajolote
