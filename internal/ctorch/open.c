#include "open.h"
#include "abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const aj_table* aj_loaded;

#define AJ_OP(name, params, args) AJ_LINE(name, params)
static const char functions[] =
#include "ops.h"
    ;
#undef AJ_OP

#define AJ_OP(name, params, args) +1
enum { ENTRIES = 0
#include "ops.h"
};
#undef AJ_OP

// first_difference gives the line of ours at which theirs differs, without what follows the name.
static const char* first_difference(const char* theirs, int* length) {
  const char* line = functions;
  for (const char* p = functions; *p && *p == *theirs; theirs++)
    if (*p++ == '\n') line = p;
  *length = (int)strcspn(line, " ");
  return *length ? line : "";
}

static char* message(const char* format, const char* detail, long ours, long theirs) {
  size_t n = strlen(format) + strlen(detail) + 64;
  char* text = malloc(n);
  if (text) snprintf(text, n, format, detail, ours, theirs);
  return text;
}

// calm_openmp makes OpenMP's threads, which libtorch's own loops use, spin some microseconds where they would spin milliseconds:
// they would take a core from the threads of our kernels. What the user has set counts.
static void calm_openmp(void) {
  if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "1000", 0);
}

char* aj_open(const char* path, int64_t* abi, const char** torch_version) {
  calm_openmp();
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return message("%s", dlerror(), 0, 0);
  const aj_table* (*table)(void) = (const aj_table* (*)(void))dlsym(library, "ajolote_table");
  if (!table) return message("%s: it has no symbol ajolote_table, so it is not ajolote's library", path, 0, 0);
  const aj_table* t = table();
  *abi = t->abi;
  *torch_version = t->torch_version;
  if (t->abi != AJ_ABI) return message("%s: this program needs ABI %ld, the library has ABI %ld", path, AJ_ABI, (long)t->abi);
  if (strcmp(t->functions, functions)) {
    int length;
    const char* name = first_difference(t->functions, &length);
    char text[4096];
    snprintf(text, sizeof text, "%s: the library's functions are not this program's: first at \"%.*s\"", path, length, name);
    return message("%s (this program has %ld functions, the library %ld)", text, ENTRIES, (long)t->entries);
  }
  aj_loaded = t;
  return NULL;
}
