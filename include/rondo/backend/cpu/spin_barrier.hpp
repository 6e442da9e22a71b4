// Barrier of the threads of one parallel region, for loops whose steps last microseconds.
//
//   SpinBarrier barrier;                 // shared, made before the region
//   barrier.wait(threads);               // inside, by every thread, `threads` being how many there are
//
// What a thread wrote before wait() is seen by all after it. Waiting threads watch for a moment and then sleep (waiting.hpp).
#pragma once

#include <atomic>

#include <rondo/backend/cpu/waiting.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

class SpinBarrier {
 public:
  void wait(Index threads) {
    if (threads == 1) return;
    const int round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1);  // in order with what notify_all reads: whether anyone sleeps
      round_.notify_all();
      return;
    }
    for (int left = pauses_of_a_moment(); left > 0; --left) {
      if (round_.load(std::memory_order_acquire) != round) return;
      pause_briefly();
    }
    round_.wait(round, std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<Index> arrived_{0};
  alignas(64) std::atomic<int> round_{0};
};

}  // namespace rondo
