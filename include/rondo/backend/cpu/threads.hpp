// How many threads a parallel region may use (one inside another region), how many it has got and which of them runs: OpenMP's answers,
// or one thread without OpenMP. And how many decoding is worth, which reads every weight once a token:
//
//   decoding_threads(bytes)      one for each decoding_bytes_worth_a_thread of the weights, at most thread_count(); where somebody has
//                                said how many threads there are to be (use_threads.hpp), that many
#pragma once

#include <algorithm>
#include <cstddef>

#include <rondo/core/view.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace rondo {

#ifdef _OPENMP
[[nodiscard]] inline Index thread_count() {
  return omp_in_parallel() ? 1 : omp_get_max_threads();
}
[[nodiscard]] inline Index thread_number() {
  return omp_get_thread_num();
}
[[nodiscard]] inline Index team_size() {
  return omp_get_num_threads();
}
#else
[[nodiscard]] inline Index thread_count() {
  return 1;
}
[[nodiscard]] inline Index thread_number() {
  return 0;
}
[[nodiscard]] inline Index team_size() {
  return 1;
}
#endif

// Whether somebody has said how many threads work is to have, however small it is.
inline bool& threads_are_given() {
  static bool given = false;
  return given;
}
// No more threads than `most` while the object lives.
class FewerThreads {
 public:
  explicit FewerThreads(Index most) : before_(thread_count()) { set(std::min(most, before_)); }
  FewerThreads(const FewerThreads&) = delete;
  FewerThreads& operator=(const FewerThreads&) = delete;
  ~FewerThreads() { set(before_); }

 private:
  static void set([[maybe_unused]] Index threads) {
#ifdef _OPENMP
    omp_set_num_threads(static_cast<int>(threads));
#endif
  }
  Index before_;
};

inline constexpr std::size_t decoding_bytes_worth_a_thread = 6 << 20;
[[nodiscard]] inline Index decoding_threads(std::size_t bytes_of_weights) {
  if (threads_are_given()) return thread_count();
  return std::clamp<Index>(static_cast<Index>(bytes_of_weights / decoding_bytes_worth_a_thread), 1, thread_count());
}

// The part of [0, count) that falls to share `number` of `shares`: contiguous, sizes differing by at most one `step`.
struct Range {
  Index begin = 0;
  Index end = 0;
};
[[nodiscard]] constexpr Range share_of(Index count, Index shares, Index number, Index step = 1) {
  const Index steps = (count + step - 1) / step;
  const Index begin = steps * number / shares * step, end = steps * (number + 1) / shares * step;
  return {begin < count ? begin : count, end < count ? end : count};
}

}  // namespace rondo
