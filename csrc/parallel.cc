// A pool of threads for short work: a token goes through a hundred loops of some ten microseconds each.
//
// OpenMP, which libtorch's own loops use, ends every loop at a barrier. Sleeping there costs a wake-up (0.1 ms on a virtual
// machine), spinning there costs whatever the scheduler makes of it once another program wants the core. Here nobody waits
// for a thread that has not begun: the caller takes parts as the others do, and at the end waits for parts in progress only.
#include "parallel.h"

#include <ATen/Parallel.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace ajolote {

namespace {

using Body = c10::function_ref<void(int64_t part)>;
using Clock = std::chrono::steady_clock;

// How long a thread without work looks for some before it sleeps: longer than what lies between two tokens.
constexpr auto kWatch = std::chrono::milliseconds(2);

thread_local bool inside = false;  // the calling thread works on a part

// pause is a moment of looking at memory that another thread is about to write. Now and then another program may have the core.
void pause(unsigned round) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
  if (round % 64 == 63) sched_yield();
}

class Pool {
 public:
  // The pool is never destroyed: its threads live until the process ends.
  static Pool& get() {
    static Pool* pool = new Pool;
    return *pool;
  }

  // run calls body(part) for all parts on the calling thread and up to parts - 1 others. It is false, and nothing has been
  // done, when another caller's work is under way.
  bool run(int64_t parts, Body body) {
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (!turn) return false;
    while (threads_ < parts - 1) start();
    body_.store(&body, std::memory_order_relaxed);
    unfinished_.store(parts, std::memory_order_relaxed);
    const uint64_t number = ++number_;
    state_.store(number << 32 | static_cast<uint64_t>(parts) << 16, std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_seq_cst)) {
      std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    while (take()) {
    }
    for (unsigned i = 0; unfinished_.load(std::memory_order_acquire); i++) pause(i);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return true;
  }

 private:
  // take does one part of the present work, and is false when none is left.
  bool take() {
    uint64_t state = state_.load(std::memory_order_acquire);
    const Body* body;
    do {
      if ((state & 0xffff) == (state >> 16 & 0xffff)) return false;
      body = body_.load(std::memory_order_relaxed);
      // The number of the work is in the word that is exchanged, so a part of an older work is never taken.
    } while (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel, std::memory_order_acquire));
    inside = true;
    try {
      (*body)(static_cast<int64_t>(state & 0xffff));
    } catch (...) {
      std::lock_guard<std::mutex> lock(sleep_);
      if (!failure_) failure_ = std::current_exception();
    }
    inside = false;
    unfinished_.fetch_sub(1, std::memory_order_acq_rel);
    return true;
  }

  void start() {
    // Signals are Go's, whose handlers want threads of its own.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { serve(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    threads_++;
  }

  [[noreturn]] void serve() {
    for (;;) {
      while (take()) {
      }
      const uint64_t seen = state_.load(std::memory_order_acquire);
      if (!watch(seen)) sleep(seen);
    }
  }

  bool changed(uint64_t seen) const { return state_.load(std::memory_order_seq_cst) >> 32 != seen >> 32; }

  bool watch(uint64_t seen) const {
    const auto end = Clock::now() + kWatch;
    for (unsigned i = 0; !changed(seen); i++) {
      pause(i);
      if (i % 64 == 63 && Clock::now() > end) return false;
    }
    return true;
  }

  void sleep(uint64_t seen) {
    std::unique_lock<std::mutex> lock(sleep_);
    sleeping_.fetch_add(1, std::memory_order_seq_cst);
    wake_.wait(lock, [&] { return changed(seen); });
    sleeping_.fetch_sub(1, std::memory_order_seq_cst);
  }

  std::mutex turn_;      // of the caller whose work is done
  int64_t threads_ = 0;  // beside the caller
  uint64_t number_ = 0;  // of the work
  alignas(64) std::atomic<uint64_t> state_{
      0};  // number of the work, how many parts it has, and how many are taken: 32, 16, 16 bits
  std::atomic<const Body*> body_{nullptr};
  alignas(64) std::atomic<int64_t> unfinished_{0};
  std::exception_ptr failure_;
  std::mutex sleep_;
  std::condition_variable wake_;
  std::atomic<int> sleeping_{0};
};

}  // namespace

int64_t parallel_threads(int64_t n, int64_t grain) {
  if (n <= grain || inside || at::in_parallel_region()) return 1;
  return std::min<int64_t>(at::get_num_threads(), (n + grain - 1) / std::max<int64_t>(1, grain));
}

void parallel(int64_t n, int64_t grain, c10::function_ref<void(int64_t begin, int64_t end)> f) {
  if (n <= 0) return;
  const int64_t parts = parallel_threads(n, grain), size = (n + parts - 1) / parts;
  const auto part = [&](int64_t i) {
    if (i * size < n) f(i * size, std::min(n, (i + 1) * size));
  };
  if (parts > 1 && Pool::get().run(parts, part)) return;
  for (int64_t i = 0; i < parts; i++) part(i);
}

}  // namespace ajolote
