// How a thread waits for another that is about to be done.
//
// It watches for a moment, longer than a processor needs to wake up; after that the other one is not running, and to watch on would
// take from it, or from whoever else is there, the very processor that it waits for. Then it sleeps.
#pragma once

#include <algorithm>
#include <chrono>

namespace rondo {

inline constexpr double moment = 50e-6;  // seconds

// Tells the processor that nothing happens here but a look at memory.
inline void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// A moment in pauses, which last from 10 to 140 cycles; measured once.
[[nodiscard]] inline int pauses_of_a_moment() {
  static const int pauses = [] {
    constexpr int count = 1000;
    double seconds = moment;
    for (int trial = 0; trial < 3; ++trial) {
      const auto begin = std::chrono::steady_clock::now();
      for (int i = 0; i < count; ++i) pause_briefly();
      seconds = std::min(seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return static_cast<int>(count * std::min(100.0, moment / std::max(seconds, 1e-9)));
  }();
  return pauses;
}

}  // namespace rondo
