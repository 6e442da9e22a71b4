// processor_wait: the seconds that the threads of this process have been ready to run while their processors ran others, in sum. On a
// machine that has nothing else to do it grows by a few hundredths of a second a second, beside one busy process on two processors by more
// than half. Linux counts it for every thread (/proc/self/task/*/schedstat, second number, ns); where nothing is counted: NaN.
#pragma once

#include <cstdio>
#include <limits>

#include <dirent.h>

namespace rondo {

[[nodiscard]] inline double processor_wait() {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  DIR* threads = ::opendir("/proc/self/task");
  if (threads == nullptr) return unknown;
  double sum = 0;
  bool known = false;
  while (const dirent* thread = ::readdir(threads)) {
    char path[sizeof "/proc/self/task//schedstat" + sizeof thread->d_name];
    std::snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", thread->d_name);
    std::FILE* file = thread->d_name[0] == '.' ? nullptr : std::fopen(path, "re");
    if (file == nullptr) continue;  // none, or a thread that has just ended
    long long nanoseconds = 0;
    if (std::fscanf(file, "%*d %lld", &nanoseconds) == 1) {
      known = true;
      sum += static_cast<double>(nanoseconds) * 1e-9;
    }
    std::fclose(file);
  }
  ::closedir(threads);
  return known ? sum : unknown;
}

}  // namespace rondo
