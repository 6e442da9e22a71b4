// How many threads a parallel region may use, how many it has got and which of them runs: OpenMP's answers, or one thread
// without OpenMP.
#pragma once

#include <rondo/core/view.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace rondo {

#ifdef _OPENMP
[[nodiscard]] inline Index thread_count() {
  return omp_get_max_threads();
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
