#include "low_rank.h"

#include "kernels/trained_gemm.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

namespace ajolote {
namespace {

// Tokens from which on the tiles win: below, packing them costs more than the product.
constexpr int64_t kFewest = 32;

bool fits(const at::Tensor& x) {
  return kernel_level() >= Level::avx2 && x.device().is_cpu() && x.scalar_type() == at::kFloat && x.size(0) >= kFewest &&
         x.size(1) >= 64;
}

}  // namespace

at::Tensor low_rank_down(const at::Tensor& x, const at::Tensor& a) {
  if (!fits(x) || !trained_gemm_fits(x, a)) return at::mm(x, a.t());
  at::Tensor y = at::empty({x.size(0), a.size(0)}, x.options());
  trained_gemm_forward(x, a, at::Tensor(), Activation::none, y, at::Tensor());
  return y;
}

at::Tensor low_rank_back(const at::Tensor& dy, const at::Tensor& b) {
  if (!fits(dy)) return at::mm(dy, b);
  at::Tensor y = at::empty({dy.size(0), b.size(1)}, dy.options());
  trained_gemm_input(dy, b, y);
  return y;
}

at::Tensor low_rank_weight(const at::Tensor& wide, const at::Tensor& thin) {
  if (!fits(wide)) return at::mm(wide.t(), thin);
  at::Tensor y = at::empty({wide.size(1), thin.size(1)}, wide.options());
  trained_gemm_weight(wide, thin, y);
  return y;
}

}  // namespace ajolote
