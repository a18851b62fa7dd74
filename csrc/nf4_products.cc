// Products with NF4 matrices: the composite in ATen operations, and the choice of the kernel that does better.
#include "kernels/nf4_gemm.h"
#include "kernels/nf4_lanes.h"
#include "kernels/nf4_matvec.h"
#include "nf4_project.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>

namespace ajolote {
namespace {

std::vector<at::Tensor> forward_composite(const at::Tensor& x, const std::vector<NF4Forward>& parts,
                                          c10::ScalarType compute) {
  std::vector<at::Tensor> outs;
  const at::Tensor narrow = x.to(compute);
  for (const NF4Forward& p : parts) {
    at::Tensor y = at::linear(narrow, dequantize(*p.w, compute)).to(at::kFloat);
    if (p.u.defined()) y.addmm_(p.u, p.b.t());
    if (p.bias.defined()) y.add_(p.bias);
    outs.push_back(y.to(x.scalar_type()));
  }
  return outs;
}

at::Tensor backward_composite(const std::vector<NF4Backward>& parts, c10::ScalarType compute, c10::ScalarType type) {
  at::Tensor dx;
  for (const NF4Backward& p : parts) {
    at::Tensor share = at::mm(p.dy.to(compute), dequantize(*p.w, compute)).to(at::kFloat);
    if (p.g.defined()) share.addmm_(p.g, p.a);
    dx = dx.defined() ? dx.add_(share) : share;
  }
  return dx.to(type);
}

// The kernels read and write memory of the CPU; every other device has the composite.
bool has_kernels(const at::Tensor& x) { return x.device().is_cpu() && kernel_level() != Level::composite; }

}  // namespace

std::vector<at::Tensor> nf4_forward(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute) {
  if (!has_kernels(x) || x.size(0) == 0) return forward_composite(x, parts, compute);
  if (nf4_lanes_fits(x, parts, compute)) return nf4_lanes(x, parts, compute);
  if (nf4_matvec_fits(x, parts)) return nf4_matvec(x, parts);
  return nf4_gemm_forward(x, parts, compute);
}

at::Tensor nf4_backward(const std::vector<NF4Backward>& parts, c10::ScalarType compute, c10::ScalarType type) {
  if (has_kernels(parts[0].dy) && parts[0].dy.size(0) > 0) return nf4_gemm_backward(parts, compute, type);
  return backward_composite(parts, compute, type);
}

}  // namespace ajolote
