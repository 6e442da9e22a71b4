// What all subcommands of a program share: options, threads, the exit status.
//
//   0 done, 1 failed (one line on stderr says what and where), 2 wrong usage, 130 / 143 stopped by a signal after saving
#pragma once

#include <cstdio>
#include <exception>
#include <string>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>

namespace rondo::app {

struct CommonOptions {
  int threads = 0;  // 0: as many as the machine has
  std::uint64_t seed = 0;
  std::string backend = "cpu";
  bool quiet = false;
  bool json = false;  // the last line of the output is a JSON object
};

inline void use_threads(int threads) {
  require(threads >= 0, "--threads: expected at least 0, found ", threads);
#ifdef _OPENMP
  if (threads > 0) omp_set_num_threads(threads);
#endif
}

// The last line for machines, where it is wanted.
inline void print_result(const CommonOptions& common, const Json& result) {
  if (common.json) std::printf("%s\n", result.dump().c_str());
}

// Runs a subcommand and turns an error into its line and its status.
template <class Act>
int guarded(const std::string& program, Act&& act) {
  try {
    return act();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory; a smaller batch or shape needs less (see `summary`)\n", program.c_str());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), problem.what());
  }
  return 1;
}

}  // namespace rondo::app
