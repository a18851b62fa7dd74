// An int8 copy of the words' vectors of a language model's head, which says of nearly all words that they cannot be the
// likeliest one. See head_screen.cc.
#pragma once

#include "../shim.h"

#include <cstdint>
#include <vector>

namespace ajolote {

// Screen is the copy: codes [words, round_up(size, 64)] int8, and for each word its step s, the length of what w - s·codes
// leaves, and the length of w, in float32, both rounded up.
struct Screen {
  at::Tensor codes;
  at::Tensor bounds;  // [words, 3]
};

// The words of a block, whose bounds are kept together.
constexpr int64_t kScreenBlock = 256;

// The most states that are screened at once.
constexpr int64_t kScreenStates = 8;

// make_screen copies a weight [words, size] in float32, bfloat16 or float16.
Screen make_screen(const at::Tensor& weight);

// candidates lists for each of 1 to kScreenStates states x [states, size] float32 the words, in order, that may have the
// greatest product w·x as a float32 kernel adds it up, in eight or more partial sums. allowed is null or [states, words/64
// rounded up] of 64-bit sets of the words that count. A list is empty where nothing is allowed or x is not finite.
std::vector<std::vector<int64_t>> candidates(const Screen& screen, const at::Tensor& x, const uint64_t* allowed);

}  // namespace ajolote
