// What the elementwise kernels share: one plain loop compiled for every level of CPU, 16-bit elements, and an exponential
// that the compiler can vectorise. The loops are marked with "omp simd", which lets it reorder sums (-fopenmp-simd).
#pragma once

#include "../parallel.h"
#include "../shim.h"

#include <c10/util/BFloat16.h>

#include <cmath>
#include <cstdint>
#include <cstring>

// AJ_LEVELS(name, params, args) defines the function template name<E> from name_body, which must be AJ_BODY: the same loop
// compiled for each level, chosen at the call by kernel_level(). It is called inside parallel, once a range, as a
// lambda would not inherit the target.
#define AJ_BODY static inline __attribute__((always_inline)) void
#define AJ_ONE_LEVEL(function, target, name, params, args) \
  template <typename E>                                    \
  target void function params {                            \
    name##_body args;                                      \
  }
#if defined(__x86_64__)
#define AJ_LEVELS(name, params, args)                                                                                     \
  AJ_ONE_LEVEL(name##_avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), name, params, args) \
  AJ_ONE_LEVEL(name##_avx2, __attribute__((target("avx2,fma"))), name, params, args)                                      \
  AJ_ONE_LEVEL(name##_portable, , name, params, args)                                                                     \
  template <typename E>                                                                                                   \
  void name params {                                                                                                      \
    const Level level = kernel_level();                                                                                   \
    if (level >= Level::avx512) {                                                                                         \
      name##_avx512<E> args;                                                                                              \
    } else if (level == Level::avx2) {                                                                                    \
      name##_avx2<E> args;                                                                                                \
    } else {                                                                                                              \
      name##_portable<E> args;                                                                                            \
    }                                                                                                                     \
  }
#else
#define AJ_LEVELS(name, params, args) AJ_ONE_LEVEL(name, , name, params, args)
#endif

namespace ajolote {

inline __attribute__((always_inline)) float bits_to_float(uint32_t bits) {
  float f;
  std::memcpy(&f, &bits, sizeof f);
  return f;
}

inline __attribute__((always_inline)) uint32_t float_to_bits(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  return bits;
}

// A bfloat16 travels as its bits, so that loops over it vectorise. widen and narrow convert, narrow to the nearest, halves
// to even; a NaN stays one.
using bf16 = uint16_t;

inline __attribute__((always_inline)) float widen(float f) { return f; }
inline __attribute__((always_inline)) float widen(bf16 h) { return bits_to_float(static_cast<uint32_t>(h) << 16); }

inline __attribute__((always_inline)) void narrow(float f, float* out) { *out = f; }
inline __attribute__((always_inline)) void narrow(float f, bf16* out) {
  const uint32_t bits = float_to_bits(f);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  *out = static_cast<bf16>(f == f ? rounded : 0x7fc0);
}

// rounded gives f as an element of type E would hold it.
template <typename E>
inline __attribute__((always_inline)) float rounded(float f) {
  E e;
  narrow(f, &e);
  return widen(e);
}

template <typename E>
const E* elements(const at::Tensor& t) {
  return static_cast<const E*>(t.const_data_ptr());
}

template <typename E>
E* elements_to_write(const at::Tensor& t) {
  return static_cast<E*>(t.mutable_data_ptr());
}

// exponential is e^x with an error below two units in the last place, for x in [-87.3, 88.3]; it saturates outside.
// Cephes' method: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial for e^r, 2^n put into the exponent's bits.
inline __attribute__((always_inline)) float exponential(float x) {
  x = x > 88.3f ? 88.3f : x;
  x = x < -87.3f ? -87.3f : x;
  const float magic = 12582912.f;  // 1.5 * 2^23: adding it rounds to an integer
  const float shifted = x * 1.44269504f + magic;
  const float n = shifted - magic;
  const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = (p * r) * r + r + 1.f;
  return p * bits_to_float((float_to_bits(shifted) - float_to_bits(magic) + 127) << 23);
}

inline __attribute__((always_inline)) float logistic(float x) { return 1.f / (1.f + exponential(-x)); }

// kernels_fit says whether a kernel of this folder can take t: contiguous float32 or bfloat16 in main memory.
inline bool kernels_fit(const at::Tensor& t) {
  return kernel_level() != Level::composite && t.device().is_cpu() && t.is_contiguous() &&
         (t.scalar_type() == at::kFloat || t.scalar_type() == at::kBFloat16);
}

// Work of a thread below which a loop is not split, in elements.
constexpr int64_t kGrain = 16384;

inline int64_t grain_rows(int64_t columns) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, columns)); }

}  // namespace ajolote
