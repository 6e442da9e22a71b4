// Commands that were started as several processes, to work together:
//
//   mpirun -n 4 hgrn2 train --data train.tokens --out run
//
//   int status = together(name, common, divides, [&] { return train(...); });      // common.ranks are those of the command
//
// The first rank prints and writes; the others are quiet. Where a rank fails it says so to all, and one message is printed: that of the
// first rank that failed, with its number. A command that does not divide its work is refused, and so are all where the program was built
// without MPI: they would do the same n times, in one folder. Whoever starts one process alone has no business with MPI.
//
// Threads that nobody has given a number are shared with those ranks of the same machine that may use the same processors.
#pragma once

#include <functional>
#include <string>

#include <rondo/app/common.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

int together(const std::string& program, CommonOptions& common, bool divides, const std::function<int()>& act);

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/started_together.hpp>
#endif
