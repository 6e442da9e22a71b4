// How many processors this process may keep busy.
//
//   usable_processors()      those of its affinity mask, but no more than the quotas of its control groups pay for; at least 1
//
// A quota is time a period; parts of a processor count as one. Control groups of version 2 (cpu.max) and 1 (cpu.cfs_quota_us), where
// Linux has them by custom, below /sys/fs/cgroup; the groups that a group lies in count, too. cmake/packages.sh has the same for scripts.
#pragma once

#include <algorithm>
#include <cmath>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <string>

#include <sched.h>
#include <unistd.h>

#include <rondo/core/view.hpp>

namespace rondo {

// The least of the quotas in processors, infinite without one. `root` stands before /proc and /sys.
[[nodiscard]] inline double processor_quota(const std::string& root = "") {
  double least = std::numeric_limits<double>::infinity();
  const auto take = [&](double quota, double period) {
    if (quota > 0 && period > 0) least = std::min(least, quota / period);
  };
  const auto look = [&](const std::string& mount, std::string group) {
    for (;; group.resize(group.rfind('/'))) {  // "/a/b", "/a", ""
      const std::string folder = root + "/sys/fs/cgroup" + mount + group + '/';
      double quota = 0, period = 0;
      if (std::ifstream maximum{folder + "cpu.max"}; maximum >> quota >> period) take(quota, period);  // "max 100000": no number
      std::ifstream old_quota{folder + "cpu.cfs_quota_us"}, old_period{folder + "cpu.cfs_period_us"};
      if (old_quota >> quota && old_period >> period) take(quota, period);  // -1: none
      if (group.find('/') == group.npos) return;
    }
  };
  std::ifstream groups{root + "/proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {  // NUMBER:CONTROLLERS:GROUP
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty())
      for (const char* mount : {"", "/unified"}) look(mount, group);
    else if (("," + controllers + ",").find(",cpu,") != line.npos)
      for (const std::string& mount : {std::string("/cpu"), "/" + controllers}) look(mount, group);
  }
  return least;
}

[[nodiscard]] inline Index usable_processors() {
  cpu_set_t masks[16];  // of 16384 processors
  const Index allowed = ::sched_getaffinity(0, sizeof masks, masks) == 0 ? CPU_COUNT_S(sizeof masks, masks)
                                                                         : static_cast<Index>(::sysconf(_SC_NPROCESSORS_ONLN));
  const double quota = std::ceil(processor_quota());
  return std::max<Index>(1, quota < static_cast<double>(allowed) ? static_cast<Index>(quota) : allowed);
}

}  // namespace rondo
