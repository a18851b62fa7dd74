// Which words may have the greatest product with a state x, from int8 copies q of the words' vectors w.
//
// With w = s q + dw and x = u y + dx (y in 14 bits), the product w·x differs from the integer one s u (q·y) by at most
//
//     |dw| |x| + |s q| |dx|  <=  |dw| (|x| + |dx|) + |w| |dx|
//
// by Cauchy and Schwarz; the float32 sum that is compared in the end differs from w·x by at most γ |w| |x|, and what is added
// up here in float32 by a few units in the last place of |s q| |u y|. The sum of all this is b. A word whose product plus b
// lies below the greatest product minus b of any word cannot have the greatest: all others are candidates, mostly one to a
// few dozen of 256,000. Half the bytes of a 16-bit head are read, and the choice is exact, ties included.
#include "head_screen.h"

#include "../parallel.h"
#include "elementwise.h"

#include <ATen/ops/empty.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#if defined(__x86_64__)
// GCC 12 takes the deliberately undefined operands inside its own intrinsics for a mistake of ours.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace ajolote {
namespace {

constexpr int64_t kPad = 64;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A state's largest element gets this code: products of 2 x 127 x 8191 are added up in 32 bits, of at most 16,384 elements.
constexpr float kLargest = 8191;
constexpr int64_t kMostElements = 16384;

// Scan is what the kernels read and write.
struct Scan {
  const int8_t* codes;  // [words, width]
  const float* bounds;  // [words, 3]
  const int16_t* x;     // [states, width]
  int64_t words, width;
  int64_t states;
  float unit[kScreenStates];         // of x
  float rest[kScreenStates];         // what |dw| is multiplied with
  float length[kScreenStates];       // what |w| is multiplied with
  const uint64_t* allowed;           // [states, (words + 63) / 64], or null
  float* upper;                      // [states, words]
  float *block_lower, *block_upper;  // [blocks, states]

  bool allows(int64_t state, int64_t word) const {
    return !allowed || (allowed[state * ((words + 63) / 64) + word / 64] >> (word % 64) & 1);
  }
};

// A Sums adds up q·y of one word and every state.
using Sums = void (*)(const int8_t* q, const int16_t* x, int64_t width, float* sums);

template <int states>
void sums_portable(const int8_t* q, const int16_t* x, int64_t width, float* sums) {
  for (int t = 0; t < states; t++) {
    int64_t sum = 0;
    for (int64_t i = 0; i < width; i++) sum += static_cast<int32_t>(q[i]) * x[t * width + i];
    sums[t] = static_cast<float>(sum);
  }
}

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2,fma")))

template <int states>
AVX2 void sums_avx2(const int8_t* q, const int16_t* x, int64_t width, float* sums) {
  __m256i sum[states];
  for (auto& s : sum) s = _mm256_setzero_si256();
  for (int64_t i = 0; i < width; i += 16) {
    const __m256i w = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q + i)));
    for (int t = 0; t < states; t++)
      sum[t] = _mm256_add_epi32(
          sum[t], _mm256_madd_epi16(w, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + t * width + i))));
  }
  for (int t = 0; t < states; t++) {
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, _mm256_cvtepi32_ps(sum[t]));
    sums[t] = ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  }
}

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))

template <int states>
AVX512 void sums_avx512(const int8_t* q, const int16_t* x, int64_t width, float* sums) {
  __m512i a[states], b[states];
  for (int t = 0; t < states; t++) a[t] = b[t] = _mm512_setzero_si512();
  for (int64_t i = 0; i < width; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(q + i + 2048), _MM_HINT_T0);
    const __m512i v = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + i)));
    const __m512i w = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + i + 32)));
    for (int t = 0; t < states; t++) {
      const int16_t* y = x + t * width + i;
      a[t] = _mm512_add_epi32(a[t], _mm512_madd_epi16(v, _mm512_loadu_si512(y)));
      b[t] = _mm512_add_epi32(b[t], _mm512_madd_epi16(w, _mm512_loadu_si512(y + 32)));
    }
  }
  for (int t = 0; t < states; t++) sums[t] = _mm512_reduce_add_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(a[t], b[t])));
}

#endif

#define EVERY_COUNT(sums) {sums<1>, sums<2>, sums<3>, sums<4>, sums<5>, sums<6>, sums<7>, sums<8>}

Sums pick_sums(Level level, int64_t states) {
  static const Sums portable[kScreenStates] = EVERY_COUNT(sums_portable);
#if defined(__x86_64__)
  static const Sums avx2[kScreenStates] = EVERY_COUNT(sums_avx2);
  static const Sums avx512[kScreenStates] = EVERY_COUNT(sums_avx512);
  if (level >= Level::avx512) return avx512[states - 1];
  if (level >= Level::avx2) return avx2[states - 1];
#endif
  return portable[states - 1];
}

// scan_block computes upper bounds of one block's products and the greatest bounds of each state.
void scan_block(const Scan& s, Sums sums, int64_t block) {
  float *lower = s.block_lower + block * s.states, *upper = s.block_upper + block * s.states;
  std::fill(lower, lower + s.states, -kInfinity);
  std::fill(upper, upper + s.states, -kInfinity);
  for (int64_t word = block * kScreenBlock; word < std::min(s.words, (block + 1) * kScreenBlock); word++) {
    bool wanted = !s.allowed;
    for (int64_t t = 0; t < s.states && !wanted; t++) wanted = s.allows(t, word);
    if (!wanted) continue;  // not even read
    float sum[kScreenStates];
    sums(s.codes + word * s.width, s.x, s.width, sum);
    const float* w = s.bounds + 3 * word;
    for (int64_t t = 0; t < s.states; t++) {
      const float product = sum[t] * (w[0] * s.unit[t]), bound = w[1] * s.rest[t] + w[2] * s.length[t];
      const bool counts = s.allows(t, word);
      s.upper[t * s.words + word] = counts ? product + bound : -kInfinity;
      if (!counts) continue;
      lower[t] = std::max(lower[t], product - bound);
      upper[t] = std::max(upper[t], product + bound);
    }
  }
}

// prepare turns a state into codes and sets what its bounds are multiplied with.
void prepare(Scan& s, int64_t t, const float* x, int64_t size, int16_t* y) {
  float largest = 0;
  for (int64_t i = 0; i < size; i++) {
    if (!std::isfinite(x[i])) {
      s.length[t] = kInfinity;
      return;
    }
    largest = std::max(largest, std::fabs(x[i]));
  }
  const float unit = largest / kLargest;
  double length = 0, rest = 0;
  for (int64_t i = 0; i < size; i++) {
    y[i] = unit > 0 ? static_cast<int16_t>(std::nearbyint(x[i] / unit)) : 0;
    const double left = static_cast<double>(x[i]) - static_cast<double>(unit) * y[i];
    length += static_cast<double>(x[i]) * x[i];
    rest += left * left;
  }
  length = std::sqrt(length);
  rest = std::sqrt(rest);
  constexpr double ulp = 1.0 / (1 << 24), slack = 1 + 2e-5;
  const double gamma = (static_cast<double>(size) / 8 + 64) * ulp;  // of the sum that decides
  const double here = 16 * ulp * (length + rest);                   // of the sums of this file
  s.unit[t] = unit;
  s.rest[t] = static_cast<float>((length + rest + here) * slack);
  s.length[t] = static_cast<float>((rest + gamma * length + here) * slack);
}

template <typename Element>
void copy_words(const at::Tensor& weight, const Screen& screen, Element element) {
  const int64_t size = weight.size(1), width = screen.codes.size(1);
  parallel(weight.size(0), 64, [&](int64_t begin, int64_t end) {
    std::vector<float> w(size);
    for (int64_t word = begin; word < end; word++) {
      float largest = 0;
      bool finite = true;
      for (int64_t i = 0; i < size; i++) {
        w[i] = element(word * size + i);
        finite = finite && std::isfinite(w[i]);
        largest = std::max(largest, std::fabs(w[i]));
      }
      TORCH_CHECK(finite, "the vector of word ", word, " is not finite");
      const float step = largest / 127;
      int8_t* q = screen.codes.data_ptr<int8_t>() + word * width;
      double length = 0, rest = 0;
      for (int64_t i = 0; i < size; i++) {
        q[i] = step > 0 ? static_cast<int8_t>(std::nearbyint(w[i] / step)) : 0;
        const double left = static_cast<double>(w[i]) - static_cast<double>(step) * q[i];
        length += static_cast<double>(w[i]) * w[i];
        rest += left * left;
      }
      std::fill(q + size, q + width, 0);
      float* bounds = screen.bounds.data_ptr<float>() + 3 * word;
      bounds[0] = step;
      bounds[1] = static_cast<float>(std::sqrt(rest) * (1 + 1e-6));
      bounds[2] = static_cast<float>(std::sqrt(length) * (1 + 1e-6));
    }
  });
}

}  // namespace

Screen make_screen(const at::Tensor& weight) {
  const at::Tensor w = weight.contiguous();
  TORCH_CHECK(w.dim() == 2 && w.size(1) <= kMostElements, "a screen is of a weight [words, at most ", kMostElements,
              "], not ", w.sizes());
  const int64_t width = (w.size(1) + kPad - 1) / kPad * kPad;
  const Screen screen = {at::empty({w.size(0), width}, at::kChar), at::empty({w.size(0), 3}, at::kFloat)};
  const void* data = w.const_data_ptr();
  switch (w.scalar_type()) {
    case at::kFloat: copy_words(w, screen, [&](int64_t i) { return static_cast<const float*>(data)[i]; }); break;
    case at::kBFloat16: copy_words(w, screen, [&](int64_t i) { return widen(static_cast<const bf16*>(data)[i]); }); break;
    case at::kHalf:
      copy_words(w, screen, [&](int64_t i) { return static_cast<float>(static_cast<const c10::Half*>(data)[i]); });
      break;
    default: TORCH_CHECK(false, "a screen is of float32, bfloat16 or float16, not of ", w.scalar_type());
  }
  return screen;
}

std::vector<std::vector<int64_t>> candidates(const Screen& screen, const at::Tensor& x, const uint64_t* allowed) {
  const int64_t states = x.size(0), size = x.size(1), words = screen.codes.size(0), width = screen.codes.size(1);
  const int64_t blocks = (words + kScreenBlock - 1) / kScreenBlock;
  std::vector<int16_t> codes(states * width);
  std::unique_ptr<float[]> upper(new float[states * words]);
  std::vector<float> block_lower(blocks * states), block_upper(blocks * states);
  Scan s = {};
  s.codes = screen.codes.const_data_ptr<int8_t>();
  s.bounds = screen.bounds.const_data_ptr<float>();
  s.x = codes.data();
  s.words = words;
  s.width = width;
  s.states = states;
  s.allowed = allowed;
  s.upper = upper.get();
  s.block_lower = block_lower.data();
  s.block_upper = block_upper.data();
  for (int64_t t = 0; t < states; t++) prepare(s, t, x.const_data_ptr<float>() + t * size, size, codes.data() + t * width);
  const Sums sums = pick_sums(kernel_level(), states);
  parallel(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) scan_block(s, sums, block);
  });
  std::vector<std::vector<int64_t>> lists(states);
  for (int64_t t = 0; t < states; t++) {
    float lower = -kInfinity;
    for (int64_t block = 0; block < blocks; block++) lower = std::max(lower, block_lower[block * states + t]);
    if (!(lower > -kInfinity && std::isfinite(s.length[t]))) continue;
    for (int64_t block = 0; block < blocks; block++) {
      if (!(block_upper[block * states + t] >= lower)) continue;
      for (int64_t word = block * kScreenBlock; word < std::min(words, (block + 1) * kScreenBlock); word++)
        if (s.allows(t, word) && s.upper[t * words + word] >= lower) lists[t].push_back(word);
    }
  }
  return lists;
}

}  // namespace ajolote
