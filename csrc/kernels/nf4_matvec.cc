// y = x Wᵀ for 1 to 8 tokens. The time is that of reading W's codes, so each unit of 64 codes, 32 bytes, is turned into
// levels in registers, once for all tokens. The sums of a row never depend on how rows are shared out among threads.
//
// x is permuted beforehand into the order in which a level's instructions produce the codes of a unit, or of a pair of units.
#include "nf4_matvec.h"

#include "../nf4_tables.h"
#include "../parallel.h"
#include "nf4_decode.h"

#include <ATen/ops/empty.h>

#include <array>
#include <cstring>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include "nf4_pairs.h"
#endif

namespace ajolote {
namespace {

// Job is one matrix with the tokens to multiply it with.
struct Job {
  RawNF4 w;
  const float* x;  // permuted: [spans of a row, tokens, elements of a span]
  const float* bias;
  float* y;  // [tokens, rows]
  // Of a low-rank term u bᵀ; rank 0 for none.
  int64_t rank, u_stride;
  const float* u;  // [tokens, rank]
  const float* b;  // [rows, rank]
};

// Order is how many elements of a row are turned into levels at a time, a unit or a pair of units, and where each of them
// lies in the permuted x.
struct Order {
  int64_t span = 0;
  std::array<uint8_t, 128> place = {};
};

// Rows computes rows [begin, end) of a job.
using Rows = void (*)(const Job& job, int64_t begin, int64_t end);

// Implementation is what a kernel level has for one number of tokens.
struct Implementation {
  const Order& order;
  Rows rows;
};

std::array<float, 16> level_table() {
  std::array<float, 16> t;
  std::memcpy(t.data(), kNF4Bits, sizeof kNF4Bits);
  return t;
}

const std::array<float, 16> kLevels = level_table();

template <int tokens>
void rows_portable(const Job& job, int64_t begin, int64_t end) {
  const int64_t units = job.w.cols / kUnit;
  for (int64_t row = begin; row < end; row++) {
    const uint8_t* codes = job.w.codes + row * job.w.cols / 2;
    float total[tokens] = {};
    const float* x = job.x;
    for (int64_t u = 0; u < units; u++, codes += 32) {
      const float scale = job.w.unit_scale(row * units + u);
      float w[64];
      for (int i = 0; i < 32; i++) {
        w[2 * i] = kLevels[codes[i] >> 4];
        w[2 * i + 1] = kLevels[codes[i] & 15];
      }
      for (int t = 0; t < tokens; t++, x += 64) {
        float part[4] = {};
        for (int i = 0; i < 64; i += 4)
          for (int j = 0; j < 4; j++) part[j] += w[i + j] * x[i + j];
        total[t] += ((part[0] + part[1]) + (part[2] + part[3])) * scale;
      }
    }
    for (int t = 0; t < tokens; t++) job.y[t * job.w.rows + row] = job.bias ? total[t] + job.bias[row] : total[t];
  }
}

#if defined(__x86_64__)

// How far ahead of the codes in use the next ones are fetched.
constexpr int64_t kAhead = 1024;

// AVX2: the four bytes of the 16 levels are four tables for pshufb; 32 codes give four vectors of bytes, which unpacking
// joins to floats. A lane's code j lands in vector j/4, place j%4. First the high halves of the bytes (even elements),
// then the low ones.

#define AVX2 __attribute__((target("avx2,fma")))

Order order_avx2() {
  Order o = {64, {}};
  for (int i = 0; i < 64; i++) {
    const int parity = i % 2, code = i / 2, lane = code / 16, j = code % 16;
    o.place[i] = static_cast<uint8_t>(32 * parity + 8 * (j / 4) + 4 * lane + j % 4);
  }
  return o;
}

struct Planes {
  __m256i byte[4];
};

AVX2 Planes planes() {
  Planes p;
  for (int b = 0; b < 4; b++) {
    alignas(16) uint8_t table[16];
    for (int i = 0; i < 16; i++) table[i] = static_cast<uint8_t>(kNF4Bits[i] >> (8 * b));
    p.byte[b] = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
  }
  return p;
}

AVX2 inline void look32(const Planes& p, __m256i codes, __m256* w) {
  const __m256i b0 = _mm256_shuffle_epi8(p.byte[0], codes), b1 = _mm256_shuffle_epi8(p.byte[1], codes);
  const __m256i b2 = _mm256_shuffle_epi8(p.byte[2], codes), b3 = _mm256_shuffle_epi8(p.byte[3], codes);
  const __m256i l01 = _mm256_unpacklo_epi8(b0, b1), l23 = _mm256_unpacklo_epi8(b2, b3);
  const __m256i h01 = _mm256_unpackhi_epi8(b0, b1), h23 = _mm256_unpackhi_epi8(b2, b3);
  w[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(l01, l23));
  w[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(l01, l23));
  w[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(h01, h23));
  w[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(h01, h23));
}

AVX2 inline float sum8(__m256 v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

template <int tokens>
AVX2 void rows_avx2(const Job& job, int64_t begin, int64_t end) {
  const Planes tables = planes();
  const __m256i low = _mm256_set1_epi8(15);
  const int64_t units = job.w.cols / kUnit;
  for (int64_t row = begin; row < end; row++) {
    const uint8_t* codes = job.w.codes + row * job.w.cols / 2;
    __m256 total[tokens];
    for (int t = 0; t < tokens; t++) total[t] = _mm256_setzero_ps();
    const float* x = job.x;
    for (int64_t u = 0; u < units; u++, codes += 32) {
      _mm_prefetch(reinterpret_cast<const char*>(codes + kAhead), _MM_HINT_T0);
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes));
      __m256 even[4], odd[4];
      look32(tables, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low), even);
      look32(tables, _mm256_and_si256(bytes, low), odd);
      const __m256 scale = _mm256_set1_ps(job.w.unit_scale(row * units + u));
      for (int t = 0; t < tokens; t++, x += 64) {
        __m256 a = _mm256_mul_ps(even[0], _mm256_load_ps(x)), b = _mm256_mul_ps(odd[0], _mm256_load_ps(x + 32));
        for (int i = 1; i < 4; i++) {
          a = _mm256_fmadd_ps(even[i], _mm256_load_ps(x + 8 * i), a);
          b = _mm256_fmadd_ps(odd[i], _mm256_load_ps(x + 32 + 8 * i), b);
        }
        total[t] = _mm256_fmadd_ps(_mm256_add_ps(a, b), scale, total[t]);
      }
    }
    for (int t = 0; t < tokens; t++) {
      const float sum = sum8(total[t]);
      job.y[t * job.w.rows + row] = job.bias ? sum + job.bias[row] : sum;
    }
  }
}

// AVX-512, one or two tokens: pairs of units. The sum over a unit is scaled at its end. With few sums to keep, this leaves the
// multipliers the shortest chains, and one stream of codes is read fastest. The scales are looked up on the way: the ports
// that load have little else to do.

Order order_of_pairs() {
  Order o = {kPair, {}};
  for (int64_t i = 0; i < kPair; i++) o.place[i] = static_cast<uint8_t>(pair_place(i));
  return o;
}

template <int tokens>
AJ_AVX512 void row_of_pairs(const Job& job, int64_t row) {
  const __m512 levels = _mm512_loadu_ps(kLevels.data());
  const int64_t units = job.w.cols / kUnit, first = row * units;
  const uint8_t* codes = job.w.codes + row * job.w.cols / 2;
  __m512 total[tokens];
  for (int t = 0; t < tokens; t++) total[t] = _mm512_setzero_ps();
  const float* x = job.x;
  for (int64_t u = 0; u < units; u += 2, codes += kPair / 2) {
    const bool whole = u + 1 < units;
    _mm_prefetch(reinterpret_cast<const char*>(codes + kAhead), _MM_HINT_T0);
    const __m512i c = load_pair(codes, whole);
    __m512 w[8];
    w[0] = _mm512_permutexvar_ps(c, levels);
    for (int k = 1; k < 8; k++) w[k] = _mm512_permutexvar_ps(_mm512_srli_epi32(c, 4 * k), levels);
    const __m512 scale = pair_scales(job.w, first + u, first + u + whole);
    for (int t = 0; t < tokens; t++, x += kPair) {
      __m512 a = _mm512_mul_ps(w[0], _mm512_load_ps(x)), b = _mm512_mul_ps(w[1], _mm512_load_ps(x + 16));
      for (int k = 2; k < 8; k += 2) {
        a = _mm512_fmadd_ps(w[k], _mm512_load_ps(x + 16 * k), a);
        b = _mm512_fmadd_ps(w[k + 1], _mm512_load_ps(x + 16 * k + 16), b);
      }
      total[t] = _mm512_fmadd_ps(_mm512_add_ps(a, b), scale, total[t]);
    }
  }
  for (int t = 0; t < tokens; t++) {
    const float sum = _mm512_reduce_add_ps(total[t]);
    job.y[t * job.w.rows + row] = job.bias ? sum + job.bias[row] : sum;
  }
}

// Three tokens and more: 16 bytes are widened to 16 indices, so that all levels of a vector have one scale.

Order order_of_units() {
  Order o = {kUnit, {}};
  for (int i = 0; i < 64; i++) o.place[i] = static_cast<uint8_t>(32 * (i / 32) + 16 * (i % 2) + i % 32 / 2);
  return o;
}

// `band` rows at once, so that one load of x serves them all, and the levels are scaled before they are looked up, so that a
// product is one instruction. Half a unit at a time, all sums stay in the 32 registers.
template <int tokens, int band>
AJ_AVX512 void band_of_units(const Job& job, int64_t row) {
  const __m512 levels = _mm512_loadu_ps(kLevels.data());
  const int64_t units = job.w.cols / kUnit, stride = job.w.cols / 2;
  const uint8_t* codes = job.w.codes + row * stride;
  __m512 total[band][tokens];
  for (int r = 0; r < band; r++)
    for (int t = 0; t < tokens; t++) total[r][t] = _mm512_setzero_ps();
  const float* x = job.x;
  for (int64_t u = 0; u < units; u++, codes += 32, x += 64 * tokens) {
    __m512 scaled[band];
    for (int r = 0; r < band; r++) {
      _mm_prefetch(reinterpret_cast<const char*>(codes + r * stride + kAhead), _MM_HINT_T0);
      scaled[r] = _mm512_mul_ps(levels, _mm512_set1_ps(job.w.unit_scale((row + r) * units + u)));
    }
    for (int half = 0; half < 2; half++) {
      __m512 even[band], odd[band];
      for (int r = 0; r < band; r++) {
        const __m512i c =
            _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + r * stride + 16 * half)));
        even[r] = _mm512_permutexvar_ps(_mm512_srli_epi32(c, 4), scaled[r]);
        odd[r] = _mm512_permutexvar_ps(c, scaled[r]);
      }
      for (int t = 0; t < tokens; t++) {
        const __m512 x0 = _mm512_load_ps(x + 64 * t + 32 * half), x1 = _mm512_load_ps(x + 64 * t + 32 * half + 16);
        for (int r = 0; r < band; r++) total[r][t] = _mm512_fmadd_ps(odd[r], x1, _mm512_fmadd_ps(even[r], x0, total[r][t]));
      }
    }
  }
  for (int r = 0; r < band; r++)
    for (int t = 0; t < tokens; t++) {
      const float sum = _mm512_reduce_add_ps(total[r][t]);
      job.y[t * job.w.rows + row + r] = job.bias ? sum + job.bias[row + r] : sum;
    }
}

template <int tokens>
AJ_AVX512 void rows_avx512(const Job& job, int64_t begin, int64_t end) {
  int64_t row = begin;
  if constexpr (tokens < 3) {
    for (; row < end; row++) row_of_pairs<tokens>(job, row);
  } else {
    constexpr int band = tokens < 5 ? 4 : tokens < 7 ? 3 : 2;
    for (; row + band <= end; row += band) band_of_units<tokens, band>(job, row);
    for (; row < end; row++) band_of_units<tokens, 1>(job, row);
  }
}

#endif

Order order_portable() {
  Order o = {kUnit, {}};
  for (int i = 0; i < 64; i++) o.place[i] = static_cast<uint8_t>(i);
  return o;
}

#define EVERY_COUNT(rows) {rows<1>, rows<2>, rows<3>, rows<4>, rows<5>, rows<6>, rows<7>, rows<8>}

Implementation implementation(Level level, int64_t tokens) {
  static const Rows portable[kMatvecTokens] = EVERY_COUNT(rows_portable);
  static const Order plain = order_portable();
#if defined(__x86_64__)
  static const Rows avx2[kMatvecTokens] = EVERY_COUNT(rows_avx2), avx512[kMatvecTokens] = EVERY_COUNT(rows_avx512);
  static const Order planes = order_avx2(), pairs = order_of_pairs(), units = order_of_units();
  if (level >= Level::avx512) return {tokens < 3 ? pairs : units, avx512[tokens - 1]};
  if (level >= Level::avx2) return {planes, avx2[tokens - 1]};
#endif
  return {plain, portable[tokens - 1]};
}

// permuted gives x [tokens, cols] as [spans, tokens, span], in an order, at an aligned address; a last span is completed with
// zeros.
at::Tensor permuted(const at::Tensor& x, const Order& order) {
  const int64_t tokens = x.size(0), cols = x.size(1), spans = (cols + order.span - 1) / order.span;
  at::Tensor out = at::empty({spans, tokens, order.span}, x.options());
  const float* in = x.const_data_ptr<float>();
  float* o = out.data_ptr<float>();
  for (int64_t t = 0; t < tokens; t++)
    for (int64_t s = 0; s < spans; s++)
      for (int64_t i = 0; i < order.span; i++) {
        const int64_t column = s * order.span + i;
        o[(s * tokens + t) * order.span + order.place[i]] = column < cols ? in[t * cols + column] : 0.f;
      }
  return out;
}

// add_low_rank adds the low-rank term to rows that are computed.
void add_low_rank(const Job& job, int64_t tokens, int64_t begin, int64_t end) {
  for (int64_t t = 0; job.rank && t < tokens; t++)
    for (int64_t row = begin; row < end; row++) {
      const float *u = job.u + t * job.u_stride, *b = job.b + row * job.rank;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t k = 0; k < job.rank; k++) sum += u[k] * b[k];
      job.y[t * job.w.rows + row] += sum;
    }
}

}  // namespace

bool nf4_matvec_fits(const at::Tensor& x, const std::vector<NF4Forward>& parts) {
  if (x.size(0) > kMatvecTokens) return false;
  for (const NF4Forward& p : parts)
    if (!RawNF4(*p.w).units()) return false;
  return true;
}

std::vector<at::Tensor> nf4_matvec(const at::Tensor& x, const std::vector<NF4Forward>& parts) {
  const int64_t tokens = x.size(0);
  const Implementation kernels = implementation(kernel_level(), tokens);
  const at::Tensor in = permuted(x.to(at::kFloat), kernels.order);
  std::vector<at::Tensor> outs;
  std::vector<Job> jobs;
  int64_t rows = 0;
  for (const NF4Forward& p : parts) {
    outs.push_back(at::empty({tokens, p.w->rows}, in.options()));
    Job job = {RawNF4(*p.w), in.const_data_ptr<float>(), nullptr, outs.back().data_ptr<float>(), 0, 0, nullptr, nullptr};
    if (p.bias.defined()) job.bias = p.bias.const_data_ptr<float>();
    if (p.u.defined()) {
      job.rank = p.u.size(1);
      job.u_stride = p.u.stride(0);
      job.u = p.u.const_data_ptr<float>();
      job.b = p.b.const_data_ptr<float>();
    }
    jobs.push_back(job);
    rows += p.w->rows;
  }
  // The rows of all matrices are shared out as one list, so that the threads meet once.
  parallel(rows, 16, [&](int64_t begin, int64_t end) {
    int64_t first = 0;
    for (const Job& job : jobs) {
      const int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, job.w.rows);
      if (from < to) {
        kernels.rows(job, from, to);
        add_low_rank(job, tokens, from, to);
      }
      first += job.w.rows;
    }
  });
  for (at::Tensor& y : outs) y = y.to(x.scalar_type());
  return outs;
}

}  // namespace ajolote
