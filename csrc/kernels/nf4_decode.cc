#include "nf4_decode.h"

#include "../nf4_tables.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <array>
#include <cstring>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace ajolote {

RawNF4::RawNF4(const NF4& w)
    : codes(w.codes.data_ptr<uint8_t>()),
      absmax(w.nested() ? nullptr : w.absmax.data_ptr<float>()),
      coded(w.nested() ? w.absmax.data_ptr<uint8_t>() : nullptr),
      nested(w.nested() ? w.nested_absmax.data_ptr<float>() : nullptr),
      map(w.nested() ? w.nested_map.data_ptr<float>() : nullptr),
      offset(w.offset),
      block(w.block),
      rows(w.rows),
      cols(w.cols),
      shift(w.block >= kUnit ? __builtin_ctzll(w.block / kUnit) : 0) {}

void RawNF4::scales(int64_t first, int64_t n, float* out) const {
  for (int64_t i = 0; i < n; i++) out[i] = unit_scale(first / kUnit + i);
}

namespace {

const float* levels() {
  static const auto table = [] {
    std::array<float, 16> t;
    std::memcpy(t.data(), kNF4Bits, sizeof kNF4Bits);
    return t;
  }();
  return table.data();
}

float rounded(float v, Rounding rounding) {
  switch (rounding) {
    case Rounding::bfloat16: return static_cast<float>(c10::BFloat16(v));
    case Rounding::float16: return static_cast<float>(c10::Half(v));
    default: return v;
  }
}

uint16_t half_bits(float v, Rounding rounding) {
  return rounding == Rounding::bfloat16 ? c10::BFloat16(v).x : c10::Half(v).x;
}

// Portable.

void floats_portable(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, float* out) {
  const float* level = levels();
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    float table[16];
    for (int i = 0; i < 16; i++) table[i] = rounded(level[i] * scales[u], rounding);
    for (int i = 0; i < 32; i++) {
      out[2 * i] = table[codes[i] >> 4];
      out[2 * i + 1] = table[codes[i] & 15];
    }
  }
}

void halves_portable(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, uint16_t* out) {
  const float* level = levels();
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    uint16_t table[16];
    for (int i = 0; i < 16; i++) table[i] = half_bits(level[i] * scales[u], rounding);
    for (int i = 0; i < 32; i++) {
      out[2 * i] = table[codes[i] >> 4];
      out[2 * i + 1] = table[codes[i] & 15];
    }
  }
}

void pairs_portable(const uint8_t* codes0, const float* scales0, const uint8_t* codes1, const float* scales1, int64_t n,
                    uint16_t* out) {
  uint16_t rows[2][64];
  for (int64_t u = 0; u < n; u++, codes0 += 32, codes1 += 32, out += 128) {
    halves_portable(codes0, scales0 + u, 1, Rounding::bfloat16, rows[0]);
    halves_portable(codes1, scales1 + u, 1, Rounding::bfloat16, rows[1]);
    for (int i = 0; i < 64; i++) {
      out[2 * i] = rows[0][i];
      out[2 * i + 1] = rows[1][i];
    }
  }
}

#if defined(__x86_64__)

// AVX2: the table lies in two registers of eight; vpermps looks up in both, bit 3 of the code, moved to the sign, chooses.

#define AVX2 __attribute__((target("avx2,fma,f16c")))

AVX2 __m256 round8(__m256 v, Rounding rounding) {
  if (rounding == Rounding::float16) return _mm256_cvtph_ps(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  if (rounding == Rounding::none) return v;
  // To the nearest bfloat16, ties to even; scales are finite.
  __m256i b = _mm256_castps_si256(v);
  __m256i odd = _mm256_and_si256(_mm256_srli_epi32(b, 16), _mm256_set1_epi32(1));
  b = _mm256_add_epi32(b, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  return _mm256_castsi256_ps(_mm256_and_si256(b, _mm256_set1_epi32(static_cast<int>(0xffff0000))));
}

AVX2 inline __m256 look8(__m256 low, __m256 high, __m256i code) {
  return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, code), _mm256_permutevar8x32_ps(high, code),
                          _mm256_castsi256_ps(_mm256_slli_epi32(code, 28)));
}

AVX2 void floats_avx2(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, float* out) {
  const __m256 low = _mm256_loadu_ps(levels()), high = _mm256_loadu_ps(levels() + 8);
  const __m256i mask = _mm256_set1_epi16(0x0f0f);
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    const __m256 scale = _mm256_set1_ps(scales[u]);
    const __m256 tl = round8(_mm256_mul_ps(low, scale), rounding), th = round8(_mm256_mul_ps(high, scale), rounding);
    for (int h = 0; h < 2; h++) {
      // Byte by byte: the high half of a byte is the earlier element.
      const __m256i wide = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + 16 * h)));
      const __m256i nibbles =
          _mm256_and_si256(_mm256_or_si256(_mm256_srli_epi16(wide, 4), _mm256_slli_epi16(wide, 8)), mask);
      alignas(32) uint8_t bytes[32];
      _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), nibbles);
      for (int i = 0; i < 4; i++) {
        const __m256i code = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + 8 * i)));
        _mm256_storeu_ps(out + 32 * h + 8 * i, look8(tl, th, code));
      }
    }
  }
}

AVX2 void halves_avx2(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, uint16_t* out) {
  alignas(32) float wide[64];
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    floats_avx2(codes, scales + u, 1, rounding, wide);
    for (int i = 0; i < 64; i += 8) {
      const __m256 v = _mm256_load_ps(wide + i);
      __m128i h;
      if (rounding == Rounding::float16) {
        h = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
      } else {
        const __m256i b = _mm256_srli_epi32(_mm256_castps_si256(v), 16);
        h = _mm_packus_epi32(_mm256_castsi256_si128(b), _mm256_extracti128_si256(b, 1));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), h);
    }
  }
}

// AVX-512: one vpermps looks up 16 floats, one vpermw 32 halves; both read only the low bits of an index.

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")))

AVX512 inline __m512 round16(__m512 v, Rounding rounding) {
  if (rounding == Rounding::float16) return _mm512_cvtph_ps(_mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  if (rounding == Rounding::none) return v;
  __m512i b = _mm512_castps_si512(v);
  __m512i odd = _mm512_and_si512(_mm512_srli_epi32(b, 16), _mm512_set1_epi32(1));
  b = _mm512_add_epi32(b, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  return _mm512_castsi512_ps(_mm512_and_si512(b, _mm512_set1_epi32(static_cast<int>(0xffff0000))));
}

// bytes64 gives the 64 codes of a unit as bytes, in order.
AVX512 inline __m512i bytes64(const uint8_t* codes) {
  const __m512i wide = _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes)));
  return _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi16(wide, 4), _mm512_slli_epi16(wide, 8)),
                          _mm512_set1_epi16(0x0f0f));
}

AVX512 void floats_avx512(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, float* out) {
  const __m512 level = _mm512_loadu_ps(levels());
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    const __m512 table = round16(_mm512_mul_ps(level, _mm512_set1_ps(scales[u])), rounding);
    const __m512i b = bytes64(codes);
    _mm512_storeu_ps(out, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(b)), table));
    _mm512_storeu_ps(out + 16, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(b, 1)), table));
    _mm512_storeu_ps(out + 32, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(b, 2)), table));
    _mm512_storeu_ps(out + 48, _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(b, 3)), table));
  }
}

// table16 is the table as 16-bit numbers, twice, for vpermw.
AVX512 inline __m512i table16(__m512 level, float scale, Rounding rounding) {
  const __m512 v = _mm512_mul_ps(level, _mm512_set1_ps(scale));
  const __m256i t = rounding == Rounding::float16
                        ? _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT)
                        : _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(round16(v, rounding)), 16));
  return _mm512_broadcast_i64x4(t);
}

AVX512 void halves_avx512(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, uint16_t* out) {
  const __m512 level = _mm512_loadu_ps(levels());
  for (int64_t u = 0; u < n; u++, codes += 32, out += 64) {
    const __m512i table = table16(level, scales[u], rounding), b = bytes64(codes);
    const __m512i first = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(b));
    const __m512i second = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(b, 1));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi16(first, table));
    _mm512_storeu_si512(out + 32, _mm512_permutexvar_epi16(second, table));
  }
}

AVX512 void pairs_avx512(const uint8_t* codes0, const float* scales0, const uint8_t* codes1, const float* scales1,
                         int64_t n, uint16_t* out) {
  const __m512 level = _mm512_loadu_ps(levels());
  for (int64_t u = 0; u < n; u++, codes0 += 32, codes1 += 32, out += 128) {
    // One table of 32: row 0 in its low half, row 1, whose codes get bit 4, in its high half.
    const __m512i t0 = table16(level, scales0[u], Rounding::bfloat16), t1 = table16(level, scales1[u], Rounding::bfloat16);
    const __m512i table = _mm512_mask_blend_epi16(0xffff0000u, t0, t1);
    const __m512i b0 = bytes64(codes0), b1 = _mm512_or_si512(bytes64(codes1), _mm512_set1_epi8(16));
    alignas(64) uint8_t rows[2][64];
    _mm512_store_si512(rows[0], b0);
    _mm512_store_si512(rows[1], b1);
    for (int i = 0; i < 4; i++) {
      const __m512i c0 = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(rows[0] + 16 * i)));
      const __m512i c1 = _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(rows[1] + 16 * i)));
      const __m512i index = _mm512_or_si512(c0, _mm512_slli_epi32(c1, 16));
      _mm512_storeu_si512(out + 32 * i, _mm512_permutexvar_epi16(index, table));
    }
  }
}

#endif

const NF4Decoders kPortable = {floats_portable, halves_portable, pairs_portable};
#if defined(__x86_64__)
const NF4Decoders kAVX2 = {floats_avx2, halves_avx2, pairs_portable};
const NF4Decoders kAVX512 = {floats_avx512, halves_avx512, pairs_avx512};
#endif

}  // namespace

const NF4Decoders& nf4_decoders(Level level) {
#if defined(__x86_64__)
  if (level >= Level::avx512) return kAVX512;
  if (level >= Level::avx2) return kAVX2;
#endif
  return kPortable;
}

void nf4_decode_any(const RawNF4& w, int64_t first, int64_t n, Rounding rounding, float* out) {
  const float* level = levels();
  for (int64_t i = 0; i < n; i++) {
    const int64_t e = first + i;
    const uint8_t byte = w.codes[e / 2];
    out[i] = rounded(level[e % 2 ? byte & 15 : byte >> 4] * w.scale(e), rounding);
  }
}

}  // namespace ajolote
