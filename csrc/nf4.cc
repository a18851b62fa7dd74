// NF4 matrices: reading them from the interface, their tables, and the way back to floating point.
#include "nf4.h"

#include "nf4_tables.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>

#include <cstring>

namespace ajolote {
namespace {

at::Tensor floats_of(const uint32_t* bits, int64_t n) {
  at::Tensor t = at::empty({n}, at::TensorOptions().dtype(at::kFloat));
  std::memcpy(t.data_ptr<float>(), bits, n * sizeof(float));
  return t;
}

// scaled multiplies each run of `block` values by its own scale; the last run may be shorter.
at::Tensor scaled(const at::Tensor& values, const at::Tensor& scales, int64_t block) {
  return values * scales.repeat_interleave(block).slice(0, 0, values.numel());
}

}  // namespace

at::Tensor nf4_levels(c10::Device device) {
  static const at::Tensor levels = floats_of(kNF4Bits, 16);
  return levels.to(device);
}

at::Tensor nf4_dynamic_map() {
  static const at::Tensor map = floats_of(kDynamicMapBits, 256);
  return map;
}

NF4 read_nf4(const aj_nf4& w) {
  NF4 r;
  r.codes = T(w.codes);
  r.absmax = T(w.absmax);
  r.block = w.block;
  r.rows = w.rows;
  r.cols = w.cols;
  TORCH_CHECK(r.rows > 0 && r.cols > 0, "an NF4 matrix of ", r.rows, " rows and ", r.cols, " columns");
  TORCH_CHECK(r.block >= 32 && r.block <= 4096 && (r.block & (r.block - 1)) == 0, "NF4 blocks of ", r.block,
              " elements: the format has powers of two from 32 to 4096");
  TORCH_CHECK(r.codes.scalar_type() == at::kByte && r.codes.is_contiguous() && r.codes.numel() == (r.numel() + 1) / 2,
              "NF4 codes ", r.codes.scalar_type(), " ", r.codes.sizes(), " do not hold ", r.rows, " x ", r.cols, " elements");
  if (w.nested_absmax) {
    r.nested_absmax = T(w.nested_absmax);
    r.nested_map = T(w.nested_map);
    r.offset = static_cast<float>(w.offset);
    TORCH_CHECK(r.nested_absmax.scalar_type() == at::kFloat && r.nested_absmax.is_contiguous() &&
                    r.nested_absmax.numel() == (r.blocks() + kNestedBlock - 1) / kNestedBlock &&
                    r.nested_map.scalar_type() == at::kFloat && r.nested_map.is_contiguous() && r.nested_map.numel() == 256,
                "the nested scales ", r.nested_absmax.sizes(), " and map ", r.nested_map.sizes(), " do not fit ", r.blocks(),
                " blocks");
  }
  TORCH_CHECK(r.absmax.scalar_type() == (r.nested() ? at::kByte : at::kFloat) && r.absmax.is_contiguous() &&
                  r.absmax.numel() == r.blocks(),
              "NF4 scales ", r.absmax.scalar_type(), " ", r.absmax.sizes(), " do not fit ", r.blocks(), " blocks");
  return r;
}

at::Tensor absmax_of(const NF4& w) {
  if (!w.nested()) return w.absmax;
  // Two roundings, a product and a sum, as bitsandbytes computes it.
  return scaled(at::index_select(w.nested_map, 0, w.absmax.to(at::kInt)), w.nested_absmax, kNestedBlock).add_(w.offset);
}

at::Tensor dequantize(const NF4& w, c10::ScalarType dtype) {
  at::Tensor codes = w.codes.flatten();
  at::Tensor pairs = at::stack({codes.__rshift__(4), codes.__and__(15)}, 1).flatten().slice(0, 0, w.numel());
  at::Tensor values = at::index_select(nf4_levels(codes.device()), 0, pairs.to(at::kInt));
  return scaled(values, absmax_of(w), w.block).view({w.rows, w.cols}).to(dtype);
}

void nf4_tables(aj_tensor* levels, aj_tensor* map) {
  give(levels, nf4_levels(c10::kCPU).clone());
  give(map, nf4_dynamic_map().clone());
}

void nf4_dequantize(const aj_nf4* weight, int32_t dtype, aj_tensor* out) {
  give(out, dequantize(read_nf4(*weight), type_of(dtype)));
}

void nf4_embedding(const aj_nf4* weight, aj_tensor ids, int32_t dtype, aj_tensor* out) {
  NF4 w = read_nf4(*weight);
  const at::Tensor& rows = T(ids);
  TORCH_CHECK(w.cols % w.block == 0, "an NF4 table needs rows of whole blocks of ", w.block, ", not ", w.cols, " columns");
  at::Tensor flat = rows.flatten();
  const int64_t per_row = w.cols / w.block;
  NF4 picked;
  picked.codes = at::index_select(w.codes.view({w.rows, w.cols / 2}), 0, flat);
  picked.absmax = at::index_select(absmax_of(w).view({w.rows, per_row}), 0, flat).flatten();
  picked.block = w.block;
  picked.rows = flat.numel();
  picked.cols = w.cols;
  std::vector<int64_t> shape = rows.sizes().vec();
  shape.push_back(w.cols);
  give(out, dequantize(picked, type_of(dtype)).view(shape));
}

}  // namespace ajolote
