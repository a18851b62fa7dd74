// The head of a language model in generation: the likeliest word of each state, or the products of a few words.
//
// The likeliest word is that of the full product, the first of equal ones. Where a screen is given (see
// kernels/head_screen.cc) most words' vectors are not read: the candidates that it leaves are multiplied by the kernel that
// the full product of a few states goes through, and so have the same products to the bit. Words that are not allowed are
// not read either. For more states than are screened at once the full product reads the weight once, where the screen would be
// read for every eight of them: it is the faster way then, unless most words are not allowed.
#include "kernels/head_screen.h"
#include "kernels/lanes.h"
#include "kernels/widened_matvec.h"
#include "parallel.h"
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
  if (widened_lanes_fits(x, weight)) return widened_lanes(x, weight);
  return weight.scalar_type() == x.scalar_type() ? at::linear(x, weight) : widened_linear(x, weight, {});
}

// greatest is the word of the greatest product that a set allows, the first of equal ones; -1 for none.
int64_t greatest(const float* products, int64_t words, const uint64_t* allowed) {
  int64_t best = -1;
  for (int64_t block = 0; block * 64 < words; block++) {
    const int64_t end = std::min(words, (block + 1) * 64);
    for (int64_t word = block * 64; allowed[block] && word < end; word++)
      if (allowed[block] >> (word % 64) & 1 && (best < 0 || products[word] > products[best])) best = word;
  }
  return best;
}

// plain_argmax takes the greatest of all products; -1 where nothing is allowed.
at::Tensor plain_argmax(const at::Tensor& x, const at::Tensor& weight, const uint64_t* allowed) {
  const at::Tensor all = products(x, weight).to(at::kFloat).contiguous();
  if (!allowed) return at::argmax(all, 1);
  const int64_t words = all.size(1), sets = (words + 63) / 64;
  at::Tensor best = at::empty({all.size(0)}, at::kLong);
  parallel(all.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++)
      best.data_ptr<int64_t>()[t] = greatest(all.const_data_ptr<float>() + t * words, words, allowed + t * sets);
  });
  return best;
}

// most says whether some state may have most of the words.
bool most(const uint64_t* allowed, int64_t states, int64_t words) {
  if (!allowed) return true;
  const int64_t sets = (words + 63) / 64;
  int64_t n = 0;
  for (int64_t i = 0; i < sets; i++) {
    uint64_t some = 0;
    for (int64_t t = 0; t < states; t++) some |= allowed[t * sets + i];
    n += __builtin_popcountll(some);
  }
  return 2 * n > words;
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
  for (int64_t first = 0, next; first < n; first = next) {
    next = std::min(n, first + kLaneTokens);
    at::Tensor some = states.slice(0, first, next);
    const uint64_t* some_may = may ? may + first * sets : nullptr;
    if (widened_lanes_fits(some, w) && most(some_may, next - first, w.size(0))) {
      best.slice(0, first, next).copy_(plain_argmax(some, w, some_may));
      continue;
    }
    next = std::min(n, first + kScreenStates);
    some = states.slice(0, first, next);
    if (some.scalar_type() == at::kBFloat16 || some.scalar_type() == at::kHalf) some = some.to(at::kFloat);
    at::Tensor into = best.slice(0, first, next);
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
