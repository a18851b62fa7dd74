// Work split over threads.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace ajolote {

// parallel runs f(begin, end) on consecutive parts of [0, n), as many as libtorch has threads, each of at least `grain` (but
// the last). The parts depend on n, grain and the number of threads alone, which thread does a part on chance. f does not call
// operations of ATen that have threads of their own.
void parallel(int64_t n, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> f);

// parallel_threads is how many threads parallel would use for n items.
int64_t parallel_threads(int64_t n, int64_t grain);

}  // namespace ajolote
