// Matrix products and the layers that ATen has already.
#include "shim.h"
#include "trained_linear.h"
#include "widened_linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <cmath>

namespace ajolote {

void matmul(aj_tensor a, aj_tensor b, aj_tensor* out) { give(out, at::matmul(T(a), T(b))); }

void addmm(aj_tensor c, aj_tensor a, aj_tensor b, double beta, double alpha, aj_tensor* out) {
  give(out, at::addmm(T(c), T(a), T(b), beta, alpha));
}

void linear(aj_tensor x, aj_tensor weight, aj_tensor bias, aj_tensor* out) {
  give(out, T(x).scalar_type() == T(weight).scalar_type() ? trained_linear(T(x), T(weight), maybe(bias), Activation::none)
                                                          : widened_linear(T(x), T(weight), maybe(bias)));
}

void linear_gelu(aj_tensor x, aj_tensor weight, aj_tensor bias, int32_t tanh_form, aj_tensor* out) {
  give(out, trained_linear(T(x), T(weight), maybe(bias), tanh_form ? Activation::gelu_tanh : Activation::gelu));
}

void softmax(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, at::softmax(T(a), dim)); }
void log_softmax(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, at::log_softmax(T(a), dim)); }
void logsumexp(aj_tensor a, int64_t dim, int32_t keep, aj_tensor* out) { give(out, at::logsumexp(T(a), dim, keep)); }

void cross_entropy(aj_tensor logits, aj_tensor targets, int64_t ignore, int32_t mean, aj_tensor* out) {
  give(out, at::cross_entropy_loss(T(logits), T(targets), {}, mean ? at::Reduction::Mean : at::Reduction::Sum, ignore));
}

void layer_norm(aj_tensor x, aj_tensor weight, aj_tensor bias, double eps, aj_tensor* out) {
  give(out, at::layer_norm(T(x), {T(x).size(-1)}, maybe(weight), maybe(bias), eps));
}

// A scale that is NaN is the default, 1/sqrt(head size).
void scaled_dot_product_attention(aj_tensor q, aj_tensor k, aj_tensor v, aj_tensor mask, double dropout, int32_t causal,
                                  double scale, aj_tensor* out) {
  std::optional<double> s = std::isnan(scale) ? std::nullopt : std::optional<double>(scale);
  give(out, at::scaled_dot_product_attention(T(q), T(k), T(v), maybe(mask), dropout, causal, s, /*enable_gqa=*/true));
}

}  // namespace ajolote
