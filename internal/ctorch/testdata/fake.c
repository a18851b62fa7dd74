// A library whose table differs from the program's in one thing, given by -D: CHANGED_ABI, CHANGED_VERSION or
// CHANGED_FUNCTIONS; NO_TABLE leaves the table out. No function of it is ever called.
#include "abi.h"

#ifdef CHANGED_ABI
#undef AJ_ABI
#define AJ_ABI 99
#endif

#ifdef CHANGED_VERSION
#define VERSION "1.13.1"
#else
#define VERSION "2.11.0"
#endif

#ifndef NO_TABLE
#define AJ_OP(name, params, args) AJ_LINE(name, params)
static const aj_table table = {
    .abi = AJ_ABI,
    .entries = 3,
    .torch_version = VERSION,
    .functions =
#ifdef CHANGED_FUNCTIONS
        "free_text (char* text)\n"
        "describe (int json)\n"
#else
#include "ops.h"
#endif
    ,
};

const aj_table* ajolote_table(void) { return &table; }
#endif
