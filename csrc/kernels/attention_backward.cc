// Backward, with P = e^(scale S - lse) made again and delta = Σ dO O of each query: for a band of keys, over the panels of
// queries that see it, tile by tile,
//
//   Sᵀ = K Qᵀ,  dPᵀ = V dOᵀ                      left K and V, right Qᵀ and dOᵀ
//   dSᵀ = scale Pᵀ (dPᵀ - delta)
//   dV += Pᵀ dO,  dK += dSᵀ Q,  dQᵀ += Kᵀ dSᵀ    left Pᵀ, dSᵀ and Kᵀ, right dO, Q and dSᵀ
//
// With dropout its factors, drawn again, multiply dPᵀ, and the Pᵀ that meets dO; delta is the same sum.
//
// A piece of work is some bands of one run of keys for one group of heads; its dK and dV are nobody else's. Pieces of one
// run each sum dQ apart, and the sums are added in order: the result does not depend on the threads. How many pieces there
// are follows from the shape.
#include "attention_tiles.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

namespace ajolote {
namespace {

constexpr int64_t kBand = 4 * kChunk;
constexpr int64_t kPieces = 16;  // that a large input has at least, so that as many threads have work

// differentiate turns scores into P and dP into dS: with float32 in place; else as left factors p and ds and, in place of dP
// (right), as a right factor. All are [rows, width], as are the factors of dropout.
template <typename E, bool dropout>
AJ_BODY differentiate_rows(float* s, float* dp, E* p, E* ds, const float* factors, int64_t rows, int64_t width, float scale,
                           const float* lse, const float* delta) {
  for (int64_t r = 0; r < rows; r += 2, s += 2 * width, dp += 2 * width) {
    const int64_t row0 = r * width, row1 = row0 + width;
    // A tile of pairs takes half the room of the floats: rows r and r+1 go where row r/2 was, which has been read.
    float* right = dp - row0 + r / 2 * width;
#pragma omp simd
    for (int64_t m = 0; m < width; m++) {
      float a = probability(s[m] * scale - lse[m]), b = probability(s[width + m] * scale - lse[m]);
      float da = dp[m], db = dp[width + m];
      if constexpr (dropout) {
        da *= factors[row0 + m];
        db *= factors[row1 + m];
      }
      da = scale * a * (da - delta[m]);
      db = scale * b * (db - delta[m]);
      if constexpr (dropout) {
        a *= factors[row0 + m];
        b *= factors[row1 + m];
      }
      if constexpr (std::is_same_v<E, float>) {
        s[m] = a;
        s[width + m] = b;
        dp[m] = da;
        dp[width + m] = db;
      } else {
        const uint32_t both = pair(a, b), slopes = pair(da, db);
        p[row0 + m] = static_cast<E>(both);
        p[row1 + m] = static_cast<E>(both >> 16);
        ds[row0 + m] = static_cast<E>(slopes);
        ds[row1 + m] = static_cast<E>(slopes >> 16);
        right[m] = bits_to_float(slopes);
      }
    }
  }
}

template <typename E>
AJ_BODY differentiate_body(float* s, float* dp, E* p, E* ds, const float* factors, int64_t rows, int64_t width, float scale,
                           const float* lse, const float* delta) {
  if (factors)
    differentiate_rows<E, true>(s, dp, p, ds, factors, rows, width, scale, lse, delta);
  else
    differentiate_rows<E, false>(s, dp, p, ds, nullptr, rows, width, scale, lse, delta);
}
AJ_LEVELS(differentiate,
          (float* s, float* dp, E* p, E* ds, const float* factors, int64_t rows, int64_t width, float scale,
           const float* lse, const float* delta),
          (s, dp, p, ds, factors, rows, width, scale, lse, delta))

// row_products writes Σ a b of rows [begin, end) of n elements.
template <typename E>
AJ_BODY row_products_body(const E* a, const E* b, float* out, int64_t begin, int64_t end, int64_t n) {
  for (int64_t r = begin; r < end; r++) {
    const E *x = a + r * n, *y = b + r * n;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += widen(x[i]) * widen(y[i]);
    out[r] = sum;
  }
}
AJ_LEVELS(row_products, (const E* a, const E* b, float* out, int64_t begin, int64_t end, int64_t n),
          (a, b, out, begin, end, n))

template <typename E>
struct BackwardSpace {
  using Element = E;
  static constexpr bool kFloats = std::is_same_v<E, float>;
  explicit BackwardSpace(const Tiling& t)
      : q(t.width * t.depth),
        dout(t.width * t.depth),
        qt(t.width * t.depth),
        doutt(t.width * t.depth),
        right_q(kFloats ? 0 : t.width * t.depth),
        right_dout(kFloats ? 0 : t.width * t.depth),
        p(kFloats ? 0 : kChunk * t.width),
        ds(kFloats ? 0 : kChunk * t.width),
        k(kBand * t.depth),
        v(kBand * t.depth),
        kt(kBand * t.depth),
        scores(kChunk * t.width),
        dp(kChunk * t.width),
        dk(kBand * t.depth),
        dv(kBand * t.depth),
        dqt(t.width * t.depth),
        dq(t.width * t.depth),
        lse(t.width),
        delta(t.width),
        dropout(t) {}
  Buffer<E> q, dout, qt, doutt, right_q, right_dout, p, ds;  // of a panel
  Buffer<E> k, v, kt;                                        // of a band
  Buffer<float> scores, dp;                                  // of a tile
  Buffer<float> dk, dv, dqt, dq, lse, delta;
  Dropout dropout;
};

// Piece is the work of one item: some keys of one run, and the place of its share of dQ.
struct Piece {
  Keys keys;
  int64_t group, first_panel, last_panel, share;
};

template <typename E>
struct Backward {
  const AttentionShape& shape;
  const Tiling& tiling;
  const E *q, *dout;
  const float *lse, *delta;
  std::vector<float*> dq;  // [tokens, heads, size], one for each share

  // piece computes dK and dV of its keys, and adds to its share of dQ.
  void piece(const Piece& p, const E* k, const E* v, E* dk, E* dv, BackwardSpace<E>& b) const {
    const int64_t depth = tiling.depth;
    for (int64_t at = 0; at < p.keys.n; at += kBand) {
      const Keys band{p.keys.prefix, p.keys.first + at, std::min(kBand, p.keys.n - at), p.keys.position + at};
      const int64_t padded = round_up(band.n, kLane);
      gather<E>(k, shape.groups, shape.size, band.first, band.n, p.group, 1, b.k.data, padded, depth);
      gather<E>(v, shape.groups, shape.size, band.first, band.n, p.group, 1, b.v.data, padded, depth);
      for (int64_t c = 0; c < padded; c += kChunk)
        left_columns(b.k.data + c * depth, std::min(kChunk, padded - c), depth, b.kt.data + c * depth);
      std::fill(b.dk.data, b.dk.data + padded * depth, 0.f);
      std::fill(b.dv.data, b.dv.data + padded * depth, 0.f);
      for (int64_t i = p.first_panel; i < p.last_panel; i++) panel(tiling.panels[i], band, p, b);
      scatter<E>(b.dk.data, depth, dk, shape.groups, shape.size, band.first, band.n, p.group, 1, false);
      scatter<E>(b.dv.data, depth, dv, shape.groups, shape.size, band.first, band.n, p.group, 1, false);
    }
  }

  void panel(const Queries& queries, const Keys& band, const Piece& piece, BackwardSpace<E>& b) const {
    const Range range = seen(shape, band, queries);
    if (range.from >= range.to) return;
    const int64_t width = tiling.columns(queries), depth = tiling.depth, head = piece.group * tiling.repeat;
    gather<E>(q, shape.heads, shape.size, queries.first, queries.tokens, head, tiling.repeat, b.q.data, width, depth);
    gather<E>(dout, shape.heads, shape.size, queries.first, queries.tokens, head, tiling.repeat, b.dout.data, width, depth);
    for (int64_t t = 0, m = 0; t < queries.tokens; t++)
      for (int64_t h = head; h < head + tiling.repeat; h++, m++) {
        b.lse.data[m] = lse[(queries.first + t) * shape.heads + h];
        b.delta.data[m] = delta[(queries.first + t) * shape.heads + h];
      }
    for (int64_t m = queries.tokens * tiling.repeat; m < width; m++) b.lse.data[m] = b.delta.data[m] = 0;
    right_columns(b.q.data, width, depth, b.qt.data);
    right_columns(b.dout.data, width, depth, b.doutt.data);
    const E* right_q = right_rows(b.q.data, width, depth, b.right_q.data);
    const E* right_dout = right_rows(b.dout.data, width, depth, b.right_dout.data);
    b.dropout.begin(shape, queries, head, width);
    const int64_t padded = round_up(band.n, kLane);
    bool started = false;
    for (int64_t at = range.from, n; at < range.to; at += n) {
      const int64_t chunk = at / kChunk * kChunk, stride = std::min(kChunk, padded - chunk);
      n = round_up(std::min(range.to, chunk + kChunk) - at, kLane);
      product(n, width, depth, depth, false, b.k.data + at * depth, b.qt.data, b.scores.data);
      product(n, width, depth, depth, false, b.v.data + at * depth, b.doutt.data, b.dp.data);
      hide(shape, queries, band.position + at, band.n - at, b.scores.data, n, width);
      const float* factors = b.dropout.tile(shape, band.position + at, n, width);
      differentiate<E>(b.scores.data, b.dp.data, b.p.data, b.ds.data, factors, n, width, shape.scale, b.lse.data,
                       b.delta.data);
      const E *p, *left_ds, *right_ds = reinterpret_cast<const E*>(b.dp.data);
      if constexpr (std::is_same_v<E, float>)
        p = b.scores.data, left_ds = b.dp.data;
      else
        p = b.p.data, left_ds = b.ds.data;
      product(n, depth, width, width, true, p, right_dout, b.dv.data + at * depth);
      product(n, depth, width, width, true, left_ds, right_q, b.dk.data + at * depth);
      product(depth, width, n, stride, started, b.kt.data + chunk * depth + (at - chunk), right_ds, b.dqt.data);
      started = true;
    }
    transpose(b.dqt.data, depth, width, width, b.dq.data, depth);
    scatter<float>(b.dq.data, depth, dq[piece.share], shape.heads, shape.size, queries.first, queries.tokens, head,
                   tiling.repeat, true);
  }
};

// pieces_of cuts the runs [from, to) of the keys, for every group, into at least kPieces where they are long enough.
std::vector<Piece> pieces_of(const AttentionShape& shape, const Tiling& tiling, size_t from, size_t to) {
  std::vector<Piece> pieces;
  const int64_t runs = static_cast<int64_t>(to - from),
                wanted = (kPieces + shape.groups * runs - 1) / (shape.groups * runs);
  const int64_t panels = static_cast<int64_t>(tiling.panels.size());
  int64_t first = 0;
  for (size_t run = from; run < to; run++) {
    const Keys& keys = tiling.keys[run];
    int64_t last = panels;
    if (!keys.prefix)
      for (last = first; last < panels && tiling.own[last] == static_cast<int64_t>(run);) last++;
    const int64_t bands = (keys.n + kBand - 1) / kBand, each = (bands + wanted - 1) / wanted * kBand;
    for (int64_t group = 0; group < shape.groups; group++)
      for (int64_t at = 0; at < keys.n; at += each)
        pieces.push_back({{keys.prefix, keys.first + at, std::min(each, keys.n - at), keys.position + at},
                          group,
                          first,
                          last,
                          at / each});
    if (!keys.prefix) first = last;
  }
  return pieces;
}

template <typename E>
AttentionInputs backward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out,
                         const at::Tensor& lse, const at::Tensor& dout) {
  const Tiling tiling(shape);
  const int64_t rows = shape.tokens() * shape.heads;
  at::Tensor delta = at::empty(lse.sizes(), lse.options());
  parallel(rows, grain_rows(shape.size), [&](int64_t begin, int64_t end) {
    row_products<E>(elements<E>(dout), elements<E>(out), elements_to_write<float>(delta), begin, end, shape.size);
  });
  AttentionInputs grads{{}, at::empty(in.k.sizes(), in.k.options()), at::empty(in.v.sizes(), in.v.options()), {}, {}};
  if (shape.prefix) {
    grads.prefix_k = at::empty(in.prefix_k.sizes(), in.k.options());
    grads.prefix_v = at::empty(in.prefix_v.sizes(), in.v.options());
  }
  // The segments first, then the prefix, whose pieces see the queries of all of them.
  const size_t prefix = shape.prefix ? 1 : 0;
  std::vector<at::Tensor> shares;
  Backward<E> pass{shape, tiling, elements<E>(in.q), elements<E>(dout), elements<float>(lse), elements<float>(delta), {}};
  for (const auto& [from, to] : {std::pair{prefix, tiling.keys.size()}, std::pair{size_t{0}, prefix}}) {
    if (from == to) continue;
    const std::vector<Piece> pieces = pieces_of(shape, tiling, from, to);
    for (const Piece& p : pieces)
      while (static_cast<int64_t>(shares.size()) <= p.share) {
        shares.push_back(at::zeros(in.q.sizes(), lse.options()));
        pass.dq.push_back(elements_to_write<float>(shares.back()));
      }
    const bool of_prefix = from < prefix;
    const E *k = elements<E>(of_prefix ? in.prefix_k : in.k), *v = elements<E>(of_prefix ? in.prefix_v : in.v);
    E *dk = elements_to_write<E>(of_prefix ? grads.prefix_k : grads.k),
      *dv = elements_to_write<E>(of_prefix ? grads.prefix_v : grads.v);
    each_item<BackwardSpace<E>>(static_cast<int64_t>(pieces.size()), tiling,
                                [&](int64_t i, BackwardSpace<E>& space) { pass.piece(pieces[i], k, v, dk, dv, space); });
  }
  if (shares.empty()) shares.push_back(at::zeros(in.q.sizes(), lse.options()));
  for (size_t i = 1; i < shares.size(); i++) shares[0].add_(shares[i]);
  grads.q = shares[0].to(in.q.scalar_type());
  return grads;
}

}  // namespace

AttentionInputs attention_backward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out,
                                   const at::Tensor& lse, const at::Tensor& dout) {
  return in.q.scalar_type() == at::kFloat ? backward<float>(shape, in, out, lse, dout)
                                          : backward<bf16>(shape, in, out, lse, dout);
}

}  // namespace ajolote
