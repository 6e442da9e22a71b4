// device_checks [--seed N] [--only PART OF A NAME] [--report FILE]: everything a device is asked for, beside the emulator and Reference
// (device_checks.hpp). One line of progress, what failed last; a line of JSON for each check in FILE, to which a second run of the same
// seed adds what the first had not reached.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "device_checks.hpp"

namespace {

using rondo::testing::DeviceCheck;

struct Options {
  std::uint64_t seed = std::random_device{}();
  std::string only, report;
};
Options options_of(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    const char* const value = i + 1 < count ? arguments[++i] : nullptr;
    if (name == "--seed" && value)
      options.seed = std::strtoull(value, nullptr, 10);
    else if (name == "--only" && value)
      options.only = value;
    else if (name == "--report" && value)
      options.report = value;
    else
      throw rondo::error("usage: device_checks [--seed N] [--only PART OF A NAME] [--report FILE]");
  }
  return options;
}
std::string key_of(const DeviceCheck& check, std::uint64_t seed) {
  return "{\"check\": \"" + check.name + "\", \"seed\": " + std::to_string(seed);
}

int run(const Options& options) {
  using namespace rondo::testing;
#if defined(RONDO_ON_CUDA)
  if (const char* missing = rondo::cuda::missing(); *missing != '\0') throw rondo::error("cuda: ", missing);
#endif
  DeviceChecks checks;
  add_layers(checks);
  add_linear_recurrences(checks);
  add_scans_and_cells(checks);
  add_attention(checks);

  std::set<std::string> done;
  if (!options.report.empty()) {
    std::ifstream file(options.report);
    for (std::string line; std::getline(file, line);)
      if (line.find("\"ok\": true") != std::string::npos) done.insert(line.substr(0, line.find(", \"ok\"")));
  }
  std::ofstream report;
  if (!options.report.empty()) report.open(options.report, std::ios::app);
  std::vector<std::string> failures;
  std::size_t ran = 0;
  for (const DeviceCheck& check : checks) {
    const std::string key = key_of(check, options.seed);
    if (check.name.find(options.only) == std::string::npos || done.count(key) > 0) continue;
    std::fprintf(stderr, "\r\033[K%zu of %zu: %s", ++ran, checks.size(), check.name.c_str());
    const auto start = std::chrono::steady_clock::now();
    std::string failure;
    double worst = 0;
    try {
      const Findings findings = check.run(rondo::Seed{options.seed});
      worst = findings.worst();
      if (!findings.empty()) {
        std::ostringstream text;
        text << findings;
        failure = text.str();
      }
    } catch (const std::exception& thrown) {
      failure = std::string("\n  ") + thrown.what();
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!failure.empty()) failures.push_back(check.name + failure);
    if (report)
      report << key << ", \"ok\": " << (failure.empty() ? "true" : "false") << ", \"worst\": " << worst << ", \"seconds\": " << seconds
             << "}" << std::endl;
  }
  std::fprintf(stderr, "\r\033[K");
  for (const std::string& failure : failures) std::printf("FAILED %s\n", failure.c_str());
  std::printf("%zu checks with seed %llu, %zu failed\n", ran, static_cast<unsigned long long>(options.seed), failures.size());
  return failures.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(options_of(count, arguments));
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "device_checks: %s\n", thrown.what());
    return 1;
  }
}
