// How many threads a parallel region may use, how many it has got and which of them runs: OpenMP's answers, or one thread
// without OpenMP.
#pragma once

#include <rondo/core/view.hpp>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace rondo {

#ifdef _OPENMP
[[nodiscard]] inline index thread_count() {
  return omp_get_max_threads();
}
[[nodiscard]] inline index thread_number() {
  return omp_get_thread_num();
}
[[nodiscard]] inline index team_size() {
  return omp_get_num_threads();
}
#else
[[nodiscard]] inline index thread_count() {
  return 1;
}
[[nodiscard]] inline index thread_number() {
  return 0;
}
[[nodiscard]] inline index team_size() {
  return 1;
}
#endif

// The part of [0, count) that falls to share `number` of `shares`: contiguous, sizes differing by at most one `step`.
struct Range {
  index begin = 0;
  index end = 0;
};
[[nodiscard]] constexpr Range share_of(index count, index shares, index number, index step = 1) {
  const index steps = (count + step - 1) / step;
  const index begin = steps * number / shares * step, end = steps * (number + 1) / shares * step;
  return {begin < count ? begin : count, end < count ? end : count};
}

}  // namespace rondo
