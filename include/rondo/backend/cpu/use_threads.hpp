// use_threads: how many threads the Cpu back-end works with.
//
//   use_threads(0);     as many as the process may keep busy (core/processors.hpp), or as OMP_NUM_THREADS says; fewer for small work
//   use_threads(n);     n, however small the work is
//   use_threads(0, 3)   a third of what use_threads(0) takes, beside two other processes of the same program
//
// Until it is called OpenMP decides, which knows of affinity masks but not of quotas; small work has fewer threads then, too.
#pragma once

#include <algorithm>
#include <cstdlib>

#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/processors.hpp>

namespace rondo {

inline void use_threads(Index threads, [[maybe_unused]] Index sharers = 1) {
  require(threads >= 0, "threads: expected at least 0, found ", threads);
  threads_are_given() = threads > 0;
#ifdef _OPENMP
  if (threads == 0 && std::getenv("OMP_NUM_THREADS") != nullptr) return;
  omp_set_num_threads(static_cast<int>(threads > 0 ? threads : std::max<Index>(1, usable_processors() / sharers)));
#endif
}

}  // namespace rondo
