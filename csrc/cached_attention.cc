// Attention of new tokens over [shared prefix | own past | themselves], for generation: the new keys and values are appended
// to each sequence's cache. Nothing here has a gradient.
//
// q is [tokens, heads, D], k and v [tokens, groups, D]; bounds are the n+1 offsets of the n sequences; caches_k[i] and
// caches_v[i] are [capacity, groups, D], of which the first lengths[i] rows are filled; caches and prefix may be held in 16
// bits while the queries are float32.
//
// A few new tokens go through the kernels of query_rows.cc. What they look at is cut into runs of at most kRunKeys keys of
// one group of heads; a run of the prefix is read once for all sequences. Each run gives every query a weighted sum of
// values, the greatest score and the sum of the weights; joining these gives the softmax over all (as in FlashDecoding; Dao
// et al., 2023, and Hydragen; Juravsky et al., 2024). Cuts depend on positions alone, so a sequence gets the same numbers
// alone and beside others, with any number of threads. Many new tokens of a sequence go through the tiles of
// kernels/attention.h. The composite is one softmax over everything.
#include "kernels/attention.h"
#include "kernels/query_rows.h"
#include "parallel.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <c10/core/GradMode.h>
#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

namespace ajolote {
namespace {

// From so many new tokens on, tiles are faster.
constexpr int64_t kManyTokens = 64;

// Work of a thread below which it is not split, in products of a query and a key.
constexpr int64_t kSplit = 512;

// direct is the plain softmax over past keys and new ones.
at::Tensor direct(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values, int64_t past, int64_t window,
                  double scale) {
  const int64_t repeat = q.size(1) / keys.size(1), n = q.size(0);
  at::Tensor k = keys.transpose(0, 1).repeat_interleave(repeat, 0), v = values.transpose(0, 1).repeat_interleave(repeat, 0);
  at::Tensor scores = at::matmul(q.transpose(0, 1), k.transpose(1, 2)) * scale;
  auto options = at::TensorOptions().dtype(at::kLong).device(q.device());
  at::Tensor at_query = at::arange(past, past + n, options).unsqueeze(1),
             at_key = at::arange(past + n, options).unsqueeze(0);
  at::Tensor hidden = at_key.gt(at_query);
  if (window > 0) hidden = hidden.logical_or(at_key.le(at_query - window));
  scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1, at::kFloat).to(q.scalar_type()), v).transpose(0, 1);
}

template <typename To>
void copy_rows(const at::Tensor& from, const at::Tensor& to) {
  for (int64_t t = 0; t < from.size(0); t++)
    for (int64_t g = 0; g < from.size(1); g++) {
      const float* in = from.const_data_ptr<float>() + t * from.stride(0) + g * from.stride(1);
      To* out = to.data_ptr<To>() + t * to.stride(0) + g * to.stride(1);
      for (int64_t i = 0; i < from.size(2); i++) out[i] = static_cast<To>(in[i]);
    }
}

// append copies new rows into a cache. A few are too little for the machinery of copy_.
void append(const at::Tensor& rows, const at::Tensor& cache) {
  const bool plain = rows.size(0) < kManyTokens && rows.is_cpu() && cache.is_cpu() && rows.scalar_type() == at::kFloat &&
                     rows.stride(2) == 1 && cache.stride(2) == 1;
  if (plain && cache.scalar_type() == at::kFloat) return copy_rows<float>(rows, cache);
  if (plain && cache.scalar_type() == at::kBFloat16) return copy_rows<c10::BFloat16>(rows, cache);
  if (plain && cache.scalar_type() == at::kHalf) return copy_rows<c10::Half>(rows, cache);
  cache.copy_(rows);
}

// Run is keys and values in the order of their positions, and the tokens that look at them.
struct Run {
  Run(const at::Tensor& k, const at::Tensor& v, int64_t at, int64_t from, int64_t to)
      : k(static_cast<const char*>(k.const_data_ptr())),
        v(static_cast<const char*>(v.const_data_ptr())),
        k_token(k.stride(0) * k.element_size()),
        k_group(k.stride(1) * k.element_size()),
        v_token(v.stride(0) * v.element_size()),
        v_group(v.stride(1) * v.element_size()),
        keys(k.size(0)),
        at(at),
        from(from),
        to(to),
        kernels(query_rows(kernel_level(), k.scalar_type(), k.size(2))) {}

  int64_t cuts() const { return (keys + kRunKeys - 1) / kRunKeys; }

  const char *k, *v;
  int64_t k_token, k_group, v_token, v_group;  // distances in bytes
  int64_t keys, at;                            // how many, and the position of the first
  int64_t from, to;                            // among the tokens of Few
  const QueryRows* kernels;
  int64_t partials = 0;  // where its results begin, counted in queries
};

// Piece is up to kRunKeys keys of one group of a run.
struct Piece {
  const Run* run;
  int64_t group, cut;
  int64_t before;  // the cost of all pieces before it
};

// Token is one new token: its queries [heads, size], where the result goes, and its position.
struct Token {
  const float* q;
  float* out;
  int64_t position;
};

// Few is the attention of a few tokens.
struct Few {
  int64_t heads, groups, size, window;
  float scale;
  std::vector<Token> tokens;
  std::vector<Run> prefix, own;  // one at most, seen by all tokens; one of each sequence, one behind the other

  int64_t repeat() const { return heads / groups; }

  // A partial result is `size` sums, the greatest score and the sum of the weights.
  int64_t step() const { return size + 2; }
  float* partial(const Run& run, int64_t group, int64_t cut, int64_t token, int64_t head) const {
    const int64_t queries = (run.to - run.from) * repeat();
    return partials.get() +
           (run.partials + (group * run.cuts() + cut) * queries + (token - run.from) * repeat() + head) * step();
  }

  void compute() {
    int64_t queries = 0, cost = 0;
    std::vector<Piece> pieces;
    for (auto* runs : {&prefix, &own})
      for (Run& run : *runs) {
        run.partials = queries;
        queries += groups * run.cuts() * (run.to - run.from) * repeat();
      }
    partials.reset(new float[queries * step()]);
    for (int64_t group = 0; group < groups; group++)
      for (auto* runs : {&prefix, &own})
        for (const Run& run : *runs)
          for (int64_t cut = 0; cut < run.cuts(); cut++) {
            pieces.push_back({&run, group, cut, cost});
            cost += std::min(kRunKeys, run.keys - cut * kRunKeys) * (run.to - run.from) * repeat();
          }
    // A part of the work is the pieces that begin within it.
    parallel(cost, kSplit, [&](int64_t begin, int64_t end) {
      auto next = std::lower_bound(pieces.begin(), pieces.end(), begin,
                                   [](const Piece& p, int64_t cost) { return p.before < cost; });
      for (; next != pieces.end() && next->before < end; ++next) look(*next);
    });
    parallel(static_cast<int64_t>(own.size()), std::max<int64_t>(1, 64 * own.size() / tokens.size()),
             [&](int64_t begin, int64_t end) {
               for (int64_t i = begin; i < end; i++)
                 for (int64_t token = own[i].from; token < own[i].to; token++) join(own[i], token);
             });
  }

  // look computes the partial results of a piece, kRunQueries queries at once.
  void look(const Piece& piece) const {
    const Run& run = *piece.run;
    const int64_t first_key = piece.cut * kRunKeys, keys = std::min(kRunKeys, run.keys - first_key);
    const int64_t first_head = piece.group * repeat(), queries = (run.to - run.from) * repeat();
    const char *k = run.k + first_key * run.k_token + piece.group * run.k_group,
               *v = run.v + first_key * run.v_token + piece.group * run.v_group;
    alignas(64) float scores[kRunQueries * kRunKeys];
    for (int64_t first = 0; first < queries; first += kRunQueries) {
      const int64_t n = std::min(kRunQueries, queries - first);
      const float* rows[kRunQueries];
      for (int64_t r = 0; r < n; r++)
        rows[r] = tokens[run.from + (first + r) / repeat()].q + (first_head + (first + r) % repeat()) * size;
      run.kernels->scores(rows, n, k, run.k_token, keys, size, scale, scores);
      float* result = partial(run, piece.group, piece.cut, run.from, first);
      for (int64_t r = 0; r < n; r++) {
        // Of these keys a token sees those up to its own place, and with a window no older ones than that.
        const int64_t seen = tokens[run.from + (first + r) / repeat()].position + 1 - run.at - first_key;
        float* at = result + r * step() + size;
        at[1] = soften(scores + r * kRunKeys, keys, window > 0 ? std::max<int64_t>(0, seen - window) : 0,
                       std::min(seen, keys), at);
      }
      run.kernels->values(scores, n, v, run.v_token, keys, size, result, step());
    }
  }

  // join weighs the partial results of a token: those of the prefix, then those of its own run.
  void join(const Run& run, int64_t token) const {
    std::vector<const float*> parts;
    for (int64_t head = 0; head < heads; head++) {
      parts.clear();
      for (const Run* r : {prefix.empty() ? nullptr : &prefix[0], &run})
        for (int64_t cut = 0; r && cut < r->cuts(); cut++)
          parts.push_back(partial(*r, head / repeat(), cut, token, head % repeat()));
      float greatest = -std::numeric_limits<float>::infinity(), sum = 0;
      for (const float* p : parts) greatest = std::max(greatest, p[size]);
      float* to = tokens[token].out + head * size;
      std::fill(to, to + size, 0.f);
      for (const float* p : parts) {
        if (p[size + 1] == 0) continue;  // it sees none of these
        const float weight = std::exp(p[size] - greatest);
        sum += weight * p[size + 1];
        for (int64_t i = 0; i < size; i++) to[i] += weight * p[i];
      }
      for (int64_t i = 0; i < size; i++) to[i] /= sum;
    }
  }

  std::unique_ptr<float[]> partials;
};

// Generation is the arguments of the operation.
struct Generation {
  at::Tensor q, k, v, prefix_k, prefix_v;
  int64_t window;
  double scale;
  at::Tensor out;  // float32 where a kernel writes it

  struct Sequence {
    int64_t from, to, past;  // its new tokens, and how many its cache had before them
    at::Tensor k, v;         // its cache, up to and with the new tokens
  };
  std::vector<Sequence> sequences;

  int64_t prefix() const { return prefix_k.defined() ? prefix_k.size(0) : 0; }

  // kernels_fit says whether Few can look at these keys and values.
  bool kernels_fit() const {
    auto fits = [](const at::Tensor& x) {
      return x.is_cpu() && x.stride(2) == 1 && query_rows(Level::portable, x.scalar_type(), x.size(2));
    };
    auto pair = [&](const at::Tensor& k, const at::Tensor& v) {
      return fits(k) && fits(v) && k.scalar_type() == v.scalar_type();
    };
    return kernel_level() != Level::composite && fits(q) && (!prefix() || pair(prefix_k, prefix_v)) &&
           std::all_of(sequences.begin(), sequences.end(), [&](const Sequence& s) { return pair(s.k, s.v); });
  }

  // few computes sequences of few new tokens together.
  void few(const at::Tensor& wide, const std::vector<Sequence>& list) {
    Few f{q.size(1), k.size(1), q.size(2), window, static_cast<float>(scale), {}, {}, {}, nullptr};
    const int64_t row = q.size(1) * q.size(2);
    for (const Sequence& s : list) {
      const int64_t first = static_cast<int64_t>(f.tokens.size());
      for (int64_t t = s.from; t < s.to; t++)
        f.tokens.push_back(
            {wide.const_data_ptr<float>() + t * row, out.data_ptr<float>() + t * row, prefix() + s.past + t - s.from});
      f.own.emplace_back(s.k, s.v, prefix(), first, first + s.to - s.from);
    }
    if (f.tokens.empty()) return;
    if (prefix()) f.prefix.emplace_back(prefix_k, prefix_v, 0, 0, static_cast<int64_t>(f.tokens.size()));
    f.compute();
  }

  // many computes a sequence of many new tokens: what lies before them is one prefix.
  void many(const Sequence& s) {
    const at::ScalarType type =
        q.scalar_type() == at::kBFloat16 && kernel_level() >= Level::avx512bf16 ? at::kBFloat16 : at::kFloat;
    auto before = [&](const at::Tensor& shared, const at::Tensor& own) {
      at::Tensor past = own.slice(0, 0, s.past);
      if (prefix()) past = s.past ? at::cat({shared.to(type), past.to(type)}) : shared;
      return past.to(type).contiguous();
    };
    AttentionInputs in{q.slice(0, s.from, s.to).to(type).contiguous(),
                       s.k.slice(0, s.past).to(type).contiguous(),
                       s.v.slice(0, s.past).to(type).contiguous(),
                       {},
                       {}};
    if (prefix() + s.past) {
      in.prefix_k = before(prefix_k, s.k);
      in.prefix_v = before(prefix_v, s.v);
    }
    at::Tensor part = at::empty(in.q.sizes(), in.q.options());
    at::Tensor lse = at::empty({part.size(0), part.size(1)}, part.options().dtype(at::kFloat));
    attention_forward({{0, s.to - s.from},
                       q.size(1),
                       k.size(1),
                       q.size(2),
                       prefix() + s.past,
                       true,
                       std::max<int64_t>(0, window),
                       static_cast<float>(scale)},
                      in, part, lse);
    out.slice(0, s.from, s.to).copy_(part);
  }

  void plain(const Sequence& s) {
    at::Tensor keys = s.k.to(q.scalar_type()), values = s.v.to(q.scalar_type());
    if (prefix()) {
      keys = at::cat({prefix_k.to(q.scalar_type()), keys});
      values = at::cat({prefix_v.to(q.scalar_type()), values});
    }
    out.slice(0, s.from, s.to).copy_(direct(q.slice(0, s.from, s.to), keys, values, prefix() + s.past, window, scale));
  }

  void compute() {
    if (!kernels_fit()) {
      out = at::empty_like(q);
      for (const Sequence& s : sequences) plain(s);
      return;
    }
    const at::Tensor wide = q.to(at::kFloat).contiguous();
    out = at::empty(q.sizes(), wide.options());
    std::vector<Sequence> together;
    for (const Sequence& s : sequences) {
      if (s.to - s.from < kManyTokens)
        together.push_back(s);
      else
        many(s);
    }
    few(wide, together);
    out = out.to(q.scalar_type());
  }
};

}  // namespace

void cached_attention(aj_tensor q, aj_tensor k, aj_tensor v, const int64_t* bounds, int64_t n, aj_tensor const* caches_k,
                      aj_tensor const* caches_v, const int64_t* lengths, aj_tensor prefix_k, aj_tensor prefix_v,
                      int64_t window, double scale, aj_tensor* out) {
  c10::AutoGradMode no_grad(false);
  Generation g{T(q).detach(), T(k).detach(), T(v).detach(), {}, {}, window, scale, {}, {}};
  TORCH_CHECK(g.q.dim() == 3 && g.k.dim() == 3 && g.k.sizes() == g.v.sizes() && g.q.size(0) == g.k.size(0) &&
                  g.q.size(2) == g.k.size(2) && g.k.size(1) > 0 && g.q.size(1) % g.k.size(1) == 0,
              "q ", g.q.sizes(), ", k ", g.k.sizes(), " and v ", g.v.sizes(), " do not fit [tokens, heads, size]");
  TORCH_CHECK(n >= 1 && bounds[0] == 0 && bounds[n - 1] == g.q.size(0) && std::is_sorted(bounds, bounds + n),
              "the bounds of the sequences must rise from 0 to ", g.q.size(0));
  auto fits = [&](const at::Tensor& x) { return x.dim() == 3 && x.size(1) == g.k.size(1) && x.size(2) == g.k.size(2); };
  TORCH_CHECK(!prefix_k == !prefix_v, "a prefix needs both keys and values");
  if (prefix_k) {
    g.prefix_k = T(prefix_k).detach();
    g.prefix_v = T(prefix_v).detach();
    TORCH_CHECK(fits(g.prefix_k) && g.prefix_k.sizes() == g.prefix_v.sizes(), "prefix ", g.prefix_k.sizes(),
                " does not fit keys ", g.k.sizes());
  }
  for (int64_t i = 0; i + 1 < n; i++) {
    const int64_t from = bounds[i], to = bounds[i + 1], past = lengths[i];
    if (from == to) continue;
    const at::Tensor ck = T(caches_k[i]).detach(), cv = T(caches_v[i]).detach();
    TORCH_CHECK(fits(ck) && ck.sizes() == cv.sizes(), "cache ", ck.sizes(), " does not fit keys ", g.k.sizes());
    TORCH_CHECK(past + to - from <= ck.size(0), "sequence ", i, " has ", past, " tokens and gets ", to - from,
                ", its cache holds ", ck.size(0));
    append(g.k.slice(0, from, to), ck.slice(0, past, past + to - from));
    append(g.v.slice(0, from, to), cv.slice(0, past, past + to - from));
    g.sequences.push_back({from, to, past, ck.slice(0, 0, past + to - from), cv.slice(0, 0, past + to - from)});
  }
  g.compute();
  give(out, g.out);
}

}  // namespace ajolote
