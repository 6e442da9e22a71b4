// Arena, BasicArena<Pages>: memory handed out in order and taken back in reverse order.
//
//   Arena scratch;
//   {
//     Arena::Mark mark{scratch};                      // everything taken after this line
//     float* logits = scratch.take<float>(256 * 8192);
//   }                                                 // is free again here
//
// `take` returns 64-byte aligned, uninitialised memory. When the memory at hand is used up another block is
// allocated; once the arena is empty again the blocks are merged into one, so that a program that repeats itself stops
// allocating after its first round. Not safe to share between threads: take before a parallel region, use inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr std::size_t arena_alignment = 64;

constexpr std::size_t arena_bytes(std::size_t bytes) { return (bytes + arena_alignment - 1) / arena_alignment * arena_alignment; }

// Pages of the host's, from operator new.
struct HostPages {
  static constexpr Place place = Place::host;

  // Large blocks ask for huge pages: reading all weights of a model once per token is bound by the memory, and with small
  // pages by the tables behind it.
  static constexpr std::size_t huge_page = std::size_t{1} << 21;
  static constexpr std::align_val_t alignment_of(std::size_t bytes) {
    return std::align_val_t{bytes >= 2 * huge_page ? huge_page : arena_alignment};
  }
  struct Free {
    std::size_t bytes = 0;
    void operator()(std::byte* memory) const {
      ::operator delete(memory, alignment_of(bytes));
#ifdef __GLIBC__
      if (bytes >= 2 * huge_page) malloc_trim(0);  // or it may keep the pages of blocks that no larger one fits into
#endif
    }
  };
  [[nodiscard]] std::unique_ptr<std::byte, Free> allocate(std::size_t bytes) const {
    std::unique_ptr<std::byte, Free> memory{static_cast<std::byte*>(::operator new(bytes, alignment_of(bytes))), Free{bytes}};
#ifdef __linux__
    if (bytes >= 2 * huge_page) madvise(memory.get(), bytes / huge_page * huge_page, MADV_HUGEPAGE);  // a wish, no more
#endif
    return memory;
  }
};

// `Pages` says whose memory it is, and gets it: allocate(bytes) returns a std::unique_ptr. The arena never looks at it.
template <class Pages>
class BasicArena {
 public:
  static constexpr Place place = Pages::place;

  BasicArena() = default;
  explicit BasicArena(Pages pages) : pages_(pages) {}
  explicit BasicArena(std::size_t bytes) { reserve(bytes); }

  // Makes room for `bytes` in one block; only on an empty arena. Throws Error otherwise.
  void reserve(std::size_t bytes) {
    require(used_ == 0, "arena: reserve() while ", used_, " bytes are in use");
    if (capacity() >= bytes && blocks_.size() <= 1) return;
    blocks_.clear();
    blocks_.push_back(Block{allocate(bytes), arena_bytes(bytes), 0});
  }

  template <class T>
  [[nodiscard]] T* take(std::ptrdiff_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "an arena runs no destructors");
    const std::size_t bytes = arena_bytes(static_cast<std::size_t>(count) * sizeof(T));
    if (blocks_.empty() || blocks_.back().used + bytes > blocks_.back().size) grow(bytes);
    Block& block = blocks_.back();
    T* result = reinterpret_cast<T*>(block.memory.get() + block.used);
    block.used += bytes;
    used_ += bytes;
    high_water_ = std::max(high_water_, used_);
    return result;
  }

  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t high_water() const { return high_water_; }
  [[nodiscard]] std::size_t capacity() const {
    std::size_t sum = 0;
    for (const Block& block : blocks_) sum += block.size;
    return sum;
  }

  // The level of the arena at construction; taken back to it at destruction.
  class Mark {
   public:
    explicit Mark(BasicArena& arena) : arena_(arena), level_(arena.used_) {}
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { arena_.release(level_); }

   private:
    BasicArena& arena_;
    std::size_t level_;
  };

 private:
  struct Block {
    decltype(Pages{}.allocate(0)) memory;
    std::size_t size = 0;
    std::size_t used = 0;
  };

  [[nodiscard]] auto allocate(std::size_t wanted) const { return pages_.allocate(arena_bytes(std::max<std::size_t>(wanted, 1))); }
  void grow(std::size_t bytes) {
    if (used_ == 0) blocks_.clear();
    const std::size_t size = std::max(bytes, std::max<std::size_t>(capacity(), std::size_t{1} << 16));
    blocks_.push_back(Block{allocate(size), arena_bytes(size), 0});
  }
  void release(std::size_t level) {
    while (used_ > level) {
      Block& block = blocks_.back();
      const std::size_t back = std::min(block.used, used_ - level);
      block.used -= back;
      used_ -= back;
      if (block.used == 0 && blocks_.size() > 1) blocks_.pop_back();
    }
    if (used_ == 0 && !blocks_.empty() && blocks_.back().size < high_water_) {
      blocks_.clear();
      reserve(high_water_);
    }
  }

  Pages pages_{};
  std::vector<Block> blocks_;
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
};

using Arena = BasicArena<HostPages>;

}  // namespace rondo
