// 128 NF4 weights of a row at once, with AVX-512: a pair of units, 64 bytes.
//
// As 16 words of 32 bits they hold eight codes each. vpermps reads only the low four bits of an index, so a word shifted by
// 4 k is the index of its k-th code: one shift and one look-up for 16 weights. The levels therefore come in an order of their
// own, vector k having the k-th codes of all words; whoever multiplies them brings x into the same order beforehand.
#pragma once

#include "nf4_decode.h"

#include <immintrin.h>

namespace ajolote {

#define AJ_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))

constexpr int64_t kPair = 2 * kUnit;

// pair_place is where element i of a pair lies among its levels. The high half of a byte is the earlier element.
constexpr int64_t pair_place(int64_t i) { return 16 * (2 * (i / 2 % 4) + (i % 2 == 0)) + i / 8; }

// load_pair loads the codes of a pair; of a single unit at a row's end, those, and zeros.
AJ_AVX512 inline __m512i load_pair(const uint8_t* codes, bool whole) {
  return _mm512_maskz_loadu_epi32(whole ? 0xffff : 0x00ff, codes);
}

// both has two numbers in the halves of a vector.
AJ_AVX512 inline __m512 both(const float* first, const float* second) {
  return _mm512_mask_broadcastss_ps(_mm512_set1_ps(*first), 0xff00, _mm_load_ss(second));
}

// pair_scales gives the scales of two units, each in the words that hold its codes.
AJ_AVX512 inline __m512 pair_scales(const RawNF4& w, int64_t first, int64_t second) {
  const int64_t a = first >> w.shift, b = second >> w.shift;
  if (w.absmax) return both(w.absmax + a, w.absmax + b);
  const __m512 level = both(w.map + w.coded[a], w.map + w.coded[b]);
  const __m512 nested = both(w.nested + a / kNestedBlock, w.nested + b / kNestedBlock);
  // Two roundings, a product and a sum, as bitsandbytes computes it.
  return _mm512_add_ps(_mm512_mul_ps(level, nested), _mm512_set1_ps(w.offset));
}

}  // namespace ajolote
