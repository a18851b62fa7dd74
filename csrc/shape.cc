// Shapes and views: nothing here computes.
#include "shim.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/triu.h>

namespace ajolote {

void reshape(aj_tensor a, const int64_t* shape, int64_t rank, aj_tensor* out) {
  give(out, T(a).reshape(ints(shape, rank)));
}
void expand(aj_tensor a, const int64_t* shape, int64_t rank, aj_tensor* out) { give(out, T(a).expand(ints(shape, rank))); }
void permute(aj_tensor a, const int64_t* dims, int64_t n, aj_tensor* out) { give(out, T(a).permute(ints(dims, n))); }
void transpose(aj_tensor a, int64_t d0, int64_t d1, aj_tensor* out) { give(out, T(a).transpose(d0, d1)); }
void squeeze(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, T(a).squeeze(dim)); }
void unsqueeze(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, T(a).unsqueeze(dim)); }

void narrow(aj_tensor a, int64_t dim, int64_t start, int64_t length, aj_tensor* out) {
  give(out, T(a).narrow(dim, start, length));
}

void slice(aj_tensor a, int64_t dim, int64_t start, int64_t end, int64_t step, aj_tensor* out) {
  give(out, T(a).slice(dim, start, end, step));
}

void select(aj_tensor a, int64_t dim, int64_t index, aj_tensor* out) { give(out, T(a).select(dim, index)); }
void cat(aj_tensor const* a, int64_t n, int64_t dim, aj_tensor* out) { give(out, at::cat(tensors(a, n), dim)); }
void stack(aj_tensor const* a, int64_t n, int64_t dim, aj_tensor* out) { give(out, at::stack(tensors(a, n), dim)); }

void split(aj_tensor a, const int64_t* sizes, int64_t n, int64_t dim, aj_tensor* outs) {
  std::vector<at::Tensor> parts = T(a).split_with_sizes(ints(sizes, n), dim);
  for (int64_t i = 0; i < n; i++) give(&outs[i], parts[i]);
}

void flip(aj_tensor a, int64_t dim, aj_tensor* out) { give(out, T(a).flip(dim)); }
void repeat_interleave(aj_tensor a, int64_t n, int64_t dim, aj_tensor* out) { give(out, T(a).repeat_interleave(n, dim)); }

void triangle(aj_tensor a, int64_t diagonal, int32_t upper, aj_tensor* out) {
  give(out, upper ? at::triu(T(a), diagonal) : at::tril(T(a), diagonal));
}

}  // namespace ajolote
