// Attention over flat rows of tokens in tiles, forward and backward. The scores exist only for a tile of keys and queries
// (Dao, "FlashAttention-2", 2023); every product goes through ATen's brgemm.
#pragma once

#include "../counter_dropout.h"

#include <vector>

namespace ajolote {

// AttentionShape says what attends to what. A query's position is counted from the first key of the prefix on, in its own
// segment. It sees the prefix and its segment: all of it, or with causal only up to its own position and of that, with a
// window, only the last `window` keys.
struct AttentionShape {
  std::vector<int64_t> bounds;  // segments+1 offsets into the tokens
  int64_t heads, groups;        // of the queries; of keys and values, each for heads/groups of the queries' in turn
  int64_t size;                 // elements of a head
  int64_t prefix;               // keys of the prefix, 0 for none
  bool causal;
  int64_t window;  // 0: all
  float scale;     // of the scores; positive
  // Of the probabilities: the row of a number is token * heads + head, counted from first_row tokens on, its column the key's
  // place in its segment. With p > 0 there is no prefix.
  Mask dropout{};

  int64_t tokens() const { return bounds.back(); }
  int64_t repeat() const { return heads / groups; }
};

// AttentionInputs are q [tokens, heads, size], k and v [tokens, groups, size], and of the prefix [prefix, groups, size] or
// undefined; contiguous, all float32 or all bfloat16.
struct AttentionInputs {
  at::Tensor q, k, v, prefix_k, prefix_v;
};

// attention_forward writes out, as q, and lse [tokens, heads], float32: the logarithm of each query's sum of exponentials.
// Scores and sums are float32; with bfloat16 inputs the probabilities are rounded to it before they meet the values.
void attention_forward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out,
                       const at::Tensor& lse);

// attention_backward gives the gradients of the inputs, in their type, from dout, the gradient of out.
AttentionInputs attention_backward(const AttentionShape& shape, const AttentionInputs& in, const at::Tensor& out,
                                   const at::Tensor& lse, const at::Tensor& dout);

}  // namespace ajolote
