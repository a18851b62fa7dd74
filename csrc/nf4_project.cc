// Linear layers over NF4 matrices that share their input, each with an optional LoRA term (Hu et al., 2021), as one
// differentiable operation:
//
//   y_i = x W_iᵀ + bias_i + scale_i (d_i(x) A_iᵀ) B_iᵀ          d_i: counter_dropout, or nothing
//
// Saved for backward are x and u_i = scale_i d_i(x) A_iᵀ, [tokens, rank]; never a decoded weight, nor a dropped copy of x.
// Backward, with g_i = scale_i dy_i B_i:
//
//   dx = Σ dy_i W_i + d_i(g_i A_i),   dA_i = g_iᵀ d_i(x),   dB_i = dy_iᵀ u_i,   dbias_i = Σ_tokens dy_i
#include "nf4_project.h"

#include "low_rank.h"
#include "recorded.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>

namespace ajolote {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A trained tensor of a part, by its place in the operation's list of those that there are; -1 for none.
struct Place {
  int64_t at = -1;
  explicit operator bool() const { return at >= 0; }
};

struct Part {
  NF4 w;
  Place bias, a, b;
  double scale = 0, dropout = 0;
  uint64_t seed = 0, stream = 0;
};

// Plan is what the two passes share besides tensors with gradients.
struct Plan : torch::CustomClassHolder {
  std::vector<Part> parts;
  int64_t trained = 0;  // tensors that may have gradients
  int64_t first_row = 0;
  c10::ScalarType compute = at::kFloat;
};

at::Tensor dropped(const at::Tensor& x, const Part& p, int64_t first_row) {
  if (p.dropout == 0) return x;
  aj_tensor out = nullptr;
  at::Tensor in = x;
  counter_dropout(&in, p.dropout, p.seed, p.stream, first_row, &out);
  at::Tensor result = T(out);
  release(&out, 1);
  return result;
}

at::Tensor in_float(const at::Tensor& t) { return t.to(at::kFloat); }

// low_ranks computes u_i for the parts that have a term. Parts without dropout share one product with their A stacked.
std::vector<at::Tensor> low_ranks(const at::Tensor& x, const Plan& plan, at::TensorList trained) {
  std::vector<at::Tensor> us(plan.parts.size());
  std::vector<at::Tensor> stacked;
  for (size_t i = 0; i < us.size(); i++) {
    const Part& p = plan.parts[i];
    if (!p.a) continue;
    const at::Tensor& a = trained[p.a.at];
    if (p.dropout == 0)
      stacked.push_back(in_float(a).mul(p.scale));
    else
      us[i] = low_rank_down(in_float(dropped(x, p, plan.first_row)), in_float(a).mul(p.scale));
  }
  if (stacked.empty()) return us;
  at::Tensor together = low_rank_down(in_float(x), at::cat(stacked));
  int64_t column = 0;
  for (size_t i = 0; i < us.size(); i++) {
    const Part& p = plan.parts[i];
    if (!p.a || us[i].defined()) continue;
    const int64_t rank = trained[p.a.at].size(0);
    us[i] = together.slice(1, column, column + rank);
    column += rank;
  }
  return us;
}

struct NF4Project : torch::autograd::Function<NF4Project> {
  static variable_list forward(AutogradContext* ctx, const at::Tensor& x, at::TensorList trained,
                               c10::intrusive_ptr<Plan> plan) {
    at::AutoDispatchBelowADInplaceOrView guard;
    const size_t n = plan->parts.size();
    at::Tensor rows = x.reshape({-1, x.size(-1)}).contiguous();
    std::vector<at::Tensor> us = low_ranks(rows, *plan, trained);
    std::vector<NF4Forward> products;
    for (size_t i = 0; i < n; i++) {
      const Part& p = plan->parts[i];
      NF4Forward product{&p.w, {}, {}, {}};
      if (p.bias) product.bias = in_float(trained[p.bias.at]).contiguous();
      if (p.a) {
        product.u = us[i];
        product.b = in_float(trained[p.b.at]).contiguous();
      }
      products.push_back(std::move(product));
    }
    variable_list outs = nf4_forward(rows, products, plan->compute);
    std::vector<int64_t> shape = x.sizes().vec();
    for (size_t i = 0; i < n; i++) {
      shape.back() = plan->parts[i].w.rows;
      outs[i] = outs[i].view(shape);
    }
    if (!ctx) return outs;
    variable_list saved = {x};
    saved.insert(saved.end(), trained.begin(), trained.end());
    for (const at::Tensor& u : us)
      if (u.defined()) saved.push_back(u);
    ctx->save_for_backward(saved);
    ctx->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return outs;
  }

  static variable_list backward(AutogradContext* ctx, variable_list dys) {
    const auto saved = ctx->get_saved_variables();
    auto plan = c10::static_intrusive_pointer_cast<Plan>(ctx->saved_data["plan"].toCapsule());
    const size_t n = plan->parts.size();
    const at::Tensor& x = saved[0];
    const at::Tensor rows = x.reshape({-1, x.size(-1)});
    const auto wanted = [&](Place place) { return place && ctx->needs_input_grad(1 + place.at); };
    const auto trained = [&](Place place) -> const at::Tensor& { return saved[1 + place.at]; };
    variable_list grads(1 + plan->trained + 1);  // of x, the trained tensors, and none of the plan
    const auto grad = [&](Place place) -> at::Tensor& { return grads[1 + place.at]; };
    std::vector<NF4Backward> products;
    std::vector<at::Tensor> late;  // shares of dx that pass a dropout mask
    std::vector<at::Tensor> thin;  // g_i of the parts without dropout whose dA is wanted: one product with x for all
    std::vector<Place> thin_of;
    size_t next_u = 1 + plan->trained;
    for (size_t i = 0; i < n; i++) {
      const Part& p = plan->parts[i];
      const at::Tensor u = p.a ? saved[next_u++] : at::Tensor();
      if (!dys[i].defined()) continue;
      at::Tensor dy = dys[i].reshape({rows.size(0), p.w.rows}).contiguous();
      NF4Backward product{&p.w, dy, {}, {}};
      if (wanted(p.bias)) grad(p.bias) = in_float(dy).sum(0).to(trained(p.bias).scalar_type());
      if (p.a) {
        const at::Tensor &a = trained(p.a), &b = trained(p.b);
        at::Tensor wide = in_float(dy);
        at::Tensor g = low_rank_back(wide, in_float(b).mul(p.scale));
        if (wanted(p.b)) grad(p.b) = low_rank_weight(wide, u).to(b.scalar_type());
        if (wanted(p.a) && p.dropout == 0) {
          thin.push_back(g);
          thin_of.push_back(p.a);
        } else if (wanted(p.a)) {
          grad(p.a) = low_rank_weight(in_float(dropped(rows, p, plan->first_row)), g).t().contiguous().to(a.scalar_type());
        }
        if (ctx->needs_input_grad(0)) {
          if (p.dropout == 0) {
            product.g = g;
            product.a = in_float(a).contiguous();
          } else {
            late.push_back(dropped(at::mm(g, in_float(a)), p, plan->first_row));
          }
        }
      }
      products.push_back(std::move(product));
    }
    if (!thin.empty()) {
      const at::Tensor together = low_rank_weight(in_float(rows), thin.size() == 1 ? thin[0] : at::cat(thin, 1));
      int64_t column = 0;
      for (size_t i = 0; i < thin.size(); i++) {
        grad(thin_of[i]) =
            together.narrow(1, column, thin[i].size(1)).t().contiguous().to(trained(thin_of[i]).scalar_type());
        column += thin[i].size(1);
      }
    }
    if (ctx->needs_input_grad(0) && !products.empty()) {
      at::Tensor dx = nf4_backward(products, plan->compute, late.empty() ? x.scalar_type() : at::kFloat);
      for (const at::Tensor& share : late) dx.add_(share);
      grads[0] = dx.to(x.scalar_type()).view(x.sizes());
    }
    return grads;
  }
};

c10::ScalarType compute_type(int32_t compute, const at::Tensor& x) {
  const auto type = compute < 0 ? x.scalar_type() : type_of(compute);
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16 || type == at::kHalf,
              "NF4 products are computed in float32, bfloat16 or float16, not ", type);
  return type;
}

}  // namespace

void nf4_project(aj_tensor x, const aj_nf4_part* parts, int64_t n, int64_t first_row, int32_t compute, aj_tensor* outs) {
  const at::Tensor& input = T(x);
  TORCH_CHECK(n > 0, "no matrix to multiply with");
  TORCH_CHECK(input.dim() >= 1 && input.is_floating_point(), "the input of an NF4 product is ", input.scalar_type(), " ",
              input.sizes());
  auto plan = c10::make_intrusive<Plan>();
  plan->first_row = first_row;
  plan->compute = compute_type(compute, input);
  std::vector<at::Tensor> trained;
  for (int64_t i = 0; i < n; i++) {
    const aj_nf4_part& p = parts[i];
    const NF4 w = read_nf4(p.weight);
    TORCH_CHECK(input.size(-1) == w.cols, "x ", input.sizes(), " does not fit NF4 matrix ", i, " of ", w.rows, " x ",
                w.cols);
    at::Tensor bias = p.bias ? T(p.bias) : at::Tensor(), a = p.a ? T(p.a) : at::Tensor(), b = p.b ? T(p.b) : at::Tensor();
    if (bias.defined())
      TORCH_CHECK(bias.dim() == 1 && bias.size(0) == w.rows, "bias ", bias.sizes(), " does not fit ", w.rows, " rows");
    TORCH_CHECK(a.defined() == b.defined(), "a low-rank term needs both A and B");
    if (a.defined())
      TORCH_CHECK(a.dim() == 2 && b.dim() == 2 && a.size(1) == w.cols && b.size(0) == w.rows && a.size(0) == b.size(1),
                  "A ", a.sizes(), " and B ", b.sizes(), " do not fit an NF4 matrix of ", w.rows, " x ", w.cols);
    const auto place = [&](const at::Tensor& t) {
      if (!t.defined()) return Place{};
      trained.push_back(t);
      return Place{static_cast<int64_t>(trained.size()) - 1};
    };
    plan->parts.push_back(Part{w, place(bias), place(a), place(b), p.scale, p.dropout, p.seed, p.stream});
  }
  plan->trained = static_cast<int64_t>(trained.size());
  variable_list results = recorded<NF4Project>(input, at::TensorList(trained), plan);
  for (int64_t i = 0; i < n; i++) give(&outs[i], results[i]);
}

}  // namespace ajolote
