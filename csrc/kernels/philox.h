// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011): random numbers that are
// a function of a counter and a key.
#pragma once

#include <cstdint>

namespace ajolote {

constexpr int64_t kCounters = 16;  // that go through the rounds side by side

// philox replaces the counters, c[0..3][i] being the words of one, by their random words.
inline __attribute__((always_inline)) void philox(uint32_t (&c)[4][kCounters], uint64_t key) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; round++) {
#pragma omp simd
    for (int64_t i = 0; i < kCounters; i++) {
      const uint64_t a = 0xD2511F53ull * c[0][i], b = 0xCD9E8D57ull * c[2][i];
      c[0][i] = static_cast<uint32_t>(b >> 32) ^ c[1][i] ^ k0;
      c[1][i] = static_cast<uint32_t>(b);
      c[2][i] = static_cast<uint32_t>(a >> 32) ^ c[3][i] ^ k1;
      c[3][i] = static_cast<uint32_t>(a);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

}  // namespace ajolote
