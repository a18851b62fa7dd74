// Work split over libtorch's threads.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace ajolote {

// parallel runs f(begin, end) on consecutive parts of [0, n), one a thread, of at least `grain` each (but the last). The
// parts depend on n, grain and the number of threads alone. Operations of ATen inside f use one thread.
//
// at::parallel_for is a template whose threads are OpenMP's, so compiled without -fopenmp it runs everything on the calling
// thread, and compiled with another compiler's OpenMP it brings a second pool. This one runs inside libtorch's.
void parallel(int64_t n, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> f);

// parallel_threads is how many threads parallel would use for n items.
int64_t parallel_threads(int64_t n, int64_t grain);

}  // namespace ajolote
