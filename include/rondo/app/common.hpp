// What all subcommands of a program share: options, threads, the exit status.
//
//   0 done, 1 failed (one line on stderr says what and where), 2 wrong usage, 130 / 143 stopped by a signal after saving
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <fcntl.h>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/readable_text.hpp>
#include <rondo/parallel/any_ranks.hpp>

namespace rondo::app {

struct CommonOptions {
  int threads = 0;  // 0: as the work and the machine are
  std::optional<std::uint64_t> seed;  // absent: not given
  std::string backend = "cpu";
  bool quiet = false;
  bool force = false;  // what is refused because it would be slow
  bool json = false;  // the last line of the output is a JSON object
  HostRanks ranks{};       // that this process is one of
  std::string how_to_go_on{};  // what a stopped run says; empty: that `train --resume` goes on
};

// Options that do not go together, or are missing: exit status 2.
class WrongUsage : public Error {
 public:
  explicit WrongUsage(const Error& message) : Error(message) {}
};
template <class... Parts>
void require_usage(bool condition, const Parts&... parts) {
  if (!condition) throw WrongUsage(error(parts...));
}

// Thrown where a signal ends a command; what it had begun to write is taken away on the way out.
struct StoppedBySignal {
  int signal;
};

// The last line for machines, where it is wanted.
inline void print_result(const CommonOptions& common, const Json& result) {
  if (common.json) std::printf("%s\n", result.dump().c_str());
}

// A program that is started without one of its three standard files would give the next file it opens that number, and print into it.
inline void occupy_standard_files() {
  for (const int number : {0, 1, 2})
    if (::fcntl(number, F_GETFD) < 0) static_cast<void>(!::open("/dev/null", O_RDONLY));  // the lowest free number; writing to it fails
}

inline void print_problem(const std::string& program, std::string_view message) {
  std::fprintf(stderr, "%s: %s\n", program.c_str(), readable_text(message).c_str());
}

// Runs a subcommand and turns an error into its line and its status; so too where its results could not be printed. `less_memory`: advice
// for who has not enough.
template <class Act>
int guarded(const std::string& program, Act&& act, const char* less_memory = "a smaller batch or shape needs less (see `summary`)") {
  try {
    occupy_standard_files();
    const int status = act();
    require(std::fflush(stdout) == 0 && std::ferror(stdout) == 0, "the output cannot be written: ", std::strerror(errno));
    return status;
  } catch (const StoppedBySignal& stopped) {
    return 128 + stopped.signal;
  } catch (const WrongUsage& problem) {
    print_problem(program, problem.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory; %s\n", program.c_str(), less_memory);
  } catch (const std::filesystem::filesystem_error& problem) {  // a loop of links, a folder that may not be entered
    print_problem(program, problem.path1().string() + ": " + problem.code().message());
  } catch (const std::exception& problem) {
    print_problem(program, problem.what());
  }
  return 1;
}

}  // namespace rondo::app
