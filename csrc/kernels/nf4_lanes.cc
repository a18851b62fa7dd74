// y = x Wᵀ + u bᵀ + bias for 7 to 64 tokens, W in NF4: the lanes of lanes.h over pairs of units. Up to eight tokens are multiplied in
// float32, like fewer ones; more in float32, or with both factors in bfloat16.
#include "nf4_lanes.h"

#include "lanes.h"
#include "nf4_matvec.h"

#include "../nf4_tables.h"

#include <ATen/ops/empty.h>

#include <deque>

#if defined(__x86_64__)
#include "nf4_pairs.h"
#endif

namespace ajolote {

#if defined(__x86_64__)

namespace {

// From this many tokens on a lane for each is faster than sums across vectors.
constexpr int64_t kFewest = 7;

AJ_LANES inline __m512 level_vector() { return _mm512_castsi512_ps(_mm512_loadu_si512(kNF4Bits)); }

// SpanCodes are the codes of a span of a row: those of a pair of units, or of one unit at the row's end.
struct SpanCodes {
  AJ_LANES SpanCodes(const RawNF4& w, int64_t row, int64_t span) {
    const int64_t units = w.cols / kUnit;
    first = row * units + 2 * span;
    const bool whole = 2 * span + 1 < units;
    last = first + whole;
    const uint8_t* from = w.codes + first * kUnit / 2;
    _mm_prefetch(reinterpret_cast<const char*>(from + kAhead), _MM_HINT_T0);
    codes = load_pair(from, whole);
  }

  static constexpr int64_t kAhead = 256;
  int64_t first, last;  // units
  __m512i codes;
};

// FloatUnits are the weights in float32.
struct FloatUnits {
  using Factor = float;

  AJ_LANES void fill(int64_t row, int64_t span, float* out) const {
    const SpanCodes at(w, row, span);
    const __m512 levels = level_vector(), scale = pair_scales(w, at.first, at.last);
    _mm512_store_ps(out, _mm512_mul_ps(scale, _mm512_permutexvar_ps(at.codes, levels)));
    for (int k = 1; k < 8; k++)
      _mm512_store_ps(out + 16 * k,
                      _mm512_mul_ps(scale, _mm512_permutexvar_ps(_mm512_srli_epi32(at.codes, 4 * k), levels)));
  }

  RawNF4 w;
};

ColumnOrder order_of_floats() {
  ColumnOrder order;
  for (int64_t i = 0; i < kPair; i++) order[pair_place(i)] = static_cast<uint8_t>(i);
  return order;
}

// HalfUnits are the weights in bfloat16. The pair's codes are 32 words of four, and one table has the rounded levels of both
// units: an index into it is a code, and one bit more for the second unit.
struct HalfUnits {
  using Factor = uint16_t;

  AJ_LANES_BF16 void fill(int64_t row, int64_t span, uint16_t* out) const {
    const SpanCodes at(w, row, span);
    const __m512i low = _mm512_set1_epi16(15);
    const __m512i second = _mm512_maskz_set1_epi16(0xffff0000u, 16);
    const __m512 levels = level_vector();
    const __m512i table = (__m512i)_mm512_cvtne2ps_pbh(_mm512_mul_ps(levels, _mm512_set1_ps(w.unit_scale(at.last))),
                                                       _mm512_mul_ps(levels, _mm512_set1_ps(w.unit_scale(at.first))));
    for (int k = 0; k < 4; k++) {
      constexpr int kAndOr = 0xea;  // (a & b) | c
      const __m512i index = _mm512_ternarylogic_epi32(_mm512_srli_epi16(at.codes, 4 * k), low, second, kAndOr);
      _mm512_store_si512(out + 32 * k, _mm512_permutexvar_epi16(index, table));
    }
  }

  RawNF4 w;
};

ColumnOrder order_of_halves() {
  ColumnOrder order;
  for (int i = 0; i < kSpan; i++) order[i] = static_cast<uint8_t>(4 * (i % 32) + (i / 32 ^ 1));
  return order;
}

template <typename Source>
std::vector<at::Tensor> product(const LaneFactors& x, const std::vector<NF4Forward>& parts,
                                const at::TensorOptions& options) {
  std::vector<at::Tensor> outs;
  std::deque<LaneLowRank> terms;
  std::vector<LanePart<Source>> list;
  for (const NF4Forward& p : parts) {
    outs.push_back(at::empty({x.tokens, p.w->rows}, options.dtype(at::kFloat)));
    LaneRows to = {outs.back().data_ptr<float>(), p.w->rows};
    if (p.bias.defined()) to.bias = p.bias.const_data_ptr<float>();
    if (p.u.defined()) {
      to.rank = p.u.size(1);
      terms.emplace_back(p.u.const_data_ptr<float>(), p.u.stride(0), to.rank, x);
      to.u = terms.back().data.data;
      to.b = p.b.const_data_ptr<float>();
    }
    list.push_back({Source{RawNF4(*p.w)}, p.w->rows, to});
  }
  lane_product(x, list);
  return outs;
}

}  // namespace

bool nf4_lanes_fits(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute) {
  const int64_t tokens = x.size(0);
  if (kernel_level() < Level::avx512 || tokens < kFewest || tokens > kLaneTokens) return false;
  if (tokens > kMatvecTokens && compute != at::kFloat && (compute != at::kBFloat16 || kernel_level() < Level::avx512bf16))
    return false;
  for (const NF4Forward& p : parts)
    if (!RawNF4(*p.w).units()) return false;
  return true;
}

std::vector<at::Tensor> nf4_lanes(const at::Tensor& x, const std::vector<NF4Forward>& parts, c10::ScalarType compute) {
  static const ColumnOrder floats = order_of_floats(), halves = order_of_halves();
  const int64_t tokens = x.size(0), cols = x.size(1);
  std::vector<at::Tensor> outs;
  if (compute == at::kBFloat16 && tokens > kMatvecTokens) {
    const at::Tensor in = x.to(at::kBFloat16).contiguous();
    const LaneFactors factors(static_cast<const uint16_t*>(in.const_data_ptr()), tokens, cols, halves);
    outs = product<HalfUnits>(factors, parts, x.options());
  } else {
    const at::Tensor in = x.to(at::kFloat).contiguous();
    const LaneFactors factors(in.const_data_ptr<float>(), tokens, cols, floats);
    outs = product<FloatUnits>(factors, parts, x.options());
  }
  for (at::Tensor& y : outs) y = y.to(x.scalar_type());
  return outs;
}

#else

bool nf4_lanes_fits(const at::Tensor&, const std::vector<NF4Forward>&, c10::ScalarType) { return false; }

std::vector<at::Tensor> nf4_lanes(const at::Tensor&, const std::vector<NF4Forward>&, c10::ScalarType) { return {}; }

#endif

}  // namespace ajolote
