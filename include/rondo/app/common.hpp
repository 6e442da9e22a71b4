// What all subcommands of a program share: options, threads, the exit status.
//
//   0 done, 1 failed (one line on stderr says what and where), 2 wrong usage, 130 / 143 stopped by a signal after saving
#pragma once

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include <fcntl.h>

#include <rondo/core/error.hpp>
#include <rondo/io/json.hpp>

namespace rondo::app {

struct CommonOptions {
  int threads = 0;  // 0: as the work and the machine are
  std::optional<std::uint64_t> seed;  // absent: not given
  std::string backend = "cpu";
  bool quiet = false;
  bool json = false;  // the last line of the output is a JSON object
  std::string how_to_go_on{};  // what a stopped run says; empty: that `train --resume` goes on
};

// Command: CLI::App. What is not a number of 64 bits is refused, where the parser would take the nearest one.
template <class Command>
void add_seed_option(Command& command, CommonOptions& common, const std::string& purpose) {
  command.add_option("--seed", common.seed, purpose)->check([](const std::string& text) -> std::string {
    std::uint64_t seed = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (problem == std::errc{} && end == text.data() + text.size()) return {};
    return "expected a whole number from 0 to 18446744073709551615, found " + text;
  });
}

// The last line for machines, where it is wanted.
inline void print_result(const CommonOptions& common, const Json& result) {
  if (common.json) std::printf("%s\n", result.dump().c_str());
}

// A program that is started without one of its three standard files would give the next file it opens that number, and print into it.
inline void occupy_standard_files() {
  for (const int number : {0, 1, 2})
    if (::fcntl(number, F_GETFD) < 0) static_cast<void>(!::open("/dev/null", O_RDONLY));  // the lowest free number; writing to it fails
}

// Runs a subcommand and turns an error into its line and its status; so too where its results could not be printed.
template <class Act>
int guarded(const std::string& program, Act&& act) {
  try {
    occupy_standard_files();
    const int status = act();
    require(std::fflush(stdout) == 0 && std::ferror(stdout) == 0, "the output cannot be written: ", std::strerror(errno));
    return status;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory; a smaller batch or shape needs less (see `summary`)\n", program.c_str());
  } catch (const std::filesystem::filesystem_error& problem) {  // a loop of links, a folder that may not be entered
    std::fprintf(stderr, "%s: %s: %s\n", program.c_str(), problem.path1().c_str(), problem.code().message().c_str());
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "%s: %s\n", program.c_str(), problem.what());
  }
  return 1;
}

}  // namespace rondo::app
