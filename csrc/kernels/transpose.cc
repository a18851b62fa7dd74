#include "transpose.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ajolote {
namespace {

// plain goes in blocks, so that of the lines it reads and of those it writes all 16 words are used while they are near.
void plain(const uint32_t* in, int64_t rows, int64_t cols, int64_t in_stride, uint32_t* out, int64_t out_stride) {
  for (int64_t c0 = 0; c0 < cols; c0 += 16)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = c0; c < std::min(cols, c0 + 16); c++) out[c * out_stride + r] = in[r * in_stride + c];
}

#if defined(__x86_64__)
// Eight rows of eight: pairs of rows are interleaved by words (vunpcklps, vunpckhps), then by pairs of words (vshufps), then
// halves are exchanged (vperm2f128).
__attribute__((target("avx2"))) inline void block8(const float* in, int64_t in_stride, float* out, int64_t out_stride) {
  __m256 row[8], word[8], quad[8];
  for (int i = 0; i < 8; i++) row[i] = _mm256_loadu_ps(in + i * in_stride);
  for (int i = 0; i < 8; i += 2) {
    word[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    word[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
  for (int half = 0; half < 8; half += 4) {
    quad[half] = _mm256_shuffle_ps(word[half], word[half + 2], 0x44);
    quad[half + 1] = _mm256_shuffle_ps(word[half], word[half + 2], 0xee);
    quad[half + 2] = _mm256_shuffle_ps(word[half + 1], word[half + 3], 0x44);
    quad[half + 3] = _mm256_shuffle_ps(word[half + 1], word[half + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(out + i * out_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * out_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
  }
}

__attribute__((target("avx2"))) void blocks(const uint32_t* in, int64_t rows, int64_t cols, int64_t in_stride,
                                            uint32_t* out, int64_t out_stride) {
  for (int64_t r = 0; r < rows; r += 8)
    for (int64_t c = 0; c < cols; c += 8)
      block8(reinterpret_cast<const float*>(in + r * in_stride + c), in_stride,
             reinterpret_cast<float*>(out + c * out_stride + r), out_stride);
}
#endif

}  // namespace

void transpose(const uint32_t* in, int64_t rows, int64_t cols, int64_t in_stride, uint32_t* out, int64_t out_stride) {
#if defined(__x86_64__)
  if (kernel_level() >= Level::avx2) {
    const int64_t whole_rows = rows / 8 * 8, whole_cols = cols / 8 * 8;
    blocks(in, whole_rows, whole_cols, in_stride, out, out_stride);
    plain(in + whole_cols, whole_rows, cols - whole_cols, in_stride, out + whole_cols * out_stride, out_stride);
    plain(in + whole_rows * in_stride, rows - whole_rows, cols, in_stride, out + whole_rows, out_stride);
    return;
  }
#endif
  plain(in, rows, cols, in_stride, out, out_stride);
}

}  // namespace ajolote
