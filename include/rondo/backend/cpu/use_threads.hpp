// use_threads: how many threads the Cpu back-end works with.
//
//   use_threads(0);     as many as the process may keep busy (core/processors.hpp), or as OMP_NUM_THREADS says; fewer for small work
//   use_threads(n);     n, however small the work is
//
// Until it is called OpenMP decides, which knows of affinity masks but not of quotas; small work has fewer threads then, too.
#pragma once

#include <cstdlib>

#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/processors.hpp>

namespace rondo {

inline void use_threads(Index threads) {
  require(threads >= 0, "threads: expected at least 0, found ", threads);
  threads_are_given() = threads > 0;
#ifdef _OPENMP
  if (threads == 0 && std::getenv("OMP_NUM_THREADS") != nullptr) return;
  omp_set_num_threads(static_cast<int>(threads > 0 ? threads : usable_processors()));
#endif
}

}  // namespace rondo
