// NF4 matrices: reading them from the interface, their tables, and the way back to floating point.
#include "nf4.h"

#include "kernels/nf4_decode.h"
#include "nf4_tables.h"
#include "parallel.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>

#include <algorithm>
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
              "NF4 codes ", r.codes.scalar_type(), " ", r.codes.sizes(), " do not hold ", r.rows, " x ", r.cols,
              " elements");
  if (w.nested_absmax) {
    r.nested_absmax = T(w.nested_absmax);
    r.nested_map = T(w.nested_map);
    r.offset = static_cast<float>(w.offset);
    TORCH_CHECK(r.nested_absmax.scalar_type() == at::kFloat && r.nested_absmax.is_contiguous() &&
                    r.nested_absmax.numel() == (r.blocks() + kNestedBlock - 1) / kNestedBlock &&
                    r.nested_map.scalar_type() == at::kFloat && r.nested_map.is_contiguous() && r.nested_map.numel() == 256,
                "the nested scales ", r.nested_absmax.sizes(), " and map ", r.nested_map.sizes(), " do not fit ",
                r.blocks(), " blocks");
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

namespace {

Rounding rounding_of(c10::ScalarType dtype) {
  return dtype == at::kBFloat16 ? Rounding::bfloat16 : dtype == at::kHalf ? Rounding::float16 : Rounding::none;
}

// decode_units decodes n units from a unit on into out, whose type is float32 or that of the rounding.
void decode_units(const RawNF4& w, int64_t first, int64_t n, Rounding rounding, c10::ScalarType type, void* out) {
  constexpr int64_t kRun = 64;  // units whose scales are expanded at a time
  const NF4Decoders& decoders = nf4_decoders(kernel_level());
  float scales[kRun];
  for (int64_t u = 0; u < n; u += kRun) {
    const int64_t run = std::min(kRun, n - u);
    w.scales((first + u) * kUnit, run, scales);
    const uint8_t* codes = w.codes + (first + u) * kUnit / 2;
    if (type == at::kFloat)
      decoders.floats(codes, scales, run, rounding, static_cast<float*>(out) + u * kUnit);
    else
      decoders.halves(codes, scales, run, rounding, static_cast<uint16_t*>(out) + u * kUnit);
  }
}

// decode is dequantize on the CPU: unit by unit, whatever the rows, on all threads.
at::Tensor decode(const NF4& matrix, c10::ScalarType dtype) {
  const RawNF4 w(matrix);
  const Rounding rounding = rounding_of(dtype);
  const auto type = rounding != Rounding::none && w.block >= kUnit ? dtype : at::kFloat;
  at::Tensor out = at::empty({w.rows, w.cols}, matrix.codes.options().dtype(type));
  const int64_t units = w.block >= kUnit ? matrix.numel() / kUnit : 0;
  parallel(units, 1024, [&](int64_t begin, int64_t end) {
    decode_units(w, begin, end - begin, rounding, type,
                 static_cast<char*>(out.data_ptr()) + begin * kUnit * out.element_size());
  });
  const int64_t rest = matrix.numel() - units * kUnit;
  if (rest > 0) {
    at::Tensor last = at::empty({rest}, out.options().dtype(at::kFloat));
    float* data = last.data_ptr<float>();
    parallel(rest, 1 << 14, [&](int64_t begin, int64_t end) {
      nf4_decode_any(w, units * kUnit + begin, end - begin, rounding, data + begin);
    });
    out.view({-1}).slice(0, units * kUnit).copy_(last);
  }
  return out.to(dtype);
}

// decode_rows looks up rows of whole units on the CPU.
at::Tensor decode_rows(const NF4& matrix, const at::Tensor& ids, c10::ScalarType dtype) {
  const RawNF4 w(matrix);
  const Rounding rounding = rounding_of(dtype);
  const auto type = rounding == Rounding::none ? at::kFloat : dtype;
  at::Tensor list = ids.to(at::kLong).contiguous();
  const int64_t *row = list.data_ptr<int64_t>(), n = list.numel(), units = w.cols / kUnit;
  for (int64_t i = 0; i < n; i++)
    TORCH_CHECK(row[i] >= 0 && row[i] < w.rows, "id ", row[i], " is not a row of a table of ", w.rows);
  at::Tensor out = at::empty({n, w.cols}, matrix.codes.options().dtype(type));
  char* data = static_cast<char*>(out.data_ptr());
  parallel(n, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++)
      decode_units(w, row[i] * units, units, rounding, type, data + i * w.cols * out.element_size());
  });
  return out.to(dtype);
}

// pick_rows is decode_rows in ATen operations: a smaller matrix of the rows, dequantised.
at::Tensor pick_rows(const NF4& w, const at::Tensor& ids, c10::ScalarType dtype) {
  NF4 picked;
  picked.codes = at::index_select(w.codes.view({w.rows, w.cols / 2}), 0, ids);
  picked.absmax = at::index_select(absmax_of(w).view({w.rows, w.cols / w.block}), 0, ids).flatten();
  picked.block = w.block;
  picked.rows = ids.numel();
  picked.cols = w.cols;
  return dequantize(picked, dtype);
}

bool has_kernels(const NF4& w) { return w.codes.device().is_cpu() && kernel_level() != Level::composite; }

}  // namespace

at::Tensor dequantize(const NF4& w, c10::ScalarType dtype) {
  if (has_kernels(w)) return decode(w, dtype);
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
  TORCH_CHECK(w.cols % w.block == 0, "an NF4 table needs rows of whole blocks of ", w.block, ", not ", w.cols, " columns");
  std::vector<int64_t> shape = T(ids).sizes().vec();
  shape.push_back(w.cols);
  const auto lookup = has_kernels(w) && RawNF4(w).units() ? decode_rows : pick_rows;
  give(out, lookup(w, T(ids).flatten(), type_of(dtype)).view(shape));
}

}  // namespace ajolote
