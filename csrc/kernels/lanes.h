// y = x Wᵀ for some tokens with AVX-512, every token a lane, whatever W is stored in.
//
// A strip of W, R rows by 128 columns, is turned into factors that lie in the first-level cache. Then its columns one by one: the
// tokens' elements of x at that column are one load for 16 tokens, each row's weight is broadcast from the cache, and one
// multiplication adds the product of a weight and 16 tokens to a sum. All R x C sums of a band of R rows and 16 C tokens stay in
// registers from the first column to the last. So a weight is decoded once for all tokens, nothing is added across a vector, and
// a sum depends neither on the other rows nor on the threads.
//
// Up to eight tokens would leave half of the lanes idle: then two columns share a vector (S = 2), and their sums are added last.
// With bfloat16 factors (avx512_bf16) an instruction takes two columns anyway.
#pragma once

#include "tiles.h"

#include <array>
#include <cstring>
#include <vector>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace ajolote {

constexpr int64_t kLaneTokens = 64;  // the most at once
constexpr int64_t kLanes = 16;
constexpr int64_t kSpan = 128;  // columns of a strip

// ColumnOrder says which of a span's columns is its i-th factor: decoders produce them in an order of their own.
using ColumnOrder = std::array<uint8_t, kSpan>;

// LaneShape is how a number of tokens is laid out: C vectors of lanes, S columns to a vector.
struct LaneShape {
  LaneShape(int64_t tokens, bool pairs)
      : columns(!pairs && tokens <= kLanes / 2 ? 2 : 1), vectors((tokens * columns + kLanes - 1) / kLanes) {}
  int64_t width() const { return vectors * kLanes; }
  int64_t columns, vectors;
};

// LaneFactors are x [tokens, cols] as the kernels read it: for each span and each (two) of its columns in order, the tokens' lanes.
struct LaneFactors {
  LaneFactors(const float* x, int64_t tokens, int64_t cols, const ColumnOrder& order);  // floats
  LaneFactors(const uint16_t* x, int64_t tokens, int64_t cols,
              const ColumnOrder& order);  // bfloat16, two columns to a lane

  int64_t tokens, spans;
  LaneShape shape;
  Buffer<uint32_t> data;
};

// LaneLowRank is u of a low-rank term u bᵀ in lanes, [rank, width].
struct LaneLowRank {
  LaneLowRank(const float* u, int64_t stride, int64_t rank, const LaneFactors& x);
  Buffer<float> data;
};

// LaneRows is what a band of rows of one matrix is finished with, and where it goes.
struct LaneRows {
  float* y;  // [tokens, stride]
  int64_t stride;
  const float* bias = nullptr;             // [rows], or null
  const float *u = nullptr, *b = nullptr;  // of a low-rank term: LaneLowRank's data, and [rows, rank]
  int64_t rank = 0;
};

#if defined(__x86_64__)

#define AJ_LANES __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c")))
#define AJ_LANES_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,f16c,avx512bf16")))

// A Source is a matrix: using Factor = float or uint16_t; fill(row, span, Factor* out) writes a span of a row.

// finish_lanes adds the low-rank term and the bias to the sums of `rows` rows from `row` on, and writes them.
template <int S, int C, int R>
AJ_LANES inline void finish_lanes(__m512 (&sums)[R][C], const LaneRows& to, int64_t tokens, int64_t row, int64_t rows) {
  alignas(64) float all[R][C * kLanes];
  for (int r = 0; r < R; r++) {
    const float* b = to.b + (row + std::min<int64_t>(r, rows - 1)) * to.rank;
    for (int64_t k = 0; k < to.rank; k++)
      for (int c = 0; c < C; c++)
        sums[r][c] = _mm512_fmadd_ps(_mm512_set1_ps(b[k]), _mm512_load_ps(to.u + (k * C + c) * kLanes), sums[r][c]);
    for (int c = 0; c < C; c++) _mm512_store_ps(all[r] + c * kLanes, sums[r][c]);
  }
  for (int64_t t = 0; t < tokens; t++)
    for (int64_t r = 0; r < rows; r++) {
      const float sum = S == 2 ? all[r][2 * t] + all[r][2 * t + 1] : all[r][t];
      to.y[t * to.stride + row + r] = to.bias ? sum + to.bias[row + r] : sum;
    }
}

// float_band computes up to R rows from `row` on; where there are fewer, the last one stands in for the rest.
template <typename Source, int S, int C, int R>
AJ_LANES void float_band(const Source& w, const LaneFactors& x, const LaneRows& to, int64_t row, int64_t rows) {
  alignas(64) float strip[R][kSpan];
  __m512 sums[R][C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) sums[r][c] = _mm512_setzero_ps();
  const float* v = reinterpret_cast<const float*>(x.data.data);
  for (int64_t span = 0; span < x.spans; span++) {
    for (int r = 0; r < R; r++) w.fill(row + std::min<int64_t>(r, rows - 1), span, strip[r]);
    for (int k = 0; k < kSpan; k += S, v += C * kLanes) {
      __m512 column[C];
      for (int c = 0; c < C; c++) column[c] = _mm512_load_ps(v + c * kLanes);
      for (int r = 0; r < R; r++) {
        __m512 weight = _mm512_set1_ps(strip[r][k]);
        if constexpr (S == 2) {
          double both;
          std::memcpy(&both, strip[r] + k, sizeof both);
          weight = _mm512_castpd_ps(_mm512_set1_pd(both));
        }
        for (int c = 0; c < C; c++) sums[r][c] = _mm512_fmadd_ps(weight, column[c], sums[r][c]);
      }
    }
  }
  finish_lanes<S, C, R>(sums, to, x.tokens, row, rows);
}

// half_band is float_band with bfloat16 factors and float32 sums.
template <typename Source, int C, int R>
AJ_LANES_BF16 void half_band(const Source& w, const LaneFactors& x, const LaneRows& to, int64_t row, int64_t rows) {
  alignas(64) uint16_t strip[R][kSpan];
  __m512 sums[R][C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) sums[r][c] = _mm512_setzero_ps();
  const uint32_t* v = x.data.data;
  for (int64_t span = 0; span < x.spans; span++) {
    for (int r = 0; r < R; r++) w.fill(row + std::min<int64_t>(r, rows - 1), span, strip[r]);
    for (int k = 0; k < kSpan; k += 2, v += C * kLanes) {
      __m512i columns[C];
      for (int c = 0; c < C; c++) columns[c] = _mm512_load_si512(v + c * kLanes);
      for (int r = 0; r < R; r++) {
        int32_t both;
        std::memcpy(&both, strip[r] + k, sizeof both);
        const __m512i weights = _mm512_set1_epi32(both);
        for (int c = 0; c < C; c++) sums[r][c] = _mm512_dpbf16_ps(sums[r][c], (__m512bh)weights, (__m512bh)columns[c]);
      }
    }
  }
  finish_lanes<1, C, R>(sums, to, x.tokens, row, rows);
}

// A LaneBand is one of these for a number of tokens, with its R.
template <typename Source>
struct LaneBand {
  void (*compute)(const Source& w, const LaneFactors& x, const LaneRows& to, int64_t row, int64_t rows);
  int64_t rows;
};

// The number of rows keeps sums, columns and a weight within the 32 registers.
template <typename Source>
LaneBand<Source> lane_band(const LaneShape& shape) {
  if constexpr (std::is_same_v<typename Source::Factor, float>) {
    if (shape.columns == 2) return {float_band<Source, 2, 1, 16>, 16};
    switch (shape.vectors) {
      case 1: return {float_band<Source, 1, 1, 16>, 16};
      case 2: return {float_band<Source, 1, 2, 12>, 12};
      case 3: return {float_band<Source, 1, 3, 8>, 8};
      default: return {float_band<Source, 1, 4, 6>, 6};
    }
  } else {
    switch (shape.vectors) {
      case 1: return {half_band<Source, 1, 16>, 16};
      case 2: return {half_band<Source, 2, 12>, 12};
      case 3: return {half_band<Source, 3, 8>, 8};
      default: return {half_band<Source, 4, 6>, 6};
    }
  }
}

// LanePart is one matrix of a product.
template <typename Source>
struct LanePart {
  Source w;
  int64_t rows;
  LaneRows to;
};

// lane_product multiplies x with every matrix. The bands of all of them are shared out as one list, so that the threads meet once.
template <typename Source>
void lane_product(const LaneFactors& x, const std::vector<LanePart<Source>>& parts) {
  const LaneBand<Source> band = lane_band<Source>(x.shape);
  int64_t all = 0;
  for (const auto& p : parts) all += (p.rows + band.rows - 1) / band.rows;
  parallel(all, 1, [&](int64_t begin, int64_t end) {
    int64_t first = 0;
    for (const auto& p : parts) {
      const int64_t bands = (p.rows + band.rows - 1) / band.rows;
      for (int64_t i = std::max(begin - first, int64_t{0}); i < std::min(end - first, bands); i++)
        band.compute(p.w, x, p.to, i * band.rows, std::min(band.rows, p.rows - i * band.rows));
      first += bands;
    }
  });
}

#endif

}  // namespace ajolote
