// bench_neighbours: what is left of the speed beside other busy processes. Runs a training step of each architecture and decoding alone,
// beside one and beside two processes that do nothing but compute, all on the processors that this process may use (two of many:
// taskset -c 0,1 bench_neighbours). One JSON line an architecture and kind of work: tokens/s, and shares of those alone.
//
//   bench_neighbours [--architecture hgrn2|llama|...] [--work training|decoding] [--seconds N] [--threads N] [--width W]
//
// The models are the demo's (width 128, depth 4, 2048 tokens a step) or of another width; so many processors as threads are what a fair
// share is counted by: beside one process two threads on two processors could at best keep 0.67, beside two 0.5.
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <set>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>

#include "step/step.hpp"

namespace rondo::bench {

// A process that computes while it is awake, and ends with this one.
class Neighbour {
 public:
  Neighbour() : process_(::fork()) {
    require(process_ >= 0, "bench_neighbours: no process can be made");
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (volatile unsigned count = 0;;) count = count + 1;
    }
    rest();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  void wake() const { ::kill(process_, SIGCONT); }
  void rest() const { ::kill(process_, SIGSTOP); }

 private:
  pid_t process_;
};

// Rates of work that tells when a piece of it is done: alone, then beside one neighbour, then beside two.
class Rates {
 public:
  Rates(const std::array<Neighbour, 2>& neighbours, double seconds) : neighbours_(neighbours), seconds_(seconds) { settle(); }
  // After each piece; false once all are known.
  bool done(double amount) {
    const double now = elapsed();
    if (!counting_) {
      if (now < 0.5) return true;
      counting_ = true;
      amount_ = 0;
      begin_ = Clock::now();
      return true;
    }
    amount_ += amount;
    if (now < seconds_) return true;
    rates_[beside_] = amount_ / now;
    if (beside_ == neighbours_.size()) {
      for (const Neighbour& one : neighbours_) one.rest();
      return false;
    }
    neighbours_[beside_++].wake();
    settle();
    return true;
  }
  [[nodiscard]] double beside(std::size_t count) const { return rates_[count]; }
  [[nodiscard]] double kept_beside(std::size_t count) const { return rates_[count] / rates_[0]; }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] double elapsed() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  void settle() {
    counting_ = false;
    begin_ = Clock::now();
  }
  const std::array<Neighbour, 2>& neighbours_;
  double seconds_;
  std::size_t beside_ = 0;
  bool counting_ = false;
  double amount_ = 0;
  Clock::time_point begin_;
  std::array<double, 3> rates_{};
};

void print(const Registered& one, const char* work, Index width, Index threads, const Rates& rates) {
  std::printf(
      "{\"architecture\": \"%s\", \"work\": \"%s\", \"width\": %td, \"threads\": %td, \"tokens_per_second\": %.1f, \"beside_one\": %.1f, "
      "\"beside_two\": %.1f, \"kept_beside_one\": %.3f, \"kept_beside_two\": %.3f}\n",
      one.name.c_str(), work, width, threads, rates.beside(0), rates.beside(1), rates.beside(2),
      rates.kept_beside(1), rates.kept_beside(2));
  std::fflush(stdout);
}

int neighbours_main(int argc, char** argv) {
  CLI::App app{"Times training and decoding alone and beside busy processes."};
  std::string architecture = "all", work = "all";
  double seconds = 2;
  Index threads = 0, width = 128;
  auto& all = Registered::all();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::set<std::string> names{"all"};
  for (const Registered& one : all) names.insert(one.name);
  app.add_option("--architecture", architecture, "one architecture, or all")->check(CLI::IsMember(names));
  app.add_option("--work", work, "training, decoding, or all")->check(CLI::IsMember({"training", "decoding", "all"}));
  app.add_option("--seconds", seconds, "of each measurement")->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "threads (0: as many as the process may use, fewer for small work)");
  app.add_option("--width", width, "of the models, a multiple of 128")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  use_threads(threads);
  wait_briefly(argv);
  const std::array<Neighbour, 2> neighbours;
  const Size size{"demo", 2048, width, 4, 4, 3 * width, 16, 128};
  for (const Registered& one : all) {
    if (architecture != "all" && architecture != one.name) continue;
    const Shape shape = one.shape(size);
    if (work != "decoding") {
      Rates rates{neighbours, seconds};
      one.work.train(shape, size, [&](double) { return rates.done(static_cast<double>(size.batch * size.length)); });
      print(one, "training", width, thread_count(), rates);
    }
    if (work != "training") {
      Rates rates{neighbours, seconds};
      one.work.decode(shape, [&] { return rates.done(1); });
      print(one, "decoding", width, decoding_threads(one.work.plan(shape, size).weights), rates);
    }
  }
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::neighbours_main(argc, argv); }
