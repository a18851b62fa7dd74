// Memory of tensors on the CPU. What libtorch's own allocator frees goes back to the system and comes back as pages to be cleared: a
// tenth of a QLoRA step, a quarter of a step of a small model; and in the heaps of glibc, which it goes through, freed blocks of
// many sizes leave holes. Here large blocks are mapped one by one and kept when they are freed, for the next request of their size.
//
// What is kept is bounded: in use and kept together are at most an eighth more than what was lately in use at once. Beyond, the block
// that has been free for longest goes back to the system.
//
// AJOLOTE_KEEP_MEMORY=0 leaves libtorch's allocator in place.
#include "shim.h"

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)

#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace ajolote {
namespace {

constexpr size_t kSmall = size_t{1} << 17;  // below, malloc
constexpr size_t kHuge = size_t{8} << 20;   // from here on, in pages of 2 MiB where the system has them
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSlack = size_t{64} << 20;  // kept in any case
constexpr int kWindow = 1 << 14;             // requests over which "lately" reaches, at least

// Block is the head of a block; the tensor's memory follows. A small one has no size.
struct alignas(64) Block {
  size_t size = 0;                           // with the head
  Block *older = nullptr, *newer = nullptr;  // all kept blocks, by the time at which they were freed
  Block *below = nullptr, *above = nullptr;  // kept blocks of this size

  void* data() { return this + 1; }
  static Block* of(void* data) { return static_cast<Block*>(data) - 1; }
};

int power_of(size_t size) { return 63 - __builtin_clzll(size); }

// rounded gives sizes in eight steps from one power of two to the next.
size_t rounded(size_t size) {
  const size_t step = size_t{1} << (power_of(size) - 3);
  return (size + step - 1) & ~(step - 1);
}

// rank is the number of a rounded size.
int rank_of(size_t size) {
  const int power = power_of(size);
  return power * 8 + static_cast<int>((size >> (power - 3)) & 7);
}

[[noreturn]] void no_memory(size_t size) {
  TORCH_CHECK(false, "out of memory: ", size, " bytes for a tensor could not be had");
}

Block* map(size_t size) {
  const size_t extra = size >= kHuge ? kHugePage : 0;
  void* at = mmap(nullptr, size + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  if (extra) {
    char* begin = static_cast<char*>(at);
    char* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(begin) + extra - 1) & ~(extra - 1));
    if (aligned > begin) munmap(begin, aligned - begin);
    if (char* end = begin + size + extra; end > aligned + size) munmap(aligned + size, end - (aligned + size));
    madvise(aligned, size, MADV_HUGEPAGE);
    at = aligned;
  }
  Block* block = new (at) Block;
  block->size = size;
  return block;
}

// Store hands out large blocks and keeps freed ones.
class Store {
 public:
  Block* take(size_t size) {
    std::lock_guard lock(mutex_);
    forget();
    Block* block = kept(size);
    if (!block) {
      limit(size);
      block = map(size);
      if (!block) {
        drop_all();
        block = map(size);
        if (!block) return nullptr;
      }
    }
    used_ += block->size;
    peak_ = std::max(peak_, used_);
    return block;
  }

  void release() {
    std::lock_guard lock(mutex_);
    drop_all();
  }

  void give(Block* block) {
    std::lock_guard lock(mutex_);
    used_ -= block->size;
    kept_ += block->size;
    block->older = newest_;
    block->newer = nullptr;
    (newest_ ? newest_->newer : oldest_) = block;
    newest_ = block;
    Block*& top = tops_[rank_of(block->size)];
    block->below = top;
    block->above = nullptr;
    if (top) top->above = block;
    top = block;
    limit(0);
  }

 private:
  // kept gives the block of this size, or a little larger, that was freed last.
  Block* kept(size_t size) {
    const int rank = rank_of(size);
    for (int r = rank; r <= rank + 2; r++)
      if (Block* block = tops_[r]) {
        unlink(block);
        return block;
      }
    return nullptr;
  }

  void unlink(Block* block) {
    (block->older ? block->older->newer : oldest_) = block->newer;
    (block->newer ? block->newer->older : newest_) = block->older;
    if (block->below) block->below->above = block->above;
    (block->above ? block->above->below : tops_[rank_of(block->size)]) = block->below;
    kept_ -= block->size;
  }

  void drop(Block* block) {
    unlink(block);
    munmap(block, block->size);
  }

  void drop_all() {
    while (oldest_) drop(oldest_);
  }

  // limit makes room for so many bytes more.
  void limit(size_t more) {
    const size_t lately = std::max({peak_, before_, used_ + more});
    const size_t most = lately + std::max(lately / 8, kSlack);
    while (oldest_ && used_ + kept_ + more > most) drop(oldest_);
  }

  // forget lets peaks of long ago go.
  void forget() {
    if (++requests_ < kWindow) return;
    requests_ = 0;
    before_ = peak_;
    peak_ = used_;
  }

  std::mutex mutex_;
  std::array<Block*, 8 * 64 + 2> tops_{};
  Block *oldest_ = nullptr, *newest_ = nullptr;
  size_t used_ = 0, kept_ = 0;
  size_t peak_ = 0, before_ = 0;  // most in use at once, in this window of requests and the one before
  int requests_ = 0;
};

Store& store() {
  static Store* one = new Store;  // never destroyed: tensors may be freed at exit
  return *one;
}

void free_block(void* data) {
  if (!data) return;
  Block* block = Block::of(data);
  if (block->size)
    store().give(block);
  else
    std::free(block);
}

class KeepingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (!bytes) return {nullptr, nullptr, &free_block, c10::Device(c10::kCPU)};
    const size_t size = bytes + sizeof(Block);
    if (size < bytes) no_memory(bytes);
    Block* block = nullptr;
    if (size >= kSmall) {
      block = store().take(rounded(size));
    } else {
      void* at = nullptr;
      if (!posix_memalign(&at, alignof(Block), size)) block = new (at) Block;
    }
    if (!block) no_memory(bytes);
    return {block->data(), block->data(), &free_block, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_block; }
  void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }
};

// When the library is loaded, before there is a tensor.
[[maybe_unused]] const bool registered = [] {
  const char* keep = std::getenv("AJOLOTE_KEEP_MEMORY");
  if (keep && !std::strcmp(keep, "0")) return false;
  c10::SetCPUAllocator(new KeepingAllocator, 1);
  return true;
}();

}  // namespace

void release_memory() { store().release(); }

}  // namespace ajolote

#else

namespace ajolote {
void release_memory() {}
}  // namespace ajolote

#endif
