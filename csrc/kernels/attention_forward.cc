// Forward: for a panel of queries, over the tiles of keys that it sees,
//
//   Sᵀ = K Qᵀ                  left K, right Qᵀ
//   Pᵀ = e^(scale Sᵀ - top)    top: each query's largest score so far
//   Oᵀ = Oᵀ shrink + Vᵀ Pᵀ     left Vᵀ, right Pᵀ; shrink = e^(top before - top)
//
// and at the end O = Oᵀ / sum, lse = top + log sum. Dropout multiplies Pᵀ with its factors after it is summed. Keys and values
// are laid out once, before; then threads take panels.
#include "attention_tiles.h"

#include <cmath>

namespace ajolote {
namespace {

constexpr float kNothing = -1e30f;  // the largest of no scores

// exponentials turns scaled scores [rows, width], of 16 columns, into e^(x - now), in place or, with E bf16, as a right factor
// into p, and adds them to total; with dropout what it writes is multiplied with factors.
template <typename E, bool dropout>
AJ_BODY exponentials(float* s, E* p, const float* factors, int64_t rows, int64_t width, float scale, const float* now,
                     float* total) {
  for (int64_t r = 0; r < rows; r += 4) {
    float* x = s + r * width;
    uint32_t* pairs = reinterpret_cast<uint32_t*>(p) + r / 2 * width;
#pragma omp simd
    for (int64_t j = 0; j < 16; j++) {
      float a = probability(x[j] * scale - now[j]), b = probability(x[width + j] * scale - now[j]);
      float c = probability(x[2 * width + j] * scale - now[j]), d = probability(x[3 * width + j] * scale - now[j]);
      total[j] += (a + b) + (c + d);
      if constexpr (dropout) {
        a *= factors[r * width + j];
        b *= factors[(r + 1) * width + j];
        c *= factors[(r + 2) * width + j];
        d *= factors[(r + 3) * width + j];
      }
      if constexpr (std::is_same_v<E, float>) {
        x[j] = a;
        x[width + j] = b;
        x[2 * width + j] = c;
        x[3 * width + j] = d;
      } else {
        pairs[j] = pair(a, b);
        pairs[width + j] = pair(c, d);
      }
    }
  }
}

// soften turns scores [rows, width] into exponentials, times factors where these are given: in place or, with E bf16, as a
// right factor into p. It carries top, the largest scaled scores, and sum on, and writes what they have shrunk by. rows and
// width are multiples of 16.
template <typename E>
AJ_BODY soften_body(float* s, E* p, const float* factors, int64_t rows, int64_t width, float scale, float* top, float* sum,
                    float* shrink) {
  for (int64_t m = 0; m < width; m += 16) {
    float highest[16], now[16], total[16];
    for (int64_t j = 0; j < 16; j++) highest[j] = s[m + j];
    for (int64_t r = 0; r < rows; r += 8) {
      const float* x = s + r * width + m;
#pragma omp simd
      for (int64_t j = 0; j < 16; j++) {
        const auto larger = [](float a, float b) { return a > b ? a : b; };
        const float a = larger(larger(x[j], x[width + j]), larger(x[2 * width + j], x[3 * width + j]));
        const float b = larger(larger(x[4 * width + j], x[5 * width + j]), larger(x[6 * width + j], x[7 * width + j]));
        highest[j] = larger(highest[j], larger(a, b));
      }
    }
#pragma omp simd
    for (int64_t j = 0; j < 16; j++) {
      const float before = top[m + j], high = highest[j] * scale;
      now[j] = high > before ? high : before;
      shrink[m + j] = probability(before - now[j]);
      top[m + j] = now[j];
      total[j] = sum[m + j] * shrink[m + j];
    }
    E* to = p + 2 * m;
    if (factors)
      exponentials<E, true>(s + m, to, factors + m, rows, width, scale, now, total);
    else
      exponentials<E, false>(s + m, to, nullptr, rows, width, scale, now, total);
    for (int64_t j = 0; j < 16; j++) sum[m + j] = total[j];
  }
}
AJ_LEVELS(soften,
          (float* s, E* p, const float* factors, int64_t rows, int64_t width, float scale, float* top, float* sum,
           float* shrink),
          (s, p, factors, rows, width, scale, top, sum, shrink))

// shrink_columns multiplies the columns of x [rows, width] with factors.
template <typename E>
AJ_BODY shrink_columns_body(E* x, int64_t rows, int64_t width, const float* factors) {
  for (int64_t r = 0; r < rows; r++, x += width)
#pragma omp simd
    for (int64_t m = 0; m < width; m++) x[m] *= factors[m];
}
AJ_LEVELS(shrink_columns, (E * x, int64_t rows, int64_t width, const float* factors), (x, rows, width, factors))

// PackedKeys are the left factors of all keys: K [n, depth], and Vᵀ in chunks, [depth, chunk] each; n in whole vectors.
template <typename E>
struct PackedKeys {
  PackedKeys(const AttentionShape& s, const Tiling& t, const AttentionInputs& in)
      : depth(t.depth), starts(places(t)), k(s.groups * starts.back() * depth), vt(s.groups * starts.back() * depth) {
    const int64_t runs = static_cast<int64_t>(t.keys.size());
    parallel(s.groups * runs, 1, [&](int64_t begin, int64_t end) {
      Buffer<E> rows(kChunk * depth);
      for (int64_t i = begin; i < end; i++) {
        const int64_t group = i / runs, run = i % runs;
        const Keys& keys = t.keys[run];
        const E *from_k = elements<E>(keys.prefix ? in.prefix_k : in.k),
                *from_v = elements<E>(keys.prefix ? in.prefix_v : in.v);
        const int64_t padded = round_up(keys.n, kLane);
        gather<E>(from_k, s.groups, s.size, keys.first, keys.n, group, 1, left_k(group, run), padded, depth);
        for (int64_t c = 0; c < padded; c += kChunk) {
          const int64_t n = std::min(kChunk, padded - c);
          gather<E>(from_v, s.groups, s.size, keys.first + c, std::min(kChunk, keys.n - c), group, 1, rows.data, n, depth);
          left_columns(rows.data, n, depth, left_v(group, run) + c * depth);
        }
      }
    });
  }

  E* left_k(int64_t group, int64_t run) const { return k.data + (group * starts.back() + starts[run]) * depth; }
  E* left_v(int64_t group, int64_t run) const { return vt.data + (group * starts.back() + starts[run]) * depth; }

  int64_t depth;
  std::vector<int64_t> starts;  // of each run of keys, in rows, and the end of the last
  Buffer<E> k, vt;

 private:
  static std::vector<int64_t> places(const Tiling& t) {
    std::vector<int64_t> starts{0};
    for (const Keys& run : t.keys) starts.push_back(starts.back() + round_up(run.n, kLane));
    return starts;
  }
};

template <typename E>
struct ForwardSpace {
  using Element = E;
  explicit ForwardSpace(const Tiling& t)
      : rows(t.width * t.depth),
        qt(t.width * t.depth),
        p(std::is_same_v<E, float> ? 0 : kChunk * t.width),
        scores(kChunk * t.width),
        ot(t.width * t.depth),
        o(t.width * t.depth),
        top(t.width),
        sum(t.width),
        shrink(t.width),
        dropout(t) {}
  Buffer<E> rows, qt, p;
  Buffer<float> scores, ot, o, top, sum, shrink;
  Dropout dropout;
};

// One pass over what a panel of queries sees.
template <typename E>
struct Forward {
  const AttentionShape& shape;
  const Tiling& tiling;
  const PackedKeys<E>& packed;
  const E* q;
  E* out;
  float* lse;

  void panel(int64_t index, int64_t group, ForwardSpace<E>& b) const {
    const Queries& queries = tiling.panels[index];
    const int64_t width = tiling.columns(queries), depth = tiling.depth;
    gather<E>(q, shape.heads, shape.size, queries.first, queries.tokens, group * tiling.repeat, tiling.repeat, b.rows.data,
              width, depth);
    right_columns(b.rows.data, width, depth, b.qt.data);
    b.dropout.begin(shape, queries, group * tiling.repeat, width);
    std::fill(b.top.data, b.top.data + width, kNothing);
    std::fill(b.sum.data, b.sum.data + width, 0.f);
    bool started = false;
    if (shape.prefix) started = over(0, queries, group, width, started, b);
    over(tiling.own[index], queries, group, width, started, b);
    finish(queries, group, width, b);
  }

  // over goes over one run of keys; started says whether Oᵀ has something yet, as its result does afterwards.
  bool over(int64_t run, const Queries& queries, int64_t group, int64_t width, bool started, ForwardSpace<E>& b) const {
    const Keys& keys = tiling.keys[run];
    const Range range = seen(shape, keys, queries);
    const int64_t depth = tiling.depth, padded = round_up(keys.n, kLane);
    const E *k = packed.left_k(group, run), *vt = packed.left_v(group, run);
    for (int64_t at = range.from, n; at < range.to; at += n) {
      const int64_t chunk = at / kChunk * kChunk, stride = std::min(kChunk, padded - chunk);
      n = round_up(std::min(range.to, chunk + kChunk) - at, kLane);
      product(n, width, depth, depth, false, k + at * depth, b.qt.data, b.scores.data);
      hide(shape, queries, keys.position + at, keys.n - at, b.scores.data, n, width);
      const float* factors = b.dropout.tile(shape, keys.position + at, n, width);
      soften<E>(b.scores.data, b.p.data, factors, n, width, shape.scale, b.top.data, b.sum.data, b.shrink.data);
      if (started) shrink_columns<float>(b.ot.data, depth, width, b.shrink.data);
      const E* p;
      if constexpr (std::is_same_v<E, float>)
        p = b.scores.data;
      else
        p = b.p.data;
      product(depth, width, n, stride, started, vt + chunk * depth + (at - chunk), p, b.ot.data);
      started = true;
    }
    return started;
  }

  void finish(const Queries& queries, int64_t group, int64_t width, ForwardSpace<E>& b) const {
    for (int64_t m = 0; m < width; m++) b.shrink.data[m] = 1.f / b.sum.data[m];
    shrink_columns<float>(b.ot.data, tiling.depth, width, b.shrink.data);
    transpose(b.ot.data, tiling.depth, width, width, b.o.data, tiling.depth);
    const int64_t head = group * tiling.repeat;
    scatter<E>(b.o.data, tiling.depth, out, shape.heads, shape.size, queries.first, queries.tokens, head, tiling.repeat,
               false);
    for (int64_t t = 0, m = 0; t < queries.tokens; t++)
      for (int64_t h = head; h < head + tiling.repeat; h++, m++)
        lse[(queries.first + t) * shape.heads + h] = b.top.data[m] + std::log(b.sum.data[m]);
  }
};

template <typename E>
void forward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out, const at::Tensor& lse) {
  const Tiling tiling(shape);
  const PackedKeys<E> packed(shape, tiling, in);
  const Forward<E> pass{shape, tiling, packed, elements<E>(in.q), elements_to_write<E>(out), elements_to_write<float>(lse)};
  const int64_t panels = static_cast<int64_t>(tiling.panels.size());
  each_item<ForwardSpace<E>>(shape.groups * panels, tiling,
                             [&](int64_t i, ForwardSpace<E>& space) { pass.panel(i % panels, i / panels, space); });
}

}  // namespace

void attention_forward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out,
                       const at::Tensor& lse) {
  in.q.scalar_type() == at::kFloat ? forward<float>(shape, in, out, lse) : forward<bf16>(shape, in, out, lse);
}

}  // namespace ajolote
