// What every file of the shim includes: handles, and the guard that turns exceptions into error texts.
//
// abi.h and ops.h lie in internal/ctorch, beside the Go code that calls them, so that the go command sees their changes;
// they are embedded, and compiled, together with this folder.
#pragma once

#include "../internal/ctorch/abi.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <optional>
#include <vector>

namespace ajolote {

// Declares the body of every function of the table: plain C++ that may throw.
#define AJ_OP(name, params, args) void name params;
#include "../internal/ctorch/ops.h"
#undef AJ_OP

// T reads a handle.
inline const at::Tensor& T(aj_tensor handle) {
  TORCH_CHECK(handle, "a tensor is missing");
  return *static_cast<at::Tensor*>(handle);
}

// maybe reads a handle that may be null.
inline std::optional<at::Tensor> maybe(aj_tensor handle) {
  return handle ? std::optional<at::Tensor>(T(handle)) : std::nullopt;
}

// tensors reads a list of handles.
inline std::vector<at::Tensor> tensors(aj_tensor const* handles, int64_t n) {
  std::vector<at::Tensor> list;
  list.reserve(n);
  for (int64_t i = 0; i < n; i++) list.push_back(T(handles[i]));
  return list;
}

// give makes a handle that Go owns. Counted: see live_handles.
void give(aj_tensor* out, at::Tensor tensor);

// device_of reads a device number: -1 is the CPU, 0 and above a CUDA device.
inline c10::Device device_of(int64_t device) {
  return device < 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device));
}

inline c10::ScalarType type_of(int32_t dtype) { return static_cast<c10::ScalarType>(dtype); }

inline at::IntArrayRef ints(const int64_t* values, int64_t n) { return at::IntArrayRef(values, static_cast<size_t>(n)); }

// kernel_level says which kernels may run: composite (ATen operations only), portable, avx2, avx512, avx512bf16.
enum class Level { composite, portable, avx2, avx512, avx512bf16 };
Level kernel_level();

// follow_thread_count makes the calling thread use the process's number of threads. OpenMP and MKL keep theirs for each
// thread, and goroutines come from any; so every call of the table begins with this, and costs a comparison.
extern std::atomic<int> thread_count_changes;
void apply_thread_count();
inline thread_local int thread_count_seen = 0;
inline void follow_thread_count() {
  if (thread_count_seen != thread_count_changes.load(std::memory_order_acquire)) apply_thread_count();
}

}  // namespace ajolote
