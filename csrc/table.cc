// The exported symbol: the table of functions, each behind a guard that lets no exception out.
#include "shim.h"

#include <torch/version.h>

#include <cstdlib>
#include <cstring>
#include <exception>

namespace ajolote {
namespace {

char no_memory[] = "out of memory";

char* text(const char* message) {
  char* copy = strdup(message);
  return copy ? copy : no_memory;
}

// describe_exception turns the exception in flight into text, without libtorch's C++ backtrace.
char* describe_exception() noexcept {
  try {
    throw;
  } catch (const c10::Error& e) {
    return text(e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return text("out of memory");
  } catch (const std::exception& e) {
    return text(e.what());
  } catch (...) {
    return text("an unknown C++ exception");
  }
}

template <auto body>
struct Guard;

template <typename... Args, void (*body)(Args...)>
struct Guard<body> {
  static char* call(Args... args) noexcept {
    try {
      follow_thread_count();
      body(args...);
      return nullptr;
    } catch (...) {
      return describe_exception();
    }
  }
};

#define AJ_OP(name, params, args) +1
constexpr int64_t kEntries = 0
#include "../internal/ctorch/ops.h"
    ;
#undef AJ_OP

}  // namespace

void free_text(char* text) {
  if (text != no_memory) free(text);
}

namespace {

const aj_table kTable = {
    AJ_ABI,
    kEntries,
    TORCH_VERSION,
#define AJ_OP(name, params, args) AJ_LINE(name, params)
#include "../internal/ctorch/ops.h"
#undef AJ_OP
    ,
#define AJ_OP(name, params, args) Guard<&name>::call,
#include "../internal/ctorch/ops.h"
#undef AJ_OP
};

}  // namespace
}  // namespace ajolote

extern "C" __attribute__((visibility("default"))) const aj_table* ajolote_table() { return &ajolote::kTable; }
