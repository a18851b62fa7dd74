// The largest magnitude of a block is the largest of its bit patterns without the sign, as integers: that order also puts
// infinities and NaN above every number, so that they are seen in the scale. Multiplying by the reciprocal can leave [-1, 1]
// by a rounding, but all midpoints lie inside, so nothing needs to be clamped.
#include "nf4_quantize.h"

#include "../nf4_tables.h"
#include "../parallel.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace ajolote {
namespace {

// Midpoints between neighbouring levels, and above them one that no value exceeds.
const std::array<float, 16> kMidpoints = [] {
  float level[16];
  std::memcpy(level, kNF4Bits, sizeof level);
  std::array<float, 16> m;
  for (int i = 0; i < 15; i++) m[i] = (level[i] + level[i + 1]) / 2;
  m[15] = std::numeric_limits<float>::infinity();
  return m;
}();

float reciprocal(float absmax) { return 1.0f / std::max(absmax, 1e-38f); }

// Coder codes one block, a multiple of 32 elements.
using Coder = void (*)(const float* x, int64_t block, uint8_t* codes, float* absmax);

void code_portable(const float* x, int64_t block, uint8_t* codes, float* absmax) {
  uint32_t largest = 0;
  for (int64_t i = 0; i < block; i++) {
    uint32_t bits;
    std::memcpy(&bits, x + i, 4);
    largest = std::max(largest, bits & 0x7fffffffu);
  }
  std::memcpy(absmax, &largest, 4);
  const float inverse = reciprocal(*absmax);
  const auto code = [&](float v) {
    v *= inverse;
    int c = 0;
    for (int i = 0; i < 15; i++) c += kMidpoints[i] < v;
    return c;
  };
  for (int64_t i = 0; i < block; i += 2) codes[i / 2] = static_cast<uint8_t>(code(x[i]) << 4 | code(x[i + 1]));
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma,f16c")))

AVX2 void code_avx2(const float* x, int64_t block, uint8_t* codes, float* absmax) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  __m256i m = _mm256_setzero_si256();
  for (int64_t i = 0; i < block; i += 8)
    m = _mm256_max_epi32(m, _mm256_and_si256(magnitude, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i))));
  __m128i h = _mm_max_epi32(_mm256_castsi256_si128(m), _mm256_extracti128_si256(m, 1));
  h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0x4e));
  h = _mm_max_epi32(h, _mm_shuffle_epi32(h, 0xb1));
  *absmax = _mm_cvtss_f32(_mm_castsi128_ps(h));
  const __m256 inverse = _mm256_set1_ps(reciprocal(*absmax));
  const __m128i weights = _mm_set1_epi16(0x0110);  // 16 times the earlier code plus the later one
  for (int64_t i = 0; i < block; i += 16) {
    __m256i c[2];
    for (int j = 0; j < 2; j++) {
      const __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x + i + 8 * j), inverse);
      c[j] = _mm256_setzero_si256();
      for (int k = 0; k < 15; k++)  // a comparison that holds is -1
        c[j] = _mm256_sub_epi32(c[j], _mm256_castps_si256(_mm256_cmp_ps(_mm256_set1_ps(kMidpoints[k]), v, _CMP_LT_OQ)));
    }
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(c[0], c[1]), 0xd8);
    const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    const __m128i pairs = _mm_maddubs_epi16(bytes, weights);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(codes + i / 2), _mm_packus_epi16(pairs, pairs));
  }
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))

AVX512 void code_avx512(const float* x, int64_t block, uint8_t* codes, float* absmax) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  __m512i m = _mm512_setzero_si512();
  for (int64_t i = 0; i < block; i += 16) m = _mm512_max_epi32(m, _mm512_and_si512(magnitude, _mm512_loadu_si512(x + i)));
  const int largest = _mm512_reduce_max_epi32(m);
  std::memcpy(absmax, &largest, 4);
  const __m512 inverse = _mm512_set1_ps(reciprocal(*absmax));
  // Binary search: the number of midpoints below is found bit by bit, from tables that begin at the next one to ask.
  const __m512 at0 = _mm512_loadu_ps(kMidpoints.data());
  const __m512 at1 = _mm512_permutexvar_ps(_mm512_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15), at0);
  const __m512 at3 = _mm512_permutexvar_ps(_mm512_setr_epi32(3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15, 15, 15), at0);
  const __m512 at7 = _mm512_set1_ps(kMidpoints[7]);
  const __m128i weights = _mm_set1_epi16(0x0110);
  for (int64_t i = 0; i < block; i += 16) {
    const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(x + i), inverse);
    __m512i c = _mm512_maskz_set1_epi32(_mm512_cmp_ps_mask(at7, v, _CMP_LT_OQ), 8);
    c = _mm512_mask_add_epi32(c, _mm512_cmp_ps_mask(_mm512_permutexvar_ps(c, at3), v, _CMP_LT_OQ), c, _mm512_set1_epi32(4));
    c = _mm512_mask_add_epi32(c, _mm512_cmp_ps_mask(_mm512_permutexvar_ps(c, at1), v, _CMP_LT_OQ), c, _mm512_set1_epi32(2));
    c = _mm512_mask_add_epi32(c, _mm512_cmp_ps_mask(_mm512_permutexvar_ps(c, at0), v, _CMP_LT_OQ), c, _mm512_set1_epi32(1));
    const __m128i pairs = _mm_maddubs_epi16(_mm512_cvtepi32_epi8(c), weights);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(codes + i / 2), _mm_packus_epi16(pairs, pairs));
  }
}

#endif

Coder coder(Level level) {
#if defined(__x86_64__)
  if (level >= Level::avx512) return code_avx512;
  if (level >= Level::avx2) return code_avx2;
#endif
  return code_portable;
}

void widen_portable(const uint16_t* x, bool bfloat16, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i++)
    out[i] = bfloat16 ? static_cast<float>(c10::BFloat16(x[i], c10::BFloat16::from_bits()))
                      : static_cast<float>(c10::Half(x[i], c10::Half::from_bits()));
}

#if defined(__x86_64__)
AVX2 void widen_avx2(const uint16_t* x, bool bfloat16, int64_t n, float* out) {
  for (int64_t i = 0; i < n; i += 8) {
    const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    const __m256 v = bfloat16 ? _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16)) : _mm256_cvtph_ps(h);
    _mm256_storeu_ps(out + i, v);
  }
}
#endif

}  // namespace

void nf4_quantize_blocks(const void* x, c10::ScalarType type, int64_t n, int64_t block, uint8_t* codes, float* absmax) {
  const Level level = kernel_level();
  const Coder code = coder(level);
  auto widen = widen_portable;
#if defined(__x86_64__)
  if (level >= Level::avx2) widen = widen_avx2;
#endif
  const int64_t blocks = n / block, grain = std::max<int64_t>(1, 65536 / block);
  parallel(blocks, grain, [&](int64_t begin, int64_t end) {
    std::array<float, 4096> wide;  // the largest block
    for (int64_t b = begin; b < end; b++) {
      const float* in = static_cast<const float*>(x) + b * block;
      if (type != at::kFloat) {
        widen(static_cast<const uint16_t*>(x) + b * block, type == at::kBFloat16, block, wide.data());
        in = wide.data();
      }
      code(in, block, codes + b * block / 2, absmax + b);
    }
  });
}

}  // namespace ajolote
