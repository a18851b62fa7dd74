// The C interface between Go and the C++ shim: one exported symbol, ajolote_table, hands over a table of functions.
//
// Rules that every function keeps: it returns null, or an error text that the caller frees with free_text; results go into
// out-parameters, which are written on success only; no C++ exception leaves it; it never calls back into Go.
#ifndef AJOLOTE_ABI_H
#define AJOLOTE_ABI_H

#include <stddef.h>
#include <stdint.h>

// Raised whenever ops.h changes a signature or an order.
#define AJ_ABI 1

// A tensor handle owns one reference to an at::Tensor. It is void* so that cgo sees unsafe.Pointer.
#define aj_tensor void*
#define aj_generator void*

typedef struct aj_table {
  int64_t abi;
  int64_t entries;            // number of functions that follow
  const char* torch_version;  // of the headers that the shim was compiled with
#define AJ_OP(name, params, args) char*(*name)params;
#include "ops.h"
#undef AJ_OP
} aj_table;

#endif
