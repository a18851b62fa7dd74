// GELU (Hendrycks and Gimpel, 2016) of one float, for loops that the compiler vectorises: x Φ(x) with Φ the normal
// distribution, or its form with tanh.
#pragma once

#include "elementwise.h"

namespace ajolote {

// normal gives Φ(x) and writes e^(-x²/2). The tail is formula 7.1.26 of Abramowitz and Stegun, "Handbook of Mathematical
// Functions", whose error is below 8e-8.
inline __attribute__((always_inline)) float normal(float x, float* bell) {
  const float a = std::fabs(x), e = exponential(-0.5f * x * x), t = 1.f / (1.f + 0.231641888f * a);
  float p = 0.5307027145f;
  p = p * t - 0.7265760135f;
  p = p * t + 0.7107068705f;
  p = p * t - 0.142248368f;
  p = p * t + 0.127414796f;
  const float tail = p * t * e;
  *bell = e;
  return x < 0.f ? tail : 1.f - tail;
}

inline __attribute__((always_inline)) float gelu(float x) {
  float bell;
  return x * normal(x, &bell);
}

// gelu_slope is the derivative: Φ(x) + x φ(x).
inline __attribute__((always_inline)) float gelu_slope(float x) {
  float bell;
  const float n = normal(x, &bell);
  return n + x * 0.3989422804f * bell;
}

// With tanh: x q, where q = logistic(2 √(2/π) (x + 0.044715 x³)), as (1 + tanh z)/2 is logistic(2z).
inline __attribute__((always_inline)) float gelu_tanh(float x) {
  return x * logistic(1.5957691216f * (x + 0.044715f * x * x * x));
}

inline __attribute__((always_inline)) float gelu_tanh_slope(float x) {
  const float q = logistic(1.5957691216f * (x + 0.044715f * x * x * x));
  return q + x * q * (1.f - q) * 1.5957691216f * (1.f + 0.134145f * x * x);
}

}  // namespace ajolote
