#include "lanes.h"

#include <cstring>

namespace ajolote {

// A span's columns are transposed as they lie, then put in order: moving whole vectors is cheap.

LaneFactors::LaneFactors(const float* x, int64_t tokens, int64_t cols, const ColumnOrder& order)
    : tokens(tokens),
      spans((cols + kSpan - 1) / kSpan),
      shape(tokens, false),
      data(spans * kSpan / shape.columns * shape.width()) {
  const int64_t width = shape.width(), step = kSpan / shape.columns * width;
  parallel(spans, 4, [&](int64_t begin, int64_t end) {
    Buffer<float> plain(kSpan * width);
    std::fill_n(plain.data, kSpan * width, 0.f);
    for (int64_t span = begin; span < end; span++) {
      const int64_t n = std::min(kSpan, cols - span * kSpan);
      std::fill_n(plain.data + n * width, (kSpan - n) * width, 0.f);
      transpose(x + span * kSpan, tokens, n, cols, plain.data, width);
      float* out = reinterpret_cast<float*>(data.data) + span * step;
      for (int64_t i = 0; i < kSpan; i++) {
        const float* column = plain.data + order[i] * width;
        if (shape.columns == 1) {
          std::memcpy(out + i * width, column, width * sizeof(float));
          continue;
        }
        float* both = out + i / 2 * width + i % 2;
        for (int64_t t = 0; t < kLanes / 2; t++) both[2 * t] = column[t];
      }
    }
  });
}

LaneFactors::LaneFactors(const uint16_t* x, int64_t tokens, int64_t cols, const ColumnOrder& order)
    : tokens(tokens), spans((cols + kSpan - 1) / kSpan), shape(tokens, true), data(spans * kSpan / 2 * shape.width()) {
  const int64_t width = shape.width(), step = kSpan / 2 * width;
  parallel(spans, 4, [&](int64_t begin, int64_t end) {
    Buffer<uint32_t> pairs(tokens * kSpan / 2);
    std::fill_n(data.data + begin * step, (end - begin) * step, 0u);
    for (int64_t span = begin; span < end; span++) {
      const int64_t n = std::min(kSpan, cols - span * kSpan);
      uint16_t row[kSpan] = {};
      for (int64_t t = 0; t < tokens; t++) {
        std::memcpy(row, x + t * cols + span * kSpan, n * sizeof *row);
        uint32_t* out = pairs.data + t * kSpan / 2;
        for (int64_t i = 0; i < kSpan / 2; i++)
          out[i] = row[order[2 * i]] | static_cast<uint32_t>(row[order[2 * i + 1]]) << 16;
      }
      transpose(pairs.data, tokens, kSpan / 2, kSpan / 2, data.data + span * step, width);
    }
  });
}

LaneLowRank::LaneLowRank(const float* u, int64_t stride, int64_t rank, const LaneFactors& x)
    : data(rank * x.shape.width()) {
  std::fill_n(data.data, rank * x.shape.width(), 0.f);
  // With two columns to a vector a token's sum is that of two lanes: the term goes into the first.
  for (int64_t k = 0; k < rank; k++)
    for (int64_t t = 0; t < x.tokens; t++) data.data[k * x.shape.width() + t * x.shape.columns] = u[t * stride + k];
}

}  // namespace ajolote
