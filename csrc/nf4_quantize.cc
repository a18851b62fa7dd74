// Quantising to NF4 with the bytes that bitsandbytes 0.50 writes on a CPU. Its rules, which decide every last bit:
//
//   - a block's scale is the largest magnitude, in float32; a whole block is multiplied by the scale's reciprocal, the
//     shorter block at the end is divided by the scale; magnitudes below 1e-38 count as 1e-38 there, and the shorter block
//     stores that 1e-38;
//   - an element's code is the number of midpoints between levels that lie strictly below it;
//   - the 8-bit code of a scale is not that of the nearest level: the value is first rounded to a grid of 65,536 points;
//   - the offset of the scales is torch's float32 mean on one thread (other thread counts sum in another order).
#include "kernels/nf4_quantize.h"
#include "nf4.h"
#include "nf4_tables.h"
#include "parallel.h"

#include <ATen/TensorIterator.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/bucketize.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/div.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/nonzero.h>
#include <ATen/ops/reciprocal.h>

#include <cstring>
#include <vector>

namespace ajolote {
namespace {

constexpr float kSmallest = 1e-38f;

// Elements that the composite takes at a time; a multiple of every block size.
constexpr int64_t kSlice = int64_t{1} << 22;

at::Tensor midpoints(const at::Tensor& levels) { return (levels.slice(0, 0, -1) + levels.slice(0, 1)) / 2; }

// quantize_slice codes whole blocks, or the one shorter block at the end: float32 [n] to uint8 [n].
void quantize_slice(const at::Tensor& x, int64_t block, at::Tensor codes, at::Tensor absmax) {
  const bool whole = x.numel() % block == 0;
  at::Tensor blocks = x.view({-1, whole ? block : x.numel()});
  at::Tensor largest = at::amax(blocks.abs(), {1}, /*keepdim=*/true);
  at::Tensor floor = largest.clamp_min(kSmallest);
  absmax.copy_((whole ? largest : floor).flatten());
  at::Tensor scaled = whole ? blocks * at::reciprocal(floor) : at::div(blocks, floor);
  static const at::Tensor bounds = midpoints(nf4_levels(c10::kCPU));
  codes.copy_(at::bucketize(scaled.clamp_(-1, 1), bounds.to(x.device()), /*out_int32=*/true).flatten());
}

void refuse_infinities(const at::Tensor& flat, const at::Tensor& absmax, int64_t block) {
  // The largest magnitude of a block with a NaN is NaN, with an infinity infinite.
  at::Tensor bad = at::isfinite(absmax).logical_not_().nonzero();
  if (bad.numel() == 0) return;
  const int64_t from = bad[0].item<int64_t>() * block;
  at::Tensor in_block = at::isfinite(flat.slice(0, from, from + block)).logical_not_().nonzero();
  const int64_t at = from + in_block[0].item<int64_t>();
  TORCH_CHECK(false, "element ", at, " of ", flat.numel(), " is ", flat[at].item<float>(), " and has no NF4 code");
}

// grid_codes holds the code of each of the 65,536 grid points on [-1, 1]: the number of midpoints of the map below it.
const std::vector<uint8_t>& grid_codes() {
  static const std::vector<uint8_t> table = [] {
    float map[256];
    std::memcpy(map, kDynamicMapBits, sizeof map);
    std::vector<uint8_t> codes(65536);
    int code = 0;
    for (int i = 0; i < 65536; i++) {
      const float value = -1.0f + (2.0f * static_cast<float>(i)) / 65535.0f;
      while (code < 255 && 0.5f * (map[code] + map[code + 1]) < value) code++;
      codes[i] = static_cast<uint8_t>(code);
    }
    return codes;
  }();
  return table;
}

// plus stands by itself so that no compiler joins a product and its sum into one rounding, as those for ARM do unasked.
__attribute__((noinline)) float plus(float a, float b) { return a + b; }

// mean_of_one_thread is at::mean as a process with one thread computes it: inside a loop of libtorch's own threads, which an
// iterator over two bytes reaches with any compiler (at::parallel_for is a header template and wants -fopenmp).
float mean_of_one_thread(const at::Tensor& x) {
  float mean = 0;
  at::Tensor bytes = at::empty({2}, at::TensorOptions().dtype(at::kByte));
  const char* first = static_cast<const char*>(bytes.data_ptr());
  at::TensorIterator iterator = at::TensorIterator::borrowing_nullary_op(bytes);
  iterator.for_each(
      [&](char** data, const int64_t*, int64_t, int64_t) {
        if (data[0] == first) mean = x.mean().item<float>();
      },
      /*grain_size=*/1);
  return mean;
}

}  // namespace

void nf4_quantize(aj_tensor weight, int64_t block, aj_tensor* codes, aj_tensor* absmax) {
  const at::Tensor& w = T(weight);
  const auto type = w.scalar_type();
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16 || type == at::kHalf,
              "only float32, bfloat16 and float16 have an NF4 form, not ", type);
  TORCH_CHECK(block >= 32 && block <= 4096 && (block & (block - 1)) == 0, "NF4 blocks of ", block,
              " elements: the format has powers of two from 32 to 4096");
  TORCH_CHECK(w.numel() > 0, "an empty tensor has no NF4 form");
  at::Tensor flat = w.reshape({-1});
  const int64_t n = flat.numel(), whole = n - n % block;
  at::Tensor scales = at::empty({(n + block - 1) / block}, w.options().dtype(at::kFloat));
  at::Tensor packed = at::empty({(n + 1) / 2, 1}, w.options().dtype(at::kByte));
  int64_t from = 0;
  if (w.device().is_cpu() && kernel_level() != Level::composite) {
    flat = flat.contiguous();
    nf4_quantize_blocks(flat.data_ptr(), type, whole, block, packed.data_ptr<uint8_t>(), scales.data_ptr<float>());
    from = whole;
  }
  while (from < n) {
    const int64_t to = from < whole ? std::min(whole, from + kSlice) : n;
    at::Tensor slice = at::empty({to - from}, packed.options());
    quantize_slice(flat.slice(0, from, to).to(at::kFloat), block, slice,
                   scales.slice(0, from / block, (to + block - 1) / block));
    if (slice.numel() % 2) slice = at::constant_pad_nd(slice, {0, 1}, 7);  // 7 is the code of zero
    packed.view({-1})
        .slice(0, from / 2, (to + 1) / 2)
        .copy_(slice.slice(0, 0, std::nullopt, 2).mul(16).add_(slice.slice(0, 1, std::nullopt, 2)));
    from = to;
  }
  refuse_infinities(flat, scales, block);
  give(codes, packed);
  give(absmax, scales);
}

void nf4_compress_absmax(aj_tensor absmax, aj_tensor* codes, aj_tensor* scales, double* offset) {
  at::Tensor a = T(absmax).to(c10::kCPU).contiguous();
  TORCH_CHECK(a.scalar_type() == at::kFloat && a.dim() == 1 && a.numel() > 0, "absmax must be float32 [blocks], not ",
              a.scalar_type(), " ", a.sizes());
  const float mean = mean_of_one_thread(a);
  at::Tensor differences = a - mean;
  const int64_t n = a.numel(), blocks = (n + kNestedBlock - 1) / kNestedBlock;
  at::Tensor coded = at::empty({n}, a.options().dtype(at::kByte));
  at::Tensor nested = at::empty({blocks}, a.options());
  const float* d = differences.data_ptr<float>();
  uint8_t* c = coded.data_ptr<uint8_t>();
  float* s = nested.data_ptr<float>();
  const std::vector<uint8_t>& grid = grid_codes();
  for (int64_t b = 0; b < blocks; b++) {
    const int64_t from = b * kNestedBlock, to = std::min(n, from + kNestedBlock);
    float largest = 0;
    for (int64_t i = from; i < to; i++) largest = std::max(largest, std::fabs(d[i]));
    s[b] = largest;
    if (largest == 0) {
      std::memset(c + from, 0, to - from);
      continue;
    }
    const float inverse = 1.0f / largest;
    for (int64_t i = from; i < to; i++) {
      const float v = std::min(1.0f, std::max(-1.0f, d[i] * inverse));
      c[i] = grid[static_cast<int>(plus((v + 1.0f) * 0.5f * 65535.0f, 0.5f))];
    }
  }
  give(codes, coded.to(T(absmax).device()));
  give(scales, nested.to(T(absmax).device()));
  *offset = mean;
}

}  // namespace ajolote
