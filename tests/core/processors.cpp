// Quotas of control groups, of both versions, as the library and as the scripts read them.
#include <rondo/core/processors.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <sched.h>
#include <unistd.h>

using rondo::processor_quota;
using rondo::usable_processors;

namespace {

// A machine's /proc and /sys in a folder of their own.
class Machine {
 public:
  explicit Machine(const std::vector<std::pair<std::string, std::string>>& files)
      : root_(std::filesystem::temp_directory_path() / ("rondo-processors-" + std::to_string(::getpid()) + "-" + std::to_string(count_++))) {
    for (const auto& [name, text] : files) {
      std::filesystem::create_directories((root_ / name).parent_path());
      std::ofstream{root_ / name} << text;
    }
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { std::filesystem::remove_all(root_); }

  [[nodiscard]] double quota() const { return processor_quota(root_.string()); }
  // What scripts take, of at most `available` processors.
  [[nodiscard]] int jobs(int available) const {
    const std::string command = "bash -c 'source " RONDO_SOURCE "/cmake/packages.sh; nproc() { echo " + std::to_string(available) +
                                "; }; usable_processors " + root_.string() + "'";
    std::FILE* output = ::popen(command.c_str(), "r");
    BOOST_REQUIRE(output != nullptr);
    int found = -1;
    BOOST_TEST(std::fscanf(output, "%d", &found) == 1);
    BOOST_TEST(::pclose(output) == 0);
    return found;
  }

 private:
  inline static int count_ = 0;
  std::filesystem::path root_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(processors)

BOOST_AUTO_TEST_CASE(none) {
  const Machine bare{{{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cgroup.procs", ""}}};
  BOOST_TEST(std::isinf(bare.quota()));
  BOOST_TEST(bare.jobs(8) == 8);
  const Machine unlimited{{{"proc/self/cgroup", "0::/user/session\n"}, {"sys/fs/cgroup/user/session/cpu.max", "max 100000\n"}}};
  BOOST_TEST(std::isinf(unlimited.quota()));
  BOOST_TEST(unlimited.jobs(3) == 3);
}

BOOST_AUTO_TEST_CASE(version_2) {
  const Machine own{{{"proc/self/cgroup", "0::/jobs\n"}, {"sys/fs/cgroup/jobs/cpu.max", "250000 100000\n"}}};
  BOOST_TEST(own.quota() == 2.5);
  BOOST_TEST(own.jobs(8) == 3);
  BOOST_TEST(own.jobs(2) == 2);
  const Machine above{{{"proc/self/cgroup", "0::/jobs/a/b\n"},
                       {"sys/fs/cgroup/jobs/cpu.max", "150000 100000\n"},
                       {"sys/fs/cgroup/jobs/a/cpu.max", "max 100000\n"},
                       {"sys/fs/cgroup/jobs/a/b/cpu.max", "400000 100000\n"}}};
  BOOST_TEST(above.quota() == 1.5);
  BOOST_TEST(above.jobs(8) == 2);
  // A container, which sees its own group as the root.
  const Machine container{{{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "50000 100000\n"}}};
  BOOST_TEST(container.quota() == 0.5);
  BOOST_TEST(container.jobs(8) == 1);
}

BOOST_AUTO_TEST_CASE(version_1) {
  const std::string groups = "5:memory:/x\n4:cpu,cpuacct:/docker/c1\n3:cpuset:/y\n1:name=systemd:/z\n0::/\n";
  const Machine own{{{"proc/self/cgroup", groups},
                     {"sys/fs/cgroup/cpu,cpuacct/docker/c1/cpu.cfs_quota_us", "300000\n"},
                     {"sys/fs/cgroup/cpu,cpuacct/docker/c1/cpu.cfs_period_us", "100000\n"},
                     {"sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1\n"},
                     {"sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n"}}};
  BOOST_TEST(own.quota() == 3);
  BOOST_TEST(own.jobs(8) == 3);
  const Machine container{{{"proc/self/cgroup", groups},
                           {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "120000\n"},
                           {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}}};
  BOOST_TEST(container.quota() == 1.2);
  BOOST_TEST(container.jobs(8) == 2);
}

BOOST_AUTO_TEST_CASE(affinity) {
  cpu_set_t before;
  BOOST_REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
  BOOST_TEST(usable_processors() >= 1);
  BOOST_TEST(usable_processors() <= CPU_COUNT(&before));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int processor = 0; processor < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++processor)
    if (CPU_ISSET(processor, &before)) CPU_SET(processor, &one);
  BOOST_REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  BOOST_TEST(usable_processors() == 1);
  ::sched_setaffinity(0, sizeof before, &before);
}

BOOST_AUTO_TEST_SUITE_END()
