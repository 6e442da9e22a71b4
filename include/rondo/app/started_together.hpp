// What rondo/app/together.hpp does: RONDO_MPI says whether there is MPI (CMake's rondo::mpi).
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <unistd.h>

#include <rondo/app/common.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/parallel/gathered_texts.hpp>
#if RONDO_MPI
#include <rondo/parallel/mpi.hpp>
#endif

namespace rondo::app {

// How many processes were started with this one, by the variable that says so.
struct StartedTogether {
  const char* variable = "";
  Index processes = 1;
};
inline StartedTogether started_together() {
  for (const char* variable : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (const char* value = std::getenv(variable))
      if (const Index processes = std::atoi(value); processes > 1) return {variable, processes};
  return {};
}

// How many of the ranks, this one among them, may use its processors.
inline Index ranks_on_the_same_processors(const HostRanks& ranks) {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  std::string place = host;
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) == 0)
    for (int processor = 0; processor < CPU_SETSIZE; ++processor)
      if (CPU_ISSET(processor, &mask)) place += " " + std::to_string(processor);
  const std::vector<std::string> places = gathered_texts(ranks, place);
  return std::count(places.begin(), places.end(), place);
}

RONDO_DEFINED_ONCE int together(const std::string& program, CommonOptions& common, bool divides, const std::function<int()>& act) {
  const StartedTogether start = started_together();
  if (start.processes == 1) return act();
#if RONDO_MPI
  const MpiRanks ranks = MpiRanks::join();
  if (ranks.rank() > 0) {
    common.quiet = true;
    require(std::freopen("/dev/null", "w", stdout) != nullptr, "/dev/null: cannot be opened");
  }
  const auto result = [&] {
    require(ranks.size() == start.processes, start.variable, " is ", start.processes, ", but MPI knows of ", ranks.size(),
            " processes: start them by the mpirun of the MPI that this program was built with (srun: --mpi=pmix)");
    require_usage(divides, "this command works alone; it was started as ", start.processes, " processes");
    common.ranks = ranks;
    use_threads(common.threads, ranks_on_the_same_processors(common.ranks));
    const int status = act();
    require(std::fflush(stdout) == 0, "the output cannot be written");
    ranks.part();
    return status;
  };
  try {
    return result();
  } catch (const OtherRankFailed&) {  // which has told what it was
  } catch (...) {
    const std::exception_ptr problem = std::current_exception();
    std::string what;
    try {
      throw;
    } catch (const std::exception& known) {
      what = known.what();
    } catch (...) {
    }
    if (ranks.tell(what)) {
      const std::string speaker = ranks.rank() > 0 ? program + ", rank " + std::to_string(ranks.rank()) : program;
      const int status = guarded(speaker, [&]() -> int { std::rethrow_exception(problem); });
      std::fflush(nullptr);
      ranks.abort(status);
    }
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));  // the one that tells ends all
  std::_Exit(1);
#else
  static_cast<void>(common);
  static_cast<void>(divides);
  throw error("started as ", start.processes, " processes (", start.variable, "), but built without MPI: each would do the same; build ",
              program, " where CMake finds MPI (libopenmpi-dev), or start one process");
#endif
}

}  // namespace rondo::app
