// The threads are reached through TensorIterator::for_each, whose loop over elements is compiled in libtorch: an iterator
// over one byte a thread hands each thread its byte, and with it the number of its part.
#include "parallel.h"

#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>

namespace ajolote {

int64_t parallel_threads(int64_t n, int64_t grain) {
  if (n <= grain || at::in_parallel_region()) return 1;
  return std::min<int64_t>(at::get_num_threads(), (n + grain - 1) / std::max<int64_t>(1, grain));
}

void parallel(int64_t n, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> f) {
  if (n <= 0) return;
  const int64_t parts = parallel_threads(n, grain);
  if (parts == 1) {
    f(0, n);
    return;
  }
  const int64_t size = (n + parts - 1) / parts;
  at::Tensor bytes = at::empty({parts}, at::TensorOptions().dtype(at::kByte));
  const char* first = static_cast<const char*>(bytes.data_ptr());
  at::TensorIterator iterator = at::TensorIterator::borrowing_nullary_op(bytes);
  iterator.for_each(
      [&](char** data, const int64_t* strides, int64_t count, int64_t rows) {
        for (int64_t r = 0; r < rows; r++)
          for (int64_t i = 0; i < count; i++) {
            const int64_t part = data[0] + r * strides[1] + i * strides[0] - first;
            if (part * size < n) f(part * size, std::min(n, (part + 1) * size));
          }
      },
      /*grain_size=*/1);
}

}  // namespace ajolote
