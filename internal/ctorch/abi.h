// The C interface between Go and the C++ shim: one exported symbol, ajolote_table, hands over a table of functions.
//
// Rules that every function keeps: it returns null, or an error text that the caller frees with free_text; results go into
// out-parameters, which are written on success only; no C++ exception leaves it; it never calls back into Go.
#ifndef AJOLOTE_ABI_H
#define AJOLOTE_ABI_H

#include <stddef.h>
#include <stdint.h>

// Raised whenever this struct, or what a function does with its arguments, changes. A change of ops.h alone needs no raise:
// both sides compare their lists of functions.
#define AJ_ABI 2

// A tensor handle owns one reference to an at::Tensor. It is void* so that cgo sees unsafe.Pointer.
#define aj_tensor void*
#define aj_generator void*

// An NF4 matrix: see csrc/nf4.h. absmax is float32, or uint8 when the four fields after it say how to expand it.
typedef struct aj_nf4 {
  aj_tensor codes;
  aj_tensor absmax;
  aj_tensor nested_absmax;  // null: absmax is not compressed
  aj_tensor nested_map;
  double offset;
  int64_t block;
  int64_t rows, cols;
} aj_nf4;

// One of several NF4 matrices that share an input, with what is added to its product: see csrc/nf4_project.cc.
typedef struct aj_nf4_part {
  aj_nf4 weight;
  aj_tensor bias;  // may be null
  aj_tensor a;     // of the low-rank term, [rank, cols] and [rows, rank]; both null for none
  aj_tensor b;
  double scale;
  double dropout;  // of the term's input, as counter_dropout draws it; 0 for none
  uint64_t seed, stream;
} aj_nf4_part;

// The list of functions as text: AJ_OP(name, ...) makes "name (parameters)\n".
#define AJ_LINE(name, params) #name " " #params "\n"

typedef struct aj_table {
  int64_t abi;
  int64_t entries;            // number of functions that follow
  const char* torch_version;  // of the headers that the shim was compiled with
  const char* functions;      // name and parameters of each, one a line
#define AJ_OP(name, params, args) char*(*name)params;
#include "ops.h"
#undef AJ_OP
} aj_table;

#endif
