// Reductions, order statistics, running sums. No dimensions means over everything.
#include "shim.h"

#include <ATen/ops/linalg_vector_norm.h>

namespace ajolote {
namespace {
at::OptionalIntArrayRef over(const int64_t* dims, int64_t n) {
  return n ? at::OptionalIntArrayRef(ints(dims, n)) : at::OptionalIntArrayRef();
}
}  // namespace

void sum(aj_tensor a, const int64_t* dims, int64_t n, int32_t keep, aj_tensor* out) {
  give(out, T(a).sum(over(dims, n), keep));
}

void mean(aj_tensor a, const int64_t* dims, int64_t n, int32_t keep, aj_tensor* out) {
  give(out, T(a).mean(over(dims, n), keep));
}

void amax(aj_tensor a, const int64_t* dims, int64_t n, int32_t keep, aj_tensor* out) {
  give(out, T(a).amax(ints(dims, n), keep));
}

void amin(aj_tensor a, const int64_t* dims, int64_t n, int32_t keep, aj_tensor* out) {
  give(out, T(a).amin(ints(dims, n), keep));
}

void norm(aj_tensor a, const int64_t* dims, int64_t n, int32_t keep, aj_tensor* out) {
  give(out, at::linalg_vector_norm(T(a), 2, over(dims, n), keep));
}

void variance(aj_tensor a, int64_t dim, int32_t unbiased, int32_t keep, aj_tensor* out) {
  give(out, T(a).var(at::OptionalIntArrayRef(dim), unbiased, keep));
}

void argmax(aj_tensor a, int64_t dim, int32_t keep, aj_tensor* out) { give(out, T(a).argmax(dim, keep)); }

void topk(aj_tensor a, int64_t k, int64_t dim, aj_tensor* values, aj_tensor* indices) {
  auto [v, i] = T(a).topk(k, dim);
  give(values, v);
  give(indices, i);
}

void sort(aj_tensor a, int64_t dim, int32_t descending, aj_tensor* values, aj_tensor* indices) {
  auto [v, i] = T(a).sort(/*stable=*/true, dim, descending);
  give(values, v);
  give(indices, i);
}

void cumsum(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, T(a).cumsum(dim)); }
void any(aj_tensor a, aj_tensor* out) { give(out, T(a).any()); }
void all(aj_tensor a, aj_tensor* out) { give(out, T(a).all()); }

}  // namespace ajolote
