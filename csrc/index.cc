// Picking and placing elements.
#include "shim.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/where.h>

namespace ajolote {

void index_select(aj_tensor a, int64_t dim, aj_tensor index, aj_tensor* out) {
  give(out, T(a).index_select(dim, T(index)));
}
void gather(aj_tensor a, int64_t dim, aj_tensor index, aj_tensor* out) { give(out, T(a).gather(dim, T(index))); }

void scatter(aj_tensor a, int64_t dim, aj_tensor index, aj_tensor source, aj_tensor* out) {
  give(out, T(a).scatter(dim, T(index), T(source)));
}

void scatter_add(aj_tensor a, int64_t dim, aj_tensor index, aj_tensor source, aj_tensor* out) {
  give(out, T(a).scatter_add(dim, T(index), T(source)));
}

void index_add(aj_tensor a, int64_t dim, aj_tensor index, aj_tensor source, aj_tensor* out) {
  give(out, T(a).index_add(dim, T(index), T(source)));
}

void masked_select(aj_tensor a, aj_tensor mask, aj_tensor* out) { give(out, T(a).masked_select(T(mask))); }
void masked_fill(aj_tensor a, aj_tensor mask, double value, aj_tensor* out) { give(out, T(a).masked_fill(T(mask), value)); }
void where(aj_tensor condition, aj_tensor a, aj_tensor b, aj_tensor* out) {
  give(out, at::where(T(condition), T(a), T(b)));
}
void nonzero(aj_tensor a, aj_tensor* out) { give(out, T(a).nonzero()); }
void embedding(aj_tensor weight, aj_tensor ids, int32_t sparse, aj_tensor* out) {
  give(out, at::embedding(T(weight), T(ids), /*padding_idx=*/-1, /*scale_grad_by_freq=*/false, sparse != 0));
}

}  // namespace ajolote
