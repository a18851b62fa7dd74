// The head of a language model in generation: the likeliest word of each state, or the products of a few words.
//
// The likeliest word is that of the full product, the first of equal ones. Where a screen is given (see
// kernels/head_screen.cc) most words' vectors are not read: the candidates that it leaves are multiplied by the kernel that
// the full product of a few states goes through, and so have the same products to the bit. Words that are not allowed are
// not read either.
#include "kernels/head_screen.h"
#include "kernels/widened_matvec.h"
#include "widened_linear.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linear.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <limits>

namespace ajolote {
namespace {

at::Tensor products(const at::Tensor& x, const at::Tensor& weight) {
  return weight.scalar_type() == x.scalar_type() ? at::linear(x, weight) : widened_linear(x, weight, {});
}

// plain_argmax takes the greatest of all products; -1 where nothing is allowed.
at::Tensor plain_argmax(const at::Tensor& x, const at::Tensor& weight, const uint64_t* allowed) {
  at::Tensor all = products(x, weight).to(at::kFloat).contiguous();
  if (!allowed) return at::argmax(all, 1);
  const int64_t words = all.size(1), sets = (words + 63) / 64;
  at::Tensor best = at::empty({all.size(0)}, at::kLong);
  for (int64_t t = 0; t < all.size(0); t++) {
    const float* row = all.const_data_ptr<float>() + t * words;
    int64_t at = -1;
    for (int64_t word = 0; word < words; word++)
      if (allowed[t * sets + word / 64] >> (word % 64) & 1 && (at < 0 || row[word] > row[at])) at = word;
    best.data_ptr<int64_t>()[t] = at;
  }
  return best;
}

bool any(const uint64_t* sets, int64_t n) {
  return !sets || std::any_of(sets, sets + n, [](uint64_t set) { return set != 0; });
}

}  // namespace

void head_rows(aj_tensor x, aj_tensor weight, aj_tensor ids, aj_tensor* out) {
  c10::AutoGradMode no_grad(false);
  const at::Tensor& w = T(weight);
  const at::Tensor i = T(ids).contiguous();
  TORCH_CHECK(T(x).dim() == 2 && w.dim() == 2 && T(x).size(1) == w.size(1), "weight ", w.sizes(), " does not fit states ",
              T(x).sizes());
  TORCH_CHECK(i.dim() == 1 && i.scalar_type() == at::kLong, "ids must be int64 [words], not ", i.scalar_type(), " ",
              i.sizes());
  const int64_t* list = i.const_data_ptr<int64_t>();
  for (int64_t n = 0; n < i.numel(); n++)
    TORCH_CHECK(list[n] >= 0 && list[n] < w.size(0), "there is no word ", list[n], " among ", w.size(0));
  const at::Tensor& states = T(x);
  give(out, widened_matvec_fits(states, w) ? widened_matvec_rows(states, w, list, i.numel())
                                           : products(states, at::index_select(w, 0, i)).to(at::kFloat));
}

void head_screen(aj_tensor weight, aj_tensor* codes, aj_tensor* bounds) {
  const Screen screen = make_screen(T(weight).detach());
  give(codes, screen.codes);
  give(bounds, screen.bounds);
}

void head_argmax(aj_tensor x, aj_tensor weight, aj_tensor codes, aj_tensor bounds, aj_tensor allowed, aj_tensor* out) {
  c10::AutoGradMode no_grad(false);
  const at::Tensor states = T(x).detach().contiguous(), w = T(weight).detach();
  TORCH_CHECK(states.dim() == 2 && w.dim() == 2 && states.size(1) == w.size(1), "weight ", w.sizes(),
              " does not fit states ", states.sizes());
  const int64_t n = states.size(0), sets = (w.size(0) + 63) / 64;
  const uint64_t* may = nullptr;
  at::Tensor words;
  if (allowed) {
    words = T(allowed).contiguous();
    TORCH_CHECK(words.scalar_type() == at::kLong && words.dim() == 2 && words.size(0) == n && words.size(1) == sets,
                "the allowed words must be int64 [", n, ", ", sets, "], not ", words.scalar_type(), " ", words.sizes());
    may = reinterpret_cast<const uint64_t*>(words.const_data_ptr<int64_t>());
  }
  at::Tensor best = at::empty({n}, at::kLong);
  for (int64_t first = 0; first < n; first += kScreenStates) {
    const at::Tensor some = states.slice(0, first, std::min(n, first + kScreenStates));
    const uint64_t* some_may = may ? may + first * sets : nullptr;
    at::Tensor into = best.slice(0, first, first + some.size(0));
    if (!codes || !widened_matvec_fits(some, w)) {
      into.copy_(plain_argmax(some, w, some_may));
      continue;
    }
    const auto lists = candidates({T(codes), T(bounds)}, some, some_may);
    for (int64_t t = 0; t < some.size(0); t++) {
      const uint64_t* mine = some_may ? some_may + t * sets : nullptr;
      const at::Tensor state = some.slice(0, t, t + 1);
      if (lists[t].empty()) {
        into[t].fill_(any(mine, sets) ? plain_argmax(state, w, mine).item<int64_t>() : -1);
        continue;
      }
      const at::Tensor exact = widened_matvec_rows(state, w, lists[t].data(), static_cast<int64_t>(lists[t].size()));
      const float* p = exact.const_data_ptr<float>();
      into.data_ptr<int64_t>()[t] = lists[t][std::max_element(p, p + exact.numel()) - p];
    }
  }
  give(out, best);
}

}  // namespace ajolote
