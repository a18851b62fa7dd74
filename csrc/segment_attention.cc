// Attention over flat rows of tokens: [shared prefix | own segment], never padded, never a dense mask.
//
// q is [tokens, heads, D], k and v [tokens, groups, D] with groups dividing heads; bounds are the n+1 offsets of the n
// segments. Each segment attends to itself (causally or not) and, where a prefix is given as [prefix, groups, D], to all of
// it: the prefix's keys come first in one softmax over both. Dropout of the probabilities, without a prefix, has the mask of
// counter_dropout.h: neither the tiles nor the threads, nor how tokens are split into rows, change it. The kernels
// (kernels/attention.h) go over tiles; the composite beside them says the same in plain operations, with the scores of a
// segment as a matrix.
#include "kernels/attention.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <torch/csrc/autograd/custom_function.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor composite(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int64_t>& bounds,
                     const at::Tensor& pk, const at::Tensor& pv, bool causal, int64_t window, double scale,
                     const Mask& dropout) {
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
    if (dropout.p > 0) {
      const at::Tensor ones = at::ones({n, q.size(1), n}, at::TensorOptions().dtype(at::kFloat));
      const Mask mask{dropout.p, dropout.seed, dropout.stream, (dropout.first_row + from) * q.size(1)};
      p = p * dropped(ones, mask).transpose(0, 1).to(p.device(), p.scalar_type());
    }
    outs.push_back(at::matmul(p, values).transpose(0, 1));
  }
  return outs.empty() ? at::empty_like(q) : at::cat(outs);
}

// rows gives x contiguous, in the type that the kernels multiply: bfloat16 where the CPU does, otherwise float32.
at::Tensor rows(const at::Tensor& x) {
  const bool narrow = x.scalar_type() == at::kBFloat16 && kernel_level() >= Level::avx512bf16;
  return x.to(narrow ? at::kBFloat16 : at::kFloat).contiguous();
}

AttentionInputs inputs(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& prefix_k,
                       const at::Tensor& prefix_v) {
  const auto or_none = [](const at::Tensor& x) { return x.defined() ? rows(x) : x; };
  return {rows(q), rows(k), rows(v), or_none(prefix_k), or_none(prefix_v)};
}

AttentionShape shape_of(const at::Tensor& q, const at::Tensor& k, const at::Tensor& prefix_k, std::vector<int64_t> bounds,
                        bool causal, int64_t window, double scale, const Mask& dropout) {
  const int64_t prefix = prefix_k.defined() ? prefix_k.size(0) : 0;
  return {
      std::move(bounds),         q.size(1), k.size(1), q.size(2), prefix, causal, causal ? std::max<int64_t>(0, window) : 0,
      static_cast<float>(scale), dropout};
}

// Segments is the operation over the kernels. Saved for backward are the inputs, the result and the log-sum-exp.
struct Segments : torch::autograd::Function<Segments> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const std::optional<at::Tensor>& prefix_k, const std::optional<at::Tensor>& prefix_v,
                            const AttentionShape& shape) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const AttentionInputs in = inputs(q, k, v, prefix_k.value_or(at::Tensor()), prefix_v.value_or(at::Tensor()));
    at::Tensor out = at::empty(in.q.sizes(), in.q.options());
    at::Tensor lse = at::empty({q.size(0), q.size(1)}, q.options().dtype(at::kFloat));
    attention_forward(shape, in, out, lse);
    out = out.to(q.scalar_type());
    ctx->save_for_backward({q, k, v, prefix_k.value_or(at::Tensor()), prefix_v.value_or(at::Tensor()), out, lse});
    ctx->saved_data["bounds"] = shape.bounds;
    ctx->saved_data["causal"] = shape.causal;
    ctx->saved_data["window"] = shape.window;
    ctx->saved_data["scale"] = static_cast<double>(shape.scale);
    ctx->saved_data["p"] = shape.dropout.p;
    ctx->saved_data["seed"] = static_cast<int64_t>(shape.dropout.seed);
    ctx->saved_data["stream"] = static_cast<int64_t>(shape.dropout.stream);
    ctx->saved_data["first_row"] = shape.dropout.first_row;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &prefix_k = saved[3];
    auto& data = ctx->saved_data;
    const Mask dropout{data["p"].toDouble(), static_cast<uint64_t>(data["seed"].toInt()),
                       static_cast<uint64_t>(data["stream"].toInt()), data["first_row"].toInt()};
    const AttentionShape shape = shape_of(q, k, prefix_k, data["bounds"].toIntVector(), data["causal"].toBool(),
                                          data["window"].toInt(), data["scale"].toDouble(), dropout);
    const AttentionInputs in = inputs(q, k, saved[2], prefix_k, saved[4]);
    const auto type = in.q.scalar_type();
    AttentionInputs d = attention_backward(shape, in, saved[5].to(type), saved[6], grads[0].to(type).contiguous());
    const auto back = [&](const at::Tensor& g) { return g.defined() ? g.to(q.scalar_type()) : g; };
    return {back(d.q), back(d.k), back(d.v), back(d.prefix_k), back(d.prefix_v), at::Tensor()};
  }
};

std::optional<at::Tensor> given(const at::Tensor& x) { return x.defined() ? std::optional<at::Tensor>(x) : std::nullopt; }

// kernels_take says whether the kernels compute this: what is left, float64, other devices, is the composite's.
bool kernels_take(const at::Tensor& q, double scale) {
  const auto type = q.scalar_type();
  return kernel_level() != Level::composite && q.device().is_cpu() && scale > 0 &&
         (type == at::kFloat || type == at::kBFloat16 || type == at::kHalf);
}

}  // namespace

void segment_attention(aj_tensor q, aj_tensor k, aj_tensor v, const int64_t* bounds, int64_t n, aj_tensor prefix_k,
                       aj_tensor prefix_v, int32_t causal, int64_t window, double scale, double p, uint64_t seed,
                       uint64_t stream, int64_t first_row, aj_tensor* out) {
  const at::Tensor &tq = T(q), &tk = T(k), &tv = T(v);
  const at::Tensor pk = prefix_k ? T(prefix_k) : at::Tensor(), pv = prefix_v ? T(prefix_v) : at::Tensor();
  TORCH_CHECK(tq.dim() == 3 && tk.dim() == 3 && tk.sizes() == tv.sizes() && tq.size(0) == tk.size(0) &&
                  tq.size(2) == tk.size(2) && tk.size(1) > 0 && tq.size(1) % tk.size(1) == 0,
              "q ", tq.sizes(), ", k ", tk.sizes(), " and v ", tv.sizes(), " do not fit [tokens, heads, size]");
  TORCH_CHECK(pk.defined() == pv.defined(), "a prefix needs both keys and values");
  if (pk.defined())
    TORCH_CHECK(pk.dim() == 3 && pk.sizes() == pv.sizes() && pk.size(1) == tk.size(1) && pk.size(2) == tk.size(2),
                "prefix ", pk.sizes(), " does not fit keys ", tk.sizes());
  TORCH_CHECK(p >= 0 && p < 1, "the dropout probability must lie in [0, 1), not be ", p);
  TORCH_CHECK(p == 0 || !pk.defined(), "attention with dropout takes no prefix");
  const Mask dropout{p, seed, stream, first_row};
  std::vector<int64_t> list(bounds, bounds + n);
  TORCH_CHECK(n >= 1 && list.front() == 0 && list.back() == tq.size(0) && std::is_sorted(list.begin(), list.end()),
              "the segment bounds must rise from 0 to ", tq.size(0));
  if (!kernels_take(tq, scale)) return give(out, composite(tq, tk, tv, list, pk, pv, causal != 0, window, scale, dropout));
  const AttentionShape shape = shape_of(tq, tk, pk, std::move(list), causal != 0, window, scale, dropout);
  give(out, Segments::apply(tq, tk, tv, given(pk), given(pv), shape));
}

}  // namespace ajolote
