// What the two passes of attention share: how tokens are cut into tiles, how tiles are laid out, and who sees whom.
//
// A tile of scores is transposed, [keys, queries]: its rows are keys, its columns the queries of a few tokens with all heads
// that share the keys (token by token). So what belongs to a query, its maximum, its sum, lies along a row of floats, no
// loop adds across a vector, and every product takes its factors as they lie.
#pragma once

#include "attention.h"
#include "elementwise.h"
#include "philox.h"
#include "tiles.h"
#include "transpose.h"

#include <ATen/native/CPUBlas.h>

#include <atomic>
#include <limits>

namespace ajolote {

constexpr int64_t kChunk = 128;   // keys of a tile
constexpr int64_t kColumns = 64;  // queries of a tile, unless one token has more heads to a group

// Queries are consecutive tokens of one segment.
struct Queries {
  int64_t first, tokens;  // rows of q
  int64_t position;       // of the first
};

// Keys are consecutive rows of k and v, of the prefix or of one segment.
struct Keys {
  bool prefix;
  int64_t first, n;  // rows of k and v, or of the prefix's
  int64_t position;  // of the first
};

// Tiling is what follows from a shape alone.
struct Tiling {
  explicit Tiling(const AttentionShape& s)
      : repeat(s.repeat()),
        depth(round_up(s.size, kLane)),
        panel_tokens(std::max<int64_t>(1, kColumns / repeat)),
        width(round_up(panel_tokens * repeat, kLane)),
        dropout(s.dropout.p > 0) {
    if (s.prefix) keys.push_back({true, 0, s.prefix, 0});
    for (size_t i = 0; i + 1 < s.bounds.size(); i++) {
      const int64_t from = s.bounds[i], to = s.bounds[i + 1];
      if (from == to) continue;
      for (int64_t t = from; t < to; t += panel_tokens) {
        panels.push_back({t, std::min(panel_tokens, to - t), s.prefix + t - from});
        own.push_back(static_cast<int64_t>(keys.size()));
      }
      keys.push_back({false, from, to - from, s.prefix});
    }
  }

  int64_t columns(const Queries& q) const { return round_up(q.tokens * repeat, kLane); }

  int64_t repeat;        // heads that share keys
  int64_t depth;         // of a head, filled up with zeros to whole vectors
  int64_t panel_tokens;  // of a panel of queries
  int64_t width;         // columns of the widest
  bool dropout;
  std::vector<Queries> panels;
  std::vector<int64_t> own;  // of each panel: its segment's place in keys
  std::vector<Keys> keys;    // the prefix first, if there is one
};

struct Range {
  int64_t from, to;
};

// seen is the range of keys, counted from their first, outside of which no query sees any; it begins at a multiple of kLane.
inline Range seen(const AttentionShape& s, const Keys& k, const Queries& q) {
  Range r{0, k.n};
  if (s.causal) r.to = std::min(r.to, q.position + q.tokens - k.position);
  if (s.window) r.from = std::max<int64_t>(0, q.position - s.window + 1 - k.position) / kLane * kLane;
  return r;
}

// hide sets the scores of what is not seen to minus infinity. The rows are keys from the given position on, of which the
// first `valid` exist.
inline void hide(const AttentionShape& s, const Queries& q, int64_t position, int64_t valid, float* scores, int64_t rows,
                 int64_t width) {
  const bool all = valid >= rows && (!s.causal || position + rows - 1 <= q.position) &&
                   (!s.window || position > q.position + q.tokens - 1 - s.window);
  if (all) return;
  const int64_t repeat = s.repeat();
  for (int64_t r = 0; r < rows; r++, scores += width) {
    const int64_t key = position + r - q.position;  // as counted from the first query
    int64_t from = r < valid ? 0 : width, to = width;
    if (s.causal) from = std::clamp<int64_t>(key * repeat, from, width);
    if (s.window) to = std::clamp<int64_t>((key + s.window) * repeat, from, width);
    std::fill(scores, scores + from, -std::numeric_limits<float>::infinity());
    std::fill(scores + to, scores + width, -std::numeric_limits<float>::infinity());
  }
}

// gather copies `heads` heads from one on of some tokens of x [tokens, all, size] into out [rows, depth], zero where there
// are no more of them.
template <typename E>
AJ_BODY gather_body(const E* x, int64_t all, int64_t size, int64_t token, int64_t tokens, int64_t head, int64_t heads,
                    E* out, int64_t rows, int64_t depth) {
  E* const end = out + rows * depth;
  for (int64_t t = token; t < token + tokens; t++) {
    const E* in = x + (t * all + head) * size;
    if (size == depth) {
#pragma omp simd
      for (int64_t i = 0; i < heads * size; i++) out[i] = in[i];
      out += heads * size;
      continue;
    }
    for (int64_t h = 0; h < heads; h++, in += size, out += depth)
      for (int64_t i = 0; i < depth; i++) out[i] = i < size ? in[i] : E(0);
  }
#pragma omp simd
  for (int64_t i = 0; i < end - out; i++) out[i] = E(0);
}
AJ_LEVELS(gather,
          (const E* x, int64_t all, int64_t size, int64_t token, int64_t tokens, int64_t head, int64_t heads, E* out,
           int64_t rows, int64_t depth),
          (x, all, size, token, tokens, head, heads, out, rows, depth))

// scatter undoes gather: it writes the rows, rounded, to their places in x, or with add adds them.
template <typename E>
AJ_BODY scatter_body(const float* rows, int64_t depth, E* x, int64_t all, int64_t size, int64_t token, int64_t tokens,
                     int64_t head, int64_t heads, bool add) {
  for (int64_t t = token; t < token + tokens; t++)
    for (int64_t h = head; h < head + heads; h++, rows += depth) {
      E* out = x + (t * all + h) * size;
      if (add) {
#pragma omp simd
        for (int64_t i = 0; i < size; i++) narrow(widen(out[i]) + rows[i], &out[i]);
      } else {
#pragma omp simd
        for (int64_t i = 0; i < size; i++) narrow(rows[i], &out[i]);
      }
    }
}
AJ_LEVELS(scatter,
          (const float* rows, int64_t depth, E* x, int64_t all, int64_t size, int64_t token, int64_t tokens, int64_t head,
           int64_t heads, bool add),
          (rows, depth, x, all, size, token, tokens, head, heads, add))

// draw writes the factors of a tile of probabilities, 0 or kept, [rows, width]: its keys are those from first_key on, a multiple
// of 4; low and high hold the numbers of its queries' rows. Four keys of a query are one counter. rows and width are multiples
// of 16.
template <typename E>
AJ_BODY draw_body(const uint32_t* low, const uint32_t* high, int64_t first_key, uint64_t key, uint32_t limit, float kept,
                  E* factors, int64_t rows, int64_t width) {
  uint32_t c[4][kCounters];
  for (int64_t m = 0; m < width; m += kCounters)
    for (int64_t r = 0; r < rows; r += 4) {
#pragma omp simd
      for (int64_t i = 0; i < kCounters; i++) {
        c[0][i] = static_cast<uint32_t>((first_key + r) / 4);
        c[1][i] = low[m + i];
        c[2][i] = high[m + i];
        c[3][i] = 0;
      }
      philox(c, key);
      for (int64_t word = 0; word < 4; word++) {
        E* out = factors + (r + word) * width + m;
#pragma omp simd
        for (int64_t i = 0; i < kCounters; i++) out[i] = c[word][i] < limit ? 0.f : kept;
      }
    }
}
AJ_LEVELS(draw,
          (const uint32_t* low, const uint32_t* high, int64_t first_key, uint64_t key, uint32_t limit, float kept,
           E* factors, int64_t rows, int64_t width),
          (low, high, first_key, key, limit, kept, factors, rows, width))

// Dropout draws the mask of a panel of queries, tile by tile.
struct Dropout {
  explicit Dropout(const Tiling& t)
      : on(t.dropout), low(on ? t.width : 0), high(on ? t.width : 0), factors(on ? kChunk * t.width : 0) {}

  // begin takes a panel's queries, of the group's heads from one on.
  void begin(const AttentionShape& s, const Queries& q, int64_t head, int64_t width) {
    if (!on) return;
    for (int64_t m = 0; m < width; m++) {
      const uint64_t token = static_cast<uint64_t>(s.dropout.first_row + q.first + m / s.repeat());
      const uint64_t row = token * static_cast<uint64_t>(s.heads) + static_cast<uint64_t>(head + m % s.repeat());
      low.data[m] = static_cast<uint32_t>(row);
      high.data[m] = static_cast<uint32_t>(row >> 32);
    }
  }

  // tile gives the factors of the probabilities [rows, width] from a key on; nothing without dropout.
  const float* tile(const AttentionShape& s, int64_t first_key, int64_t rows, int64_t width) {
    if (!on) return nullptr;
    const Draw d(s.dropout);
    draw<float>(low.data, high.data, first_key, d.key, d.limit, d.kept, factors.data, rows, width);
    return factors.data;
  }

  const bool on;
  Buffer<uint32_t> low, high;  // of the rows' numbers
  Buffer<float> factors;
};

// The layouts of factors. A left one [m, k] lies in rows. A right one [k, n] does too with float32; with bfloat16 it has two
// rows side by side, [k/2, n, 2].

// right_columns makes the right factor xᵀ from x [rows, depth].
inline void right_columns(const float* x, int64_t rows, int64_t depth, float* out) {
  transpose(x, rows, depth, depth, out, rows);
}
inline void right_columns(const bf16* x, int64_t rows, int64_t depth, bf16* out) {
  transpose(reinterpret_cast<const uint32_t*>(x), rows, depth / 2, depth / 2, reinterpret_cast<uint32_t*>(out), rows);
}

// right_rows gives the right factor x from x [rows, depth]: itself, or made in `space`.
inline const float* right_rows(const float* x, int64_t, int64_t, float*) { return x; }
inline const bf16* right_rows(const bf16* x, int64_t rows, int64_t depth, bf16* space) {
  uint32_t* out = reinterpret_cast<uint32_t*>(space);
  for (int64_t r = 0; r < rows; r += 2, x += 2 * depth, out += depth)
    for (int64_t d = 0; d < depth; d++) out[d] = x[d] | static_cast<uint32_t>(x[depth + d]) << 16;
  return space;
}

// left_columns makes the left factor xᵀ from x [rows, depth].
inline void left_columns(const float* x, int64_t rows, int64_t depth, float* out) {
  transpose(x, rows, depth, depth, out, rows);
}
inline void left_columns(const bf16* x, int64_t rows, int64_t depth, bf16* out) {
  for (int64_t d0 = 0; d0 < depth; d0 += kLane)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t d = d0; d < d0 + kLane; d++) out[d * rows + r] = x[r * depth + d];
}

// product is c [m, n], or c += with add, of dense factors; only the left one may have longer rows.
inline void product(int64_t m, int64_t n, int64_t k, int64_t stride, bool add, const float* a, const float* b, float* c) {
  at::native::cpublas::brgemm(m, n, k, stride, n, n, add, a, b, c);
}
inline void product(int64_t m, int64_t n, int64_t k, int64_t stride, bool add, const bf16* a, const bf16* b, float* c) {
  at::native::cpublas::brgemm(m, n, k, stride, n, n, add, reinterpret_cast<const at::BFloat16*>(a),
                              reinterpret_cast<const at::BFloat16*>(b), c);
}

// each_item calls f(item, a thread's own Space) for the items [0, n) in any order: no item may write what another does.
template <typename Space, typename F>
void each_item(int64_t n, const Tiling& tiling, F f) {
  std::atomic<int64_t> next{0};
  parallel(parallel_threads(n, 1), 1, [&](int64_t, int64_t) {
    Space space(tiling);
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < n;) f(i, space);
    at::native::cpublas::brgemm_release(!std::is_same_v<typename Space::Element, float>);
  });
}

// probability is e^x, with zero for what is too small to count: a number below the normal ones would slow the products down.
inline __attribute__((always_inline)) float probability(float x) { return x < -87.f ? 0.f : exponential(x); }

// pair rounds two floats to bfloat16, halves to even, and puts them side by side. A NaN of the processor's stays one.
inline __attribute__((always_inline)) uint32_t pair(float low, float high) {
  const uint32_t a = float_to_bits(low), b = float_to_bits(high);
  return (a + 0x7fff + ((a >> 16) & 1)) >> 16 | ((b + 0x7fff + ((b >> 16) & 1)) & 0xffff0000u);
}

}  // namespace ajolote
