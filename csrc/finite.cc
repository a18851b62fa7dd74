// Whether every number of a list of tensors is finite, in one call: what a training loop asks of its gradients.
#include "kernels/elementwise.h"

#include <ATen/ops/isfinite.h>

#include <atomic>

namespace ajolote {
namespace {

// find_special sets bad to a number other than 0 when an element in [begin, end) is infinite or NaN: all ones as exponent.
template <typename E>
AJ_BODY find_special_body(const E* data, int64_t begin, int64_t end, uint32_t* bad) {
  uint32_t found = 0;
#pragma omp simd reduction(| : found)
  for (int64_t i = begin; i < end; i++) found |= (float_to_bits(widen(data[i])) & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  *bad = found;
}
AJ_LEVELS(find_special, (const E* data, int64_t begin, int64_t end, uint32_t* bad), (data, begin, end, bad))

bool finite(const at::Tensor& t) {
  if (t.is_sparse()) return finite(t._values());
  if (!t.is_floating_point()) return true;
  if (!kernels_fit(t)) return at::isfinite(t).all().item<bool>();
  std::atomic<bool> special{false};
  auto run = [&](auto element) {
    using E = decltype(element);
    parallel(t.numel(), kGrain, [&](int64_t begin, int64_t end) {
      uint32_t bad = 0;
      find_special<E>(elements<E>(t), begin, end, &bad);
      if (bad) special.store(true, std::memory_order_relaxed);
    });
  };
  t.scalar_type() == at::kFloat ? run(float()) : run(bf16());
  return !special.load();
}

}  // namespace

// With gradients, the list is one of parameters and their gradients are looked at; those without one are passed over.
void all_finite(aj_tensor const* list, int64_t n, int32_t gradients, int32_t* out) {
  *out = 1;
  for (int64_t i = 0; i < n && *out; i++) {
    const at::Tensor& t = gradients ? T(list[i]).grad() : T(list[i]);
    if (t.defined() && !finite(t)) *out = 0;
  }
}

}  // namespace ajolote
