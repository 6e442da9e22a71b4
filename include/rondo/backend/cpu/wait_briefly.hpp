// wait_briefly: OpenMP's threads wait as rondo's own do (waiting.hpp), also inside oneDNN.
//
//   int main(int argc, char** argv) {
//     rondo::wait_briefly(argv);      // first of all: it may start the program again, once, as if nothing had been
//
// By its own measure GNU's runtime (libgomp) watches for milliseconds, longer than a time slice: beside one busy process on two
// processors a training step falls to a quarter of its speed, beside two to a thirtieth. It takes another measure (GOMP_SPINCOUNT)
// only from the environment, and reads that before main. So the program is executed again with it: the same process with the same
// arguments, files, signals and otherwise the same environment. It goes on as it is where GOMP_SPINCOUNT or OMP_WAIT_POLICY is set,
// by whomever, where it has one thread, and where it cannot be executed again as it was: by a loader, under valgrind, with the rights
// of another user.
//
// And it asks for short time slices (Linux 6.12): a thread that is woken beside others then runs soon. Shares of the processors stay
// as they were.
//
// A library cannot do this for its program: call it there, or start the program with GOMP_SPINCOUNT=1000.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include <sched.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rondo/backend/cpu/threads.hpp>
#include <rondo/backend/cpu/waiting.hpp>

namespace rondo {

// For this thread and those that it starts from now on; where it may not be, or Linux has no such slices, nothing changes.
inline void ask_for_short_slices() {
#ifdef SYS_sched_setattr
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t slice, deadline, period;  // nanoseconds
  } scheduling{};
  if (::syscall(SYS_sched_getattr, 0, &scheduling, sizeof scheduling, 0) != 0 || scheduling.policy != SCHED_OTHER) return;
  scheduling.slice = 100000;
  ::syscall(SYS_sched_setattr, 0, &scheduling, 0);
#endif
}

inline void wait_briefly([[maybe_unused]] char** argv) {
#ifdef _OPENMP
  if (thread_count() == 1) return;
  ask_for_short_slices();
  const char* variable = "GOMP_SPINCOUNT";
  if (std::getenv(variable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  // The name by which the program was executed, if that is still the program that runs.
  const auto* name = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  struct stat named {}, running {};
  if (name == nullptr || ::getauxval(AT_BASE) == 0 || ::getauxval(AT_SECURE) != 0 || ::stat(name, &named) != 0 ||
      ::stat("/proc/self/exe", &running) != 0 || named.st_dev != running.st_dev || named.st_ino != running.st_ino)
    return;
  ::setenv(variable, std::to_string(pauses_of_a_moment()).c_str(), 0);
  ::execv(name, argv);
  ::unsetenv(variable);
#endif
}

}  // namespace rondo
