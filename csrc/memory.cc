// Handles and the bytes behind them.
#include "shim.h"

#include <c10/core/Allocator.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace ajolote {
namespace {
std::atomic<int64_t> handles{0};
}

void give(aj_tensor* out, at::Tensor tensor) {
  *out = new at::Tensor(std::move(tensor));
  handles.fetch_add(1, std::memory_order_relaxed);
}

void release(aj_tensor* list, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (!list[i]) continue;
    delete static_cast<at::Tensor*>(list[i]);
    list[i] = nullptr;
    handles.fetch_sub(1, std::memory_order_relaxed);
  }
}

void live_handles(int64_t* n) { *n = handles.load(std::memory_order_relaxed); }

void alias(aj_tensor a, aj_tensor* out) { give(out, T(a)); }

// memory reports the resident bytes of the process and their peak.
void memory(int64_t device, int64_t* now, int64_t* peak) {
  TORCH_CHECK_NOT_IMPLEMENTED(device < 0, "memory counters of CUDA devices");
  *now = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    long total = 0, resident = 0;
    if (std::fscanf(f, "%ld %ld", &total, &resident) == 2) *now = resident * sysconf(_SC_PAGESIZE);
    std::fclose(f);
  }
  struct rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
  *peak = usage.ru_maxrss;
#else
  *peak = usage.ru_maxrss * 1024;
#endif
}

}  // namespace ajolote
