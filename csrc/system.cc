// The library as a whole: version, threads, devices, memory, kernel level.
#include "shim.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/version.h>

#include <dlfcn.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

namespace ajolote {
namespace {

std::atomic<int> forced_level{-1};

Level detect_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl")) return Level::avx512bf16;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return Level::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Level::avx2;
#endif
  return Level::portable;
}

const char* const kLevelNames[] = {"composite", "portable", "avx2", "avx512", "avx512bf16"};

char* copy_text(const std::string& s) {
  char* copy = strdup(s.c_str());
  TORCH_CHECK(copy, "out of memory");
  return copy;
}

}  // namespace

Level kernel_level() {
  static const Level detected = detect_level();
  int forced = forced_level.load(std::memory_order_relaxed);
  return forced < 0 ? detected : static_cast<Level>(forced);
}

void set_kernel_level(const char* level) {
  if (!level[0]) {
    forced_level = -1;
    return;
  }
  Level detected = detect_level();
  for (int i = 0; i < 5; i++) {
    if (std::strcmp(level, kLevelNames[i])) continue;
    TORCH_CHECK(i <= static_cast<int>(detected), "kernel level ", level,
                " is above what this CPU has: ", kLevelNames[static_cast<int>(detected)]);
    forced_level = i;
    return;
  }
  TORCH_CHECK(false, "no kernel level is called ", level, ": composite, portable, avx2, avx512 or avx512bf16");
}

void describe(char** json) {
  std::string s = "{\"cpu_capability\":\"" + at::get_cpu_capability() + "\",\"kernel_level\":\"" +
                  kLevelNames[static_cast<int>(kernel_level())] + "\",\"cpu_kernel_level\":\"" +
                  kLevelNames[static_cast<int>(detect_level())] + "\",\"mkl\":" + (at::hasMKL() ? "true" : "false") +
                  ",\"cuda\":" + (at::hasCUDA() ? "true" : "false") + "}";
  *json = copy_text(s);
}

// One pool of threads, libtorch's. The count starts as libtorch's own choice; a thread that sets it, even to what it is,
// also turns off MKL's habit of using fewer threads now and then (mkl_set_dynamic(0)), which would change results.
std::atomic<int> thread_count_changes{1};
static std::atomic<int> thread_count{0};

void apply_thread_count() {
  const int changes = thread_count_changes.load(std::memory_order_acquire), count = thread_count.load();
  at::set_num_threads(count ? count : at::get_num_threads());
  thread_count_seen = changes;
}

void get_threads(int64_t* n) { *n = at::get_num_threads(); }

void set_threads(int64_t n) {
  TORCH_CHECK(n > 0 && n <= 4096, "the number of threads must lie between 1 and 4096, not be ", n);
  thread_count.store(static_cast<int>(n));
  thread_count_changes.fetch_add(1, std::memory_order_release);
  apply_thread_count();
}

void cuda_device_count(int64_t* n) {
  *n = at::hasCUDA() ? static_cast<int64_t>(at::detail::getCUDAHooks().deviceCount()) : 0;
}

void load_cuda(const char* path) {
  // libtorch_cuda registers its kernels when it is opened; nothing links it, so that CPU hosts need none of it.
  TORCH_CHECK(dlopen(path, RTLD_NOW | RTLD_GLOBAL), "cannot open ", path, ": ", dlerror());
}

void synchronize(int64_t device) {
  if (device < 0) return;
  c10::impl::VirtualGuardImpl guard(c10::kCUDA);
  guard.synchronizeDevice(static_cast<c10::DeviceIndex>(device));
}

}  // namespace ajolote
