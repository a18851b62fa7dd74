// Decoding runs of NF4 codes, at every kernel level. The unit is 64 elements with one scale, which lie in 32 bytes: whole
// rows of a matrix whose columns are a multiple of 64, in blocks of 64 or more.
//
// A product level * scale has only 16 values in such a unit, so these are computed, and rounded to the type of the factors,
// once a unit; decoding is then a table lookup.
#pragma once

#include "../nf4.h"

#include <cstdint>

namespace ajolote {

constexpr int64_t kUnit = 64;

// What the products are rounded to.
enum class Rounding { none, bfloat16, float16 };

// RawNF4 is an NF4 matrix on the CPU as plain pointers.
struct RawNF4 {
  explicit RawNF4(const NF4& w);

  const uint8_t* codes;
  const float* absmax;   // or null, and
  const uint8_t* coded;  // its 8-bit codes with
  const float* nested;   // their scales,
  const float* map;      // levels
  float offset;          // and offset
  int64_t block, rows, cols;
  int64_t shift;  // 2^shift units have one scale, where units() holds

  // units says whether every row is a whole number of units.
  bool units() const { return cols % kUnit == 0 && block % kUnit == 0; }

  // unit_scale is the scale of a unit.
  float unit_scale(int64_t unit) const { return scale_of_block(unit >> shift); }

  // scales expands the scales of n units from the element first on, a multiple of kUnit.
  void scales(int64_t first, int64_t n, float* out) const;

  // scale is the scale of one element.
  float scale(int64_t element) const { return scale_of_block(element / block); }

 private:
  float scale_of_block(int64_t b) const { return absmax ? absmax[b] : map[coded[b]] * nested[b / kNestedBlock] + offset; }
};

struct NF4Decoders {
  // n units as floats.
  void (*floats)(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, float* out);
  // n units as 16-bit numbers of the rounding, bfloat16 or float16.
  void (*halves)(const uint8_t* codes, const float* scales, int64_t n, Rounding rounding, uint16_t* out);
  // n units of two rows as bfloat16, element i of both rows side by side.
  void (*pairs)(const uint8_t* codes0, const float* scales0, const uint8_t* codes1, const float* scales1, int64_t n,
                uint16_t* out);
};

// nf4_decoders gives the decoders of a level.
const NF4Decoders& nf4_decoders(Level level);

// nf4_decode_any decodes n elements from any place of any matrix, one by one.
void nf4_decode_any(const RawNF4& w, int64_t first, int64_t n, Rounding rounding, float* out);

}  // namespace ajolote
