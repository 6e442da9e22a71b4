// Barrier of the threads of one parallel region, for loops whose steps last microseconds.
//
//   SpinBarrier barrier;                 // shared, made before the region
//   barrier.wait(threads);               // inside, by every thread, `threads` being how many there are
//
// What a thread wrote before wait() is seen by all after it. Waiting threads spin for some microseconds and then give their
// processor away, so that more threads than processors still advance.
#pragma once

#include <atomic>
#include <thread>

#include <rondo/core/view.hpp>

namespace rondo {

class SpinBarrier {
 public:
  void wait(Index threads) {
    if (threads == 1) return;
    const Index round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spin = 0; round_.load(std::memory_order_acquire) == round; ++spin) {
      if (spin < 4000)
        relax();
      else
        std::this_thread::yield();
    }
  }

 private:
  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
  }
  alignas(64) std::atomic<Index> arrived_{0};
  alignas(64) std::atomic<Index> round_{0};
};

}  // namespace rondo
