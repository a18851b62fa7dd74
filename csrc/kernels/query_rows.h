// Attention of a few queries over a run of stored keys and values: the two products, one kernel for each level of CPU and
// each stored type. See query_rows.cc.
#pragma once

#include "../shim.h"

#include <cstdint>

namespace ajolote {

// The most keys of one call, and the distance of the rows of its scores.
constexpr int64_t kRunKeys = 256;

// The most queries of one call.
constexpr int64_t kRunQueries = 4;

// QueryRows are the kernels. size is that of a head; a stride is the distance of two keys in bytes.
//
// What a query gets depends on its own numbers alone: not on the queries beside it, nor on where the run begins.
struct QueryRows {
  // scores writes scale q_r·k_j to out[r * kRunKeys + j] for 1 to kRunQueries queries and 1 to kRunKeys keys. Up to the next
  // multiple of 16, what lies behind the last key is overwritten too.
  void (*scores)(const float* const* q, int64_t queries, const char* k, int64_t stride, int64_t keys, int64_t size,
                 float scale, float* out);
  // values writes Σ_j p[r * kRunKeys + j] v_j, size numbers, to out + r * step.
  void (*values)(const float* p, int64_t queries, const char* v, int64_t stride, int64_t keys, int64_t size, float* out,
                 int64_t step);
};

// query_rows picks the kernels for keys and values in float32, bfloat16 or float16; null for other types.
const QueryRows* query_rows(Level level, c10::ScalarType stored, int64_t size);

// soften turns the scores [begin, end) of a row of n into exp(score - greatest), the others into 0, and returns the sum; the
// greatest is written. An empty range gives the sum 0.
float soften(float* scores, int64_t n, int64_t begin, int64_t end, float* greatest);

}  // namespace ajolote
