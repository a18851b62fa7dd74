// One C function per entry of the table, for cgo to call: aj_add(...) calls the table's add.
#include "abi.h"

#include <stdlib.h>

extern const aj_table* aj_loaded;

#define AJ_OP(name, params, args) static inline char* aj_##name params { return aj_loaded->name args; }
#include "ops.h"
#undef AJ_OP
