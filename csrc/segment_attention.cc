// Attention over flat rows of tokens: [shared prefix | own segment], never padded, never a dense mask.
//
// q is [tokens, heads, D], k and v [tokens, groups, D] with groups dividing heads; bounds are the n+1 offsets of the n
// segments. Each segment attends to itself (causally or not) and, where a prefix is given as [prefix, groups, D], to all of
// it. The two parts are joined by log-sum-exp; in backward each part needs only the joined output and the joined
// log-sum-exp, so both use ATen's flash kernels (kernel: FlashAttention-2, Dao 2023; joining: Hydragen, Juravsky 2024).
// The composite beside it says the same in plain operations and serves every other device and setting.
#include "shim.h"

#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// rows takes tokens [from, to) of [tokens, heads, D] as ATen's [1, heads, tokens, D]. A view.
at::Tensor rows(const at::Tensor& x, int64_t from, int64_t to) { return x.slice(0, from, to).transpose(0, 1).unsqueeze(0); }

// flat undoes rows: [1, heads, tokens, D] to [tokens, heads, D]. A view.
at::Tensor flat(const at::Tensor& x) { return x.squeeze(0).transpose(0, 1); }

at::Tensor composite(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
                     const at::Tensor& pk, const at::Tensor& pv, bool causal, int64_t window, double scale) {
  const int64_t repeat = q.size(1) / k.size(1);
  const int64_t prefix = pk.defined() ? pk.size(0) : 0;
  std::vector<at::Tensor> outs;
  for (size_t i = 0; i + 1 < bounds.size(); i++) {
    const int64_t from = bounds[i], to = bounds[i + 1], n = to - from;
    at::Tensor keys = k.slice(0, from, to), values = v.slice(0, from, to);
    if (prefix) {
      keys = at::cat({pk, keys});
      values = at::cat({pv, values});
    }
    keys = keys.transpose(0, 1).repeat_interleave(repeat, 0);
    values = values.transpose(0, 1).repeat_interleave(repeat, 0);
    at::Tensor scores = at::matmul(q.slice(0, from, to).transpose(0, 1), keys.transpose(1, 2)) * scale;
    if (causal) {
      auto options = at::TensorOptions().dtype(at::kLong).device(q.device());
      at::Tensor at_query = at::arange(prefix, prefix + n, options).unsqueeze(1);
      at::Tensor at_key = at::arange(0, prefix + n, options).unsqueeze(0);
      at::Tensor hidden = at_key.gt(at_query);
      if (window > 0) hidden = hidden.logical_or(at_key.le(at_query - window));
      scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
    }
    at::Tensor p = at::softmax(scores, -1, at::kFloat).to(q.scalar_type());
    outs.push_back(at::matmul(p, values).transpose(0, 1));
  }
  return outs.empty() ? at::empty_like(q) : at::cat(outs);
}

struct FlashSegments : torch::autograd::Function<FlashSegments> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::vector<int64_t> bounds, const std::optional<at::Tensor>& prefix_k,
                            const std::optional<at::Tensor>& prefix_v, bool causal, double scale) {
    const int64_t tokens = q.size(0);
    const at::Tensor pk = prefix_k.value_or(at::Tensor()), pv = prefix_v.value_or(at::Tensor());
    at::AutoDispatchBelowADInplaceOrView guard;
    at::Tensor out = at::empty(q.sizes(), q.options());
    at::Tensor lse = at::empty({q.size(1), tokens}, q.options().dtype(at::kFloat));
    for (size_t i = 0; i + 1 < bounds.size(); i++) {
      const int64_t from = bounds[i], to = bounds[i + 1];
      if (from == to) continue;
      auto [o, l] = at::_scaled_dot_product_flash_attention_for_cpu(rows(q, from, to), rows(k, from, to), rows(v, from, to),
                                                                    0.0, causal, {}, scale);
      out.slice(0, from, to).copy_(flat(o));
      lse.slice(1, from, to).copy_(l.squeeze(0));
    }
    if (pk.defined() && pk.size(0) && tokens) {
      auto [o, l] = at::_scaled_dot_product_flash_attention_for_cpu(rows(q, 0, tokens), rows(pk, 0, pk.size(0)),
                                                                    rows(pv, 0, pv.size(0)), 0.0, false, {}, scale);
      at::Tensor lp = l.squeeze(0).to(at::kFloat);
      at::Tensor joined = at::logaddexp(lp, lse);
      auto weight = [&](const at::Tensor& part) { return (part - joined).exp_().t().unsqueeze(2); };
      out = (out * weight(lse) + flat(o) * weight(lp)).to(q.scalar_type());
      lse = joined;
    }
    ctx->save_for_backward({q, k, v, pk, pv, out, lse});
    ctx->saved_data["bounds"] = bounds;
    ctx->saved_data["causal"] = causal;
    ctx->saved_data["scale"] = scale;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &pk = saved[3], &pv = saved[4], &out = saved[5],
                     &lse = saved[6];
    const std::vector<int64_t> bounds = ctx->saved_data["bounds"].toIntVector();
    const bool causal = ctx->saved_data["causal"].toBool();
    const double scale = ctx->saved_data["scale"].toDouble();
    const int64_t tokens = q.size(0);
    at::Tensor dout = grads[0].contiguous();
    at::Tensor dq = at::empty(q.sizes(), q.options()), dk = at::empty(k.sizes(), k.options()),
               dv = at::empty(v.sizes(), v.options()), dpk, dpv;
    auto part = [&](int64_t from, int64_t to, const at::Tensor& keys, const at::Tensor& values, bool causal_part) {
      return at::_scaled_dot_product_flash_attention_for_cpu_backward(
          rows(dout, from, to), rows(q, from, to), keys, values, rows(out, from, to),
          lse.slice(1, from, to).contiguous().unsqueeze(0), 0.0, causal_part, {}, scale);
    };
    for (size_t i = 0; i + 1 < bounds.size(); i++) {
      const int64_t from = bounds[i], to = bounds[i + 1];
      if (from == to) continue;
      auto [gq, gk, gv] = part(from, to, rows(k, from, to), rows(v, from, to), causal);
      dq.slice(0, from, to).copy_(flat(gq));
      dk.slice(0, from, to).copy_(flat(gk));
      dv.slice(0, from, to).copy_(flat(gv));
    }
    if (pk.defined() && pk.size(0) && tokens) {
      auto [gq, gk, gv] = part(0, tokens, rows(pk, 0, pk.size(0)), rows(pv, 0, pv.size(0)), false);
      dq.add_(flat(gq));
      dpk = flat(gk).contiguous();
      dpv = flat(gv).contiguous();
    }
    return {dq, dk, dv, at::Tensor(), dpk, dpv, at::Tensor(), at::Tensor()};
  }
};

// dense_rows gives x with the elements of a head side by side, as the kernels read them. The rest may be strided.
at::Tensor dense_rows(const at::Tensor& x) { return x.dim() == 0 || x.stride(-1) == 1 ? x : x.contiguous(); }

std::optional<at::Tensor> given(const at::Tensor& x) { return x.defined() ? std::optional<at::Tensor>(x) : std::nullopt; }

bool flash_fits(const at::Tensor& q, int64_t window) {
  return kernel_level() != Level::composite && q.device().is_cpu() && window <= 0 && q.is_floating_point();
}

}  // namespace

void segment_attention(aj_tensor q, aj_tensor k, aj_tensor v, const int64_t* bounds, int64_t n, aj_tensor prefix_k,
                       aj_tensor prefix_v, int32_t causal, int64_t window, double scale, aj_tensor* out) {
  const at::Tensor tq = dense_rows(T(q)), tk = dense_rows(T(k)), tv = dense_rows(T(v));
  const at::Tensor pk = prefix_k ? dense_rows(T(prefix_k)) : at::Tensor(),
                   pv = prefix_v ? dense_rows(T(prefix_v)) : at::Tensor();
  TORCH_CHECK(tq.dim() == 3 && tk.dim() == 3 && tk.sizes() == tv.sizes() && tq.size(0) == tk.size(0) &&
                  tq.size(2) == tk.size(2) && tk.size(1) > 0 && tq.size(1) % tk.size(1) == 0,
              "q ", tq.sizes(), ", k ", tk.sizes(), " and v ", tv.sizes(), " do not fit [tokens, heads, size]");
  TORCH_CHECK(pk.defined() == pv.defined(), "a prefix needs both keys and values");
  if (pk.defined())
    TORCH_CHECK(pk.dim() == 3 && pk.sizes() == pv.sizes() && pk.size(1) == tk.size(1) && pk.size(2) == tk.size(2),
                "prefix ", pk.sizes(), " does not fit keys ", tk.sizes());
  std::vector<int64_t> list(bounds, bounds + n);
  TORCH_CHECK(n >= 1 && list.front() == 0 && list.back() == tq.size(0) && std::is_sorted(list.begin(), list.end()),
              "the segment bounds must rise from 0 to ", tq.size(0));
  give(out, flash_fits(tq, window) ? FlashSegments::apply(tq, tk, tv, list, given(pk), given(pv), causal != 0, scale)
                                   : composite(tq, tk, tv, list, pk, pv, causal != 0, window, scale));
}

}  // namespace ajolote
