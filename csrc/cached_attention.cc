// Attention of new tokens over [shared prefix | own past | themselves], for generation: the new keys and values are appended
// to each sequence's cache. Nothing here has a gradient.
//
// q is [tokens, heads, D], k and v [tokens, groups, D]; bounds are the n+1 offsets of the n sequences; caches_k[i] and
// caches_v[i] are [capacity, groups, D], of which the first lengths[i] rows are filled. The parts are computed by ATen's flash
// kernel and joined by log-sum-exp, as in segment_attention.cc. The composite beside it is one softmax over everything.
#include "shim.h"

#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>

#include <limits>

namespace ajolote {
namespace {

// Part is an attention over some of the keys: out [heads, tokens, D], lse [heads, tokens].
struct Part {
  at::Tensor out, lse;
};

at::Tensor heads_first(const at::Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

Part flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, bool causal, double scale) {
  auto [o, l] = at::_scaled_dot_product_flash_attention_for_cpu(heads_first(q), heads_first(k), heads_first(v), 0.0, causal,
                                                                {}, scale);
  return {o.squeeze(0), l.squeeze(0).to(at::kFloat)};
}

Part join(const Part& a, const Part& b) {
  at::Tensor lse = at::logaddexp(a.lse, b.lse);
  auto weight = [&](const Part& p) { return (p.lse - lse).exp_().unsqueeze(2); };
  return {a.out * weight(a) + b.out * weight(b), lse};
}

// direct is the plain softmax over past keys and new ones, for settings that flash does not have.
at::Tensor direct(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values, int64_t past, int64_t window,
                  double scale) {
  const int64_t repeat = q.size(1) / keys.size(1), n = q.size(0);
  at::Tensor k = keys.transpose(0, 1).repeat_interleave(repeat, 0), v = values.transpose(0, 1).repeat_interleave(repeat, 0);
  at::Tensor scores = at::matmul(q.transpose(0, 1), k.transpose(1, 2)) * scale;
  auto options = at::TensorOptions().dtype(at::kLong).device(q.device());
  at::Tensor at_query = at::arange(past, past + n, options).unsqueeze(1),
             at_key = at::arange(past + n, options).unsqueeze(0);
  at::Tensor hidden = at_key.gt(at_query);
  if (window > 0) hidden = hidden.logical_or(at_key.le(at_query - window));
  scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(q.scalar_type()), v).transpose(0, 1);
}

}  // namespace

void cached_attention(aj_tensor q, aj_tensor k, aj_tensor v, const int64_t* bounds, int64_t n, aj_tensor const* caches_k,
                      aj_tensor const* caches_v, const int64_t* lengths, aj_tensor prefix_k, aj_tensor prefix_v,
                      int64_t window, double scale, aj_tensor* out) {
  c10::AutoGradMode no_grad(false);
  const at::Tensor tq = T(q).detach(), tk = T(k).detach(), tv = T(v).detach();
  TORCH_CHECK(n >= 1 && bounds[0] == 0 && bounds[n - 1] == tq.size(0), "the bounds of the sequences must go from 0 to ",
              tq.size(0));
  const bool plain = kernel_level() == Level::composite || !tq.device().is_cpu() || window > 0;
  at::Tensor result = at::empty_like(tq);
  for (int64_t i = 0; i + 1 < n; i++) {
    const int64_t from = bounds[i], to = bounds[i + 1], fresh = to - from, past = lengths[i];
    if (fresh <= 0) continue;
    const at::Tensor ck = T(caches_k[i]).detach(), cv = T(caches_v[i]).detach();
    TORCH_CHECK(past + fresh <= ck.size(0), "sequence ", i, " has ", past, " tokens and gets ", fresh, ", its cache holds ",
                ck.size(0));
    ck.slice(0, past, past + fresh).copy_(tk.slice(0, from, to));
    cv.slice(0, past, past + fresh).copy_(tv.slice(0, from, to));
    const at::Tensor rows = tq.slice(0, from, to);
    const int64_t prefix = prefix_k ? T(prefix_k).size(0) : 0;
    if (plain) {
      at::Tensor keys = ck.slice(0, 0, past + fresh), values = cv.slice(0, 0, past + fresh);
      if (prefix) {
        keys = at::cat({T(prefix_k).detach(), keys});
        values = at::cat({T(prefix_v).detach(), values});
      }
      result.slice(0, from, to).copy_(direct(rows, keys, values, prefix + past, window, scale));
      continue;
    }
    // One new token sees all of its cache: no need to part the past from the new.
    Part all = fresh == 1 ? flash(rows, ck.slice(0, 0, past + 1), cv.slice(0, 0, past + 1), false, scale)
                          : flash(rows, tk.slice(0, from, to), tv.slice(0, from, to), true, scale);
    if (fresh > 1 && past > 0) all = join(all, flash(rows, ck.slice(0, 0, past), cv.slice(0, 0, past), false, scale));
    if (prefix) all = join(all, flash(rows, T(prefix_k).detach(), T(prefix_v).detach(), false, scale));
    result.slice(0, from, to).copy_(all.out.transpose(0, 1));
  }
  give(out, result);
}

}  // namespace ajolote
