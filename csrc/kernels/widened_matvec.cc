// y = x Wᵀ for 1 to 8 tokens in float32 and W in bfloat16 or float16: the head of a language model in generation. A row's sum
// depends neither on the other rows nor on the threads, so a few rows give what all rows would. From 9 to 64 tokens the lanes of
// lanes.h take over where there is AVX-512.
#include "widened_matvec.h"

#include "../parallel.h"
#include "lanes.h"

#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>

namespace ajolote {
namespace {

constexpr int64_t kTokens = 8;

// Job is a matrix and the tokens to multiply it with.
struct Job {
  const uint16_t* w;  // [rows, cols]
  const float* x;     // [tokens, cols]
  float* y;           // [tokens, rows]
  int64_t rows, cols;
};

// Rows computes rows [begin, end) of a job.
using Rows = void (*)(const Job& job, int64_t begin, int64_t end);

template <bool half>
float widen(uint16_t w) {
  return half ? static_cast<float>(c10::Half(w, c10::Half::from_bits()))
              : static_cast<float>(c10::BFloat16(w, c10::BFloat16::from_bits()));
}

template <int tokens, bool half>
void rows_portable(const Job& job, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; row++) {
    const uint16_t* w = job.w + row * job.cols;
    float sum[tokens][8] = {};
    for (int64_t i = 0; i < job.cols; i++) {
      const float v = widen<half>(w[i]);
      for (int t = 0; t < tokens; t++) sum[t][i % 8] += v * job.x[t * job.cols + i];
    }
    for (int t = 0; t < tokens; t++) {
      float total = 0;
      for (float part : sum[t]) total += part;
      job.y[t * job.rows + row] = total;
    }
  }
}

#if defined(__x86_64__)

// How many weights ahead of those in use the next ones are fetched.
constexpr int64_t kAhead = 1024;

#define AVX2 __attribute__((target("avx2,fma,f16c")))

// 8 weights: a bfloat16 is the upper half of a float32.
template <bool half>
AVX2 inline __m256 load8(const uint16_t* w) {
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w));
  if (half) return _mm256_cvtph_ps(bits);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

template <int tokens, bool half>
AVX2 void rows_avx2(const Job& job, int64_t begin, int64_t end) {
  const int64_t whole = job.cols / 16 * 16;
  for (int64_t row = begin; row < end; row++) {
    const uint16_t* w = job.w + row * job.cols;
    __m256 a[tokens], b[tokens];
    for (int t = 0; t < tokens; t++) a[t] = b[t] = _mm256_setzero_ps();
    for (int64_t i = 0; i < whole; i += 16) {
      _mm_prefetch(reinterpret_cast<const char*>(w + i + kAhead), _MM_HINT_T0);
      const __m256 first = load8<half>(w + i), second = load8<half>(w + i + 8);
      for (int t = 0; t < tokens; t++) {
        const float* x = job.x + t * job.cols + i;
        a[t] = _mm256_fmadd_ps(first, _mm256_loadu_ps(x), a[t]);
        b[t] = _mm256_fmadd_ps(second, _mm256_loadu_ps(x + 8), b[t]);
      }
    }
    for (int t = 0; t < tokens; t++) {
      alignas(32) float lanes[8];
      _mm256_store_ps(lanes, _mm256_add_ps(a[t], b[t]));
      float total = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
      for (int64_t i = whole; i < job.cols; i++) total += widen<half>(w[i]) * job.x[t * job.cols + i];
      job.y[t * job.rows + row] = total;
    }
  }
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))

// widen16 turns 16 halves or bfloat16 numbers into floats.
template <bool half>
AVX512 inline __m512 widen16(__m256i bits) {
  if (half) return _mm512_cvtph_ps(bits);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

template <bool half>
AVX512 inline __m512 load16(const uint16_t* w) {
  return widen16<half>(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(w)));
}

template <int tokens, bool half>
AVX512 void rows_avx512(const Job& job, int64_t begin, int64_t end) {
  const int64_t whole = job.cols / 32 * 32;
  for (int64_t row = begin; row < end; row++) {
    const uint16_t* w = job.w + row * job.cols;
    __m512 a[tokens], b[tokens];
    for (int t = 0; t < tokens; t++) a[t] = b[t] = _mm512_setzero_ps();
    for (int64_t i = 0; i < whole; i += 32) {
      _mm_prefetch(reinterpret_cast<const char*>(w + i + kAhead), _MM_HINT_T0);
      const __m512 first = load16<half>(w + i), second = load16<half>(w + i + 16);
      for (int t = 0; t < tokens; t++) {
        const float* x = job.x + t * job.cols + i;
        a[t] = _mm512_fmadd_ps(first, _mm512_loadu_ps(x), a[t]);
        b[t] = _mm512_fmadd_ps(second, _mm512_loadu_ps(x + 16), b[t]);
      }
    }
    for (int t = 0; t < tokens; t++) {
      float total = _mm512_reduce_add_ps(_mm512_add_ps(a[t], b[t]));
      for (int64_t i = whole; i < job.cols; i++) total += widen<half>(w[i]) * job.x[t * job.cols + i];
      job.y[t * job.rows + row] = total;
    }
  }
}

// WidenedRows are the weights as float32, for lanes.
template <bool half>
struct WidenedRows {
  using Factor = float;

  AJ_LANES void fill(int64_t row, int64_t span, float* out) const {
    const uint16_t* from = w + row * cols + span * kSpan;
    const int64_t n = cols - span * kSpan;
    _mm_prefetch(reinterpret_cast<const char*>(from + 2 * kSpan), _MM_HINT_T0);
    for (int64_t i = 0; i < kSpan; i += 16) {
      const __mmask16 present = n - i >= 16 ? 0xffff : n > i ? static_cast<__mmask16>((1 << (n - i)) - 1) : 0;
      _mm512_store_ps(out + i, widen16<half>(_mm256_maskz_loadu_epi16(present, from + i)));
    }
  }

  const uint16_t* w;
  int64_t cols;
};

// BFloat16Rows are the weights as they lie, for lanes of bfloat16.
struct BFloat16Rows {
  using Factor = uint16_t;

  AJ_LANES_BF16 void fill(int64_t row, int64_t span, uint16_t* out) const {
    const uint16_t* from = w + row * cols + span * kSpan;
    const int64_t n = cols - span * kSpan;
    _mm_prefetch(reinterpret_cast<const char*>(from + 2 * kSpan), _MM_HINT_T0);
    for (int64_t i = 0; i < kSpan; i += 32) {
      const __mmask32 present = n - i >= 32 ? 0xffffffff : n > i ? (uint32_t{1} << (n - i)) - 1 : 0;
      _mm512_store_si512(out + i, _mm512_maskz_loadu_epi16(present, from + i));
    }
  }

  const uint16_t* w;
  int64_t cols;
};

template <typename Source>
void lanes_product(const LaneFactors& x, const at::Tensor& w, float* y) {
  const std::vector<LanePart<Source>> part = {
      {{static_cast<const uint16_t*>(w.const_data_ptr()), w.size(1)}, w.size(0), {y, w.size(0)}}};
  lane_product(x, part);
}

#endif

#define EVERY_COUNT(rows, half) \
  {rows<1, half>, rows<2, half>, rows<3, half>, rows<4, half>, rows<5, half>, rows<6, half>, rows<7, half>, rows<8, half>}

Rows implementation(Level level, bool half, int64_t tokens) {
  static const Rows portable[2][kTokens] = {EVERY_COUNT(rows_portable, false), EVERY_COUNT(rows_portable, true)};
#if defined(__x86_64__)
  static const Rows avx2[2][kTokens] = {EVERY_COUNT(rows_avx2, false), EVERY_COUNT(rows_avx2, true)};
  static const Rows avx512[2][kTokens] = {EVERY_COUNT(rows_avx512, false), EVERY_COUNT(rows_avx512, true)};
  if (level >= Level::avx512) return avx512[half][tokens - 1];
  static const bool f16c = __builtin_cpu_supports("f16c");
  if (level >= Level::avx2 && f16c) return avx2[half][tokens - 1];
#endif
  return portable[half][tokens - 1];
}

}  // namespace

bool widened_matvec_fits(const at::Tensor& x, const at::Tensor& weight) {
  return kernel_level() != Level::composite && x.device().is_cpu() && weight.device().is_cpu() && x.size(0) >= 1 &&
         x.size(0) <= kTokens && x.scalar_type() == at::kFloat &&
         (weight.scalar_type() == at::kBFloat16 || weight.scalar_type() == at::kHalf);
}

at::Tensor widened_matvec(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor in = x.contiguous(), w = weight.contiguous();
  at::Tensor y = at::empty({in.size(0), w.size(0)}, in.options());
  const Job job = {static_cast<const uint16_t*>(w.data_ptr()), in.data_ptr<float>(), y.data_ptr<float>(), w.size(0),
                   w.size(1)};
  const Rows rows = implementation(kernel_level(), w.scalar_type() == at::kHalf, in.size(0));
  parallel(job.rows, 64, [&](int64_t begin, int64_t end) { rows(job, begin, end); });
  return y;
}

bool widened_lanes_fits(const at::Tensor& x, const at::Tensor& weight) {
  const Level level = kernel_level();
  if (level < Level::avx512 || !x.device().is_cpu() || !weight.device().is_cpu() || x.size(0) <= kTokens ||
      x.size(0) > kLaneTokens)
    return false;
  const auto type = weight.scalar_type();
  if (x.scalar_type() == at::kFloat) return type == at::kBFloat16 || type == at::kHalf;
  return x.scalar_type() == at::kBFloat16 && type == at::kBFloat16 && level >= Level::avx512bf16;
}

at::Tensor widened_lanes(const at::Tensor& x, const at::Tensor& weight) {
  const at::Tensor in = x.contiguous(), w = weight.contiguous();
  const int64_t tokens = in.size(0), cols = in.size(1);
  at::Tensor y = at::empty({tokens, w.size(0)}, in.options().dtype(at::kFloat));
#if defined(__x86_64__)
  static const ColumnOrder as_they_lie = [] {
    ColumnOrder order;
    for (size_t i = 0; i < order.size(); i++) order[i] = static_cast<uint8_t>(i);
    return order;
  }();
  if (in.scalar_type() == at::kBFloat16) {
    const LaneFactors factors(static_cast<const uint16_t*>(in.const_data_ptr()), tokens, cols, as_they_lie);
    lanes_product<BFloat16Rows>(factors, w, y.data_ptr<float>());
  } else {
    const LaneFactors factors(in.const_data_ptr<float>(), tokens, cols, as_they_lie);
    const auto product =
        w.scalar_type() == at::kHalf ? lanes_product<WidenedRows<true>> : lanes_product<WidenedRows<false>>;
    product(factors, w, y.data_ptr<float>());
  }
#endif
  return y;
}

at::Tensor widened_matvec_rows(const at::Tensor& x, const at::Tensor& weight, const int64_t* rows, int64_t n) {
  const at::Tensor in = x.contiguous(), w = weight.contiguous();
  const int64_t tokens = in.size(0), cols = w.size(1);
  at::Tensor y = at::empty({tokens, n}, in.options());
  const Rows one = implementation(kernel_level(), w.scalar_type() == at::kHalf, tokens);
  parallel(n, 64, [&](int64_t begin, int64_t end) {
    float sums[kTokens];
    for (int64_t i = begin; i < end; i++) {
      const uint16_t* row = static_cast<const uint16_t*>(w.const_data_ptr()) + rows[i] * cols;
      one({row, in.const_data_ptr<float>(), sums, 1, cols}, 0, 1);
      for (int64_t t = 0; t < tokens; t++) y.data_ptr<float>()[t * n + i] = sums[t];
    }
  });
  return y;
}

}  // namespace ajolote
