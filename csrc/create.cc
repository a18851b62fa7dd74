// Tensors from Go's data and back; constants, conversions, copies.
#include "shim.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>

#include <cstring>

namespace ajolote {
namespace {
at::TensorOptions options(int32_t dtype, int64_t device) {
  return at::TensorOptions().dtype(type_of(dtype)).device(device_of(device));
}
}  // namespace

void from_data(const void* data, const int64_t* shape, int64_t rank, int32_t dtype, aj_tensor* out) {
  at::Tensor t = at::empty(ints(shape, rank), options(dtype, -1));
  if (t.nbytes()) std::memcpy(t.data_ptr(), data, t.nbytes());
  give(out, t);
}

void to_data(aj_tensor a, void* data, int64_t bytes) {
  at::Tensor t = T(a).detach().to(at::kCPU).contiguous();
  TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor has ", t.nbytes(), " bytes, the buffer ", bytes);
  if (bytes) std::memcpy(data, t.data_ptr(), bytes);
}

void data_pointer(aj_tensor a, void** data, int64_t* bytes) {
  const at::Tensor& t = T(a);
  TORCH_CHECK(t.device().is_cpu() && t.is_contiguous(), "only a contiguous tensor in main memory has a data pointer");
  *data = t.data_ptr();
  *bytes = static_cast<int64_t>(t.nbytes());
}

// flags: 1 requires grad, 2 contiguous, 4 leaf.
void info(aj_tensor a, int64_t* shape, int64_t* rank, int32_t* dtype, int64_t* device, int32_t* flags) {
  const at::Tensor& t = T(a);
  TORCH_CHECK(t.dim() <= 8, "a tensor of more than 8 dimensions");
  *rank = t.dim();
  for (int64_t i = 0; i < t.dim(); i++) shape[i] = t.size(i);
  *dtype = static_cast<int32_t>(t.scalar_type());
  *device = t.is_cpu() ? -1 : t.get_device();
  *flags = (t.requires_grad() ? 1 : 0) | (t.is_contiguous() ? 2 : 0) | (t.is_leaf() ? 4 : 0);
}

void item(aj_tensor a, double* out) {
  TORCH_CHECK(T(a).numel() == 1, "a tensor of ", T(a).numel(), " elements is not one number");
  *out = T(a).detach().to(at::kCPU, at::kDouble).item<double>();
}

void empty(const int64_t* shape, int64_t rank, int32_t dtype, int64_t device, aj_tensor* out) {
  give(out, at::empty(ints(shape, rank), options(dtype, device)));
}

void full(const int64_t* shape, int64_t rank, double value, int32_t dtype, int64_t device, aj_tensor* out) {
  give(out, at::full(ints(shape, rank), value, options(dtype, device)));
}

void arange(double from, double to, double step, int32_t dtype, int64_t device, aj_tensor* out) {
  give(out, at::arange(from, to, step, options(dtype, device)));
}

// A dtype of -1 keeps the type, a device of -2 the device.
void to(aj_tensor a, int32_t dtype, int64_t device, aj_tensor* out) {
  const at::Tensor& t = T(a);
  give(out, t.to(device == -2 ? t.device() : device_of(device), dtype == -1 ? t.scalar_type() : type_of(dtype)));
}

void clone(aj_tensor a, aj_tensor* out) { give(out, T(a).clone(at::MemoryFormat::Contiguous)); }
void contiguous(aj_tensor a, aj_tensor* out) { give(out, T(a).contiguous()); }
void copy_(aj_tensor a, aj_tensor source) { T(a).copy_(T(source)); }
void fill_(aj_tensor a, double value) { T(a).fill_(value); }

}  // namespace ajolote
