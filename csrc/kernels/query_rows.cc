// Attention in generation has few queries and many keys, which are read from memory once for all of them. The queries of a
// group of heads share its keys (grouped-query attention; Ainslie et al., 2023), so that one load of a key serves up to four.
//
// scores: 16 sums are kept at once, of 4 queries with 4 keys, 2 with 8 or 1 with 16; a tree of shuffles then adds up the 16
// lanes of all of them together. values: up to 4 queries times 64 elements of a value are kept in registers while all keys
// of the run pass by. With AVX2 both are half as wide.
#include "query_rows.h"

#include "elementwise.h"

#include <c10/util/Half.h>

#include <algorithm>
#include <limits>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace ajolote {
namespace {

enum Stored { kF32, kBF16, kF16 };

template <Stored type>
constexpr int64_t kBytes = type == kF32 ? 4 : 2;

template <Stored type>
inline float element(const char* row, int64_t i) {
  if (type == kF32) return reinterpret_cast<const float*>(row)[i];
  const uint16_t bits = reinterpret_cast<const uint16_t*>(row)[i];
  return type == kBF16 ? widen(bits) : static_cast<float>(c10::Half(bits, c10::Half::from_bits()));
}

template <Stored type>
void scores_portable(const float* const* q, int64_t queries, const char* k, int64_t stride, int64_t keys, int64_t size,
                     float scale, float* out) {
  for (int64_t j = 0; j < keys; j++)
    for (int64_t r = 0; r < queries; r++) {
      float part[4] = {};
      for (int64_t i = 0; i < size; i++) part[i % 4] += q[r][i] * element<type>(k + j * stride, i);
      out[r * kRunKeys + j] = scale * ((part[0] + part[1]) + (part[2] + part[3]));
    }
}

template <Stored type>
void values_portable(const float* p, int64_t queries, const char* v, int64_t stride, int64_t keys, int64_t size, float* out,
                     int64_t step) {
  for (int64_t r = 0; r < queries; r++) std::fill(out + r * step, out + r * step + size, 0.f);
  for (int64_t j = 0; j < keys; j++)
    for (int64_t r = 0; r < queries; r++)
      for (int64_t i = 0; i < size; i++) out[r * step + i] += p[r * kRunKeys + j] * element<type>(v + j * stride, i);
}

template <Stored type>
constexpr QueryRows kPortable = {scores_portable<type>, values_portable<type>};

#if defined(__x86_64__)

// The rows of a tile of keys; the last key stands in for those behind it.
template <int n>
inline void tile_rows(const char* k, int64_t stride, int64_t first, int64_t keys, const char** rows) {
  for (int j = 0; j < n; j++) rows[j] = k + std::min(first + j, keys - 1) * stride;
}

#define AVX2 __attribute__((target("avx2,fma,f16c")))

template <Stored type>
AVX2 inline __m256 load8(const char* row, int64_t i) {
  if (type == kF32) return _mm256_loadu_ps(reinterpret_cast<const float*>(row) + i);
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 2 * i));
  if (type == kF16) return _mm256_cvtph_ps(bits);
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

// add_up8 gives the sums of the lanes of 8 vectors, each added in the same order.
AVX2 inline __m256 add_up8(const __m256* a) {
  __m256 two[4], four[2];
  for (int i = 0; i < 4; i++)
    two[i] = _mm256_add_ps(_mm256_unpacklo_ps(a[2 * i], a[2 * i + 1]), _mm256_unpackhi_ps(a[2 * i], a[2 * i + 1]));
  for (int i = 0; i < 2; i++)
    four[i] = _mm256_add_ps(_mm256_shuffle_ps(two[2 * i], two[2 * i + 1], _MM_SHUFFLE(1, 0, 1, 0)),
                            _mm256_shuffle_ps(two[2 * i], two[2 * i + 1], _MM_SHUFFLE(3, 2, 3, 2)));
  return _mm256_add_ps(_mm256_permute2f128_ps(four[0], four[1], 0x20), _mm256_permute2f128_ps(four[0], four[1], 0x31));
}

template <Stored type, int queries>
AVX2 inline void tile_avx2(const float* const* q, const char* k, int64_t stride, int64_t keys, int64_t size, float scale,
                           float* out) {
  constexpr int wide = 8 / queries;
  for (int64_t first = 0; first < keys; first += wide) {
    const char* rows[wide];
    tile_rows<wide>(k, stride, first, keys, rows);
    __m256 sum[8];
    for (auto& s : sum) s = _mm256_setzero_ps();
    for (int64_t i = 0; i < size; i += 8) {
      __m256 x[queries];
      for (int r = 0; r < queries; r++) x[r] = _mm256_loadu_ps(q[r] + i);
      for (int j = 0; j < wide; j++) {
        const __m256 key = load8<type>(rows[j], i);
        for (int r = 0; r < queries; r++) sum[r * wide + j] = _mm256_fmadd_ps(x[r], key, sum[r * wide + j]);
      }
    }
    alignas(32) float all[8];
    _mm256_store_ps(all, _mm256_mul_ps(add_up8(sum), _mm256_set1_ps(scale)));
    for (int r = 0; r < queries; r++)
      for (int j = 0; j < wide; j++) out[r * kRunKeys + first + j] = all[r * wide + j];
  }
}

template <Stored type>
AVX2 void scores_avx2(const float* const* q, int64_t queries, const char* k, int64_t stride, int64_t keys, int64_t size,
                      float scale, float* out) {
  for (; queries >= 2; queries -= 2, q += 2, out += 2 * kRunKeys) tile_avx2<type, 2>(q, k, stride, keys, size, scale, out);
  if (queries) tile_avx2<type, 1>(q, k, stride, keys, size, scale, out);
}

template <Stored type, int queries, int vectors>
AVX2 inline void weigh_avx2(const float* p, const char* v, int64_t stride, int64_t keys, int64_t from, float* out,
                            int64_t step) {
  __m256 sum[queries][vectors];
  for (auto& row : sum)
    for (auto& s : row) s = _mm256_setzero_ps();
  for (int64_t j = 0; j < keys; j++)
    for (int n = 0; n < vectors; n++) {
      const __m256 value = load8<type>(v + j * stride, from + 8 * n);
      for (int r = 0; r < queries; r++)
        sum[r][n] = _mm256_fmadd_ps(_mm256_broadcast_ss(p + r * kRunKeys + j), value, sum[r][n]);
    }
  for (int r = 0; r < queries; r++)
    for (int n = 0; n < vectors; n++) _mm256_storeu_ps(out + r * step + from + 8 * n, sum[r][n]);
}

template <Stored type, int queries>
AVX2 inline void weigh_all_avx2(const float* p, const char* v, int64_t stride, int64_t keys, int64_t size, float* out,
                                int64_t step) {
  int64_t i = 0;
  for (; i + 32 <= size; i += 32) weigh_avx2<type, queries, 4>(p, v, stride, keys, i, out, step);
  for (; i < size; i += 8) weigh_avx2<type, queries, 1>(p, v, stride, keys, i, out, step);
}

template <Stored type>
AVX2 void values_avx2(const float* p, int64_t queries, const char* v, int64_t stride, int64_t keys, int64_t size,
                      float* out, int64_t step) {
  for (; queries >= 2; queries -= 2, p += 2 * kRunKeys, out += 2 * step)
    weigh_all_avx2<type, 2>(p, v, stride, keys, size, out, step);
  if (queries) weigh_all_avx2<type, 1>(p, v, stride, keys, size, out, step);
}

template <Stored type>
constexpr QueryRows kAVX2 = {scores_avx2<type>, values_avx2<type>};

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))

template <Stored type>
AVX512 inline __m512 load16(const char* row, int64_t i) {
  if (type == kF32) return _mm512_loadu_ps(reinterpret_cast<const float*>(row) + i);
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(row + 2 * i));
  if (type == kF16) return _mm512_cvtph_ps(bits);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

// add_up16 gives the sums of the lanes of 16 vectors, each added in the same order.
AVX512 inline __m512 add_up16(const __m512* a) {
  __m512 two[8], four[4], eight[2];
  for (int i = 0; i < 8; i++)
    two[i] = _mm512_add_ps(_mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]), _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]));
  for (int i = 0; i < 4; i++)
    four[i] = _mm512_add_ps(_mm512_shuffle_ps(two[2 * i], two[2 * i + 1], _MM_SHUFFLE(1, 0, 1, 0)),
                            _mm512_shuffle_ps(two[2 * i], two[2 * i + 1], _MM_SHUFFLE(3, 2, 3, 2)));
  for (int i = 0; i < 2; i++)
    eight[i] = _mm512_add_ps(_mm512_shuffle_f32x4(four[2 * i], four[2 * i + 1], _MM_SHUFFLE(2, 0, 2, 0)),
                             _mm512_shuffle_f32x4(four[2 * i], four[2 * i + 1], _MM_SHUFFLE(3, 1, 3, 1)));
  return _mm512_add_ps(_mm512_shuffle_f32x4(eight[0], eight[1], _MM_SHUFFLE(2, 0, 2, 0)),
                       _mm512_shuffle_f32x4(eight[0], eight[1], _MM_SHUFFLE(3, 1, 3, 1)));
}

template <Stored type, int queries>
AVX512 inline void tile_avx512(const float* const* q, const char* k, int64_t stride, int64_t keys, int64_t size,
                               float scale, float* out) {
  constexpr int wide = 16 / queries;
  for (int64_t first = 0; first < keys; first += wide) {
    const char* rows[wide];
    tile_rows<wide>(k, stride, first, keys, rows);
    __m512 sum[16];
    for (auto& s : sum) s = _mm512_setzero_ps();
    for (int64_t i = 0; i < size; i += 16) {
      __m512 x[queries];
      for (int r = 0; r < queries; r++) x[r] = _mm512_loadu_ps(q[r] + i);
      for (int j = 0; j < wide; j++) {
        const __m512 key = load16<type>(rows[j], i);
        for (int r = 0; r < queries; r++) sum[r * wide + j] = _mm512_fmadd_ps(x[r], key, sum[r * wide + j]);
      }
    }
    const __m512 all = _mm512_mul_ps(add_up16(sum), _mm512_set1_ps(scale));
    if (queries == 1) _mm512_storeu_ps(out + first, all);
    if (queries == 2) {
      _mm256_storeu_ps(out + first, _mm512_castps512_ps256(all));
      _mm256_storeu_ps(out + kRunKeys + first, _mm512_extractf32x8_ps(all, 1));
    }
    if (queries == 4) {
      _mm_storeu_ps(out + first, _mm512_castps512_ps128(all));
      _mm_storeu_ps(out + kRunKeys + first, _mm512_extractf32x4_ps(all, 1));
      _mm_storeu_ps(out + 2 * kRunKeys + first, _mm512_extractf32x4_ps(all, 2));
      _mm_storeu_ps(out + 3 * kRunKeys + first, _mm512_extractf32x4_ps(all, 3));
    }
  }
}

template <Stored type>
AVX512 void scores_avx512(const float* const* q, int64_t queries, const char* k, int64_t stride, int64_t keys, int64_t size,
                          float scale, float* out) {
  if (queries == 4) return tile_avx512<type, 4>(q, k, stride, keys, size, scale, out);
  if (queries >= 2) tile_avx512<type, 2>(q, k, stride, keys, size, scale, out);
  if (queries % 2) tile_avx512<type, 1>(q + queries - 1, k, stride, keys, size, scale, out + (queries - 1) * kRunKeys);
}

template <Stored type, int queries, int vectors>
AVX512 inline void weigh_avx512(const float* p, const char* v, int64_t stride, int64_t keys, int64_t from, float* out,
                                int64_t step) {
  __m512 sum[queries][vectors];
  for (auto& row : sum)
    for (auto& s : row) s = _mm512_setzero_ps();
  for (int64_t j = 0; j < keys; j++)
    for (int n = 0; n < vectors; n++) {
      const __m512 value = load16<type>(v + j * stride, from + 16 * n);
      for (int r = 0; r < queries; r++) sum[r][n] = _mm512_fmadd_ps(_mm512_set1_ps(p[r * kRunKeys + j]), value, sum[r][n]);
    }
  for (int r = 0; r < queries; r++)
    for (int n = 0; n < vectors; n++) _mm512_storeu_ps(out + r * step + from + 16 * n, sum[r][n]);
}

template <Stored type, int queries>
AVX512 inline void weigh_all_avx512(const float* p, const char* v, int64_t stride, int64_t keys, int64_t size, float* out,
                                    int64_t step) {
  int64_t i = 0;
  for (; i + 64 <= size; i += 64) weigh_avx512<type, queries, 4>(p, v, stride, keys, i, out, step);
  for (; i < size; i += 16) weigh_avx512<type, queries, 1>(p, v, stride, keys, i, out, step);
}

template <Stored type>
AVX512 void values_avx512(const float* p, int64_t queries, const char* v, int64_t stride, int64_t keys, int64_t size,
                          float* out, int64_t step) {
  if (queries == 4) return weigh_all_avx512<type, 4>(p, v, stride, keys, size, out, step);
  if (queries >= 2) weigh_all_avx512<type, 2>(p, v, stride, keys, size, out, step);
  if (queries % 2)
    weigh_all_avx512<type, 1>(p + (queries - 1) * kRunKeys, v, stride, keys, size, out + (queries - 1) * step, step);
}

template <Stored type>
constexpr QueryRows kAVX512 = {scores_avx512<type>, values_avx512<type>};

#endif

template <Stored type>
const QueryRows* pick(Level level, int64_t size) {
#if defined(__x86_64__)
  if (level >= Level::avx512 && size % 16 == 0) return &kAVX512<type>;
  static const bool f16c = __builtin_cpu_supports("f16c");
  if (level >= Level::avx2 && size % 8 == 0 && f16c) return &kAVX2<type>;
#endif
  return &kPortable<type>;
}

template <typename E>
AJ_BODY greatest_body(const E* scores, int64_t begin, int64_t end, float* out) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t i = begin; i < end; i++) top = scores[i] > top ? scores[i] : top;
  *out = top;
}

template <typename E>
AJ_BODY exponentials_body(E* scores, int64_t begin, int64_t end, float top, float* out) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; i++) {
    scores[i] = exponential(scores[i] - top);
    sum += scores[i];
  }
  *out = sum;
}

AJ_LEVELS(greatest, (const E* scores, int64_t begin, int64_t end, float* out), (scores, begin, end, out))
AJ_LEVELS(exponentials, (E * scores, int64_t begin, int64_t end, float top, float* out), (scores, begin, end, top, out))

}  // namespace

float soften(float* scores, int64_t n, int64_t begin, int64_t end, float* top) {
  float sum = 0;
  *top = -std::numeric_limits<float>::infinity();
  if (begin < end) {
    greatest<float>(scores, begin, end, top);
    exponentials<float>(scores, begin, end, *top, &sum);
  }
  std::fill(scores, scores + std::min(std::max(begin, int64_t{0}), n), 0.f);
  std::fill(scores + std::min(std::max(end, begin), n), scores + n, 0.f);
  return sum;
}

const QueryRows* query_rows(Level level, c10::ScalarType stored, int64_t size) {
  switch (stored) {
    case at::kFloat: return pick<kF32>(level, size);
    case at::kBFloat16: return pick<kBF16>(level, size);
    case at::kHalf: return pick<kF16>(level, size);
    default: return nullptr;
  }
}

}  // namespace ajolote
