// bench_ranks: training steps on several processes beside the same steps in one, and what they send.
//
//   mpirun -n 2 --bind-to none bench_ranks [--size S|M] [--shard] [--seconds N]
//
// A step has the same rows in every case: dealt to n ranks of one thread, on one rank with n threads, on one rank with one thread. The
// cases take turns until the seconds are over; the fastest step of each counts. One JSON line:
//
//   one, threads, ranks          tokens/s; efficiency_of_threads, efficiency_of_ranks: of n times `one`
//   bytes_a_step                 that the first rank has sent, beside planned_bytes: 2 (n - 1) / n of the gradients
//   short_sum                    seconds that a sum of 16 numbers takes: what each step waits for at least three times
//   sum_bytes_per_second         that a rank sends while a row of 64 MB is summed, nothing else being done
//   communication, waited        seconds of a step that sums of gradients took, and that remained after the
//                                backward pass; `hidden`: the rest of them
#include <chrono>
#include <cstdio>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include <CLI/CLI.hpp>

#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/parallel/mpi.hpp>

#include "step/step.hpp"

namespace rondo::bench {

// The fastest of some steps.
struct Fastest {
  double seconds = std::numeric_limits<double>::infinity();
  CommunicationSeconds communication{};
  void see(const StepReport& report) {
    if (report.seconds < seconds) seconds = report.seconds, communication = report.communication;
  }
};

// A model in training on ranks, which all have as many rows of the batch, with so many threads each.
class Case {
 public:
  Case(const Size& size, const HostRanks& ranks, Index threads, bool shard)
      : threads_(threads),
        model_(size.shape()),
        weights_(model_, Seed{1}),
        batches_(size.batch / ranks.size(), size.length, size.vocabulary),
        trainer_(model_, weights_, AdamW{.rate = 1e-3}, {}, {}, options(shard), std::make_shared<CpuContext>(), ranks) {
    trainer_.on_step([this](const StepReport& report) { fastest_.see(report); });
  }
  void step() {
    use_threads(threads_);
    trainer_.run(batches_, trainer_.progress().step + 1);
  }
  [[nodiscard]] const Fastest& fastest() const { return fastest_; }
  [[nodiscard]] std::size_t bytes_of_gradients() const { return weights_.bytes(); }

 private:
  static TrainingOptions options(bool shard) {
    TrainingOptions result;
    result.shard = shard;
    return result;
  }
  Index threads_;
  Hgrn2 model_;
  Parameters<Hgrn2, Cpu> weights_;
  RandomBatches batches_;
  Trainer<Hgrn2, Cpu> trainer_;
  Fastest fastest_;
};

// Of one of some sums in a row.
double seconds_of_sum(const MpiRanks& ranks, Index columns, int times) {
  std::vector<float> row(static_cast<std::size_t>(columns), 1.0F);
  ranks.sum(View<float>{row.data(), 1, columns});
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) ranks.sum(View<float>{row.data(), 1, columns});
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / times;
}

int measure(const Size& size, bool shard, double seconds) {
  MpiRanks ranks = MpiRanks::join();
  const Index n = ranks.size();
  require(size.batch % n == 0, "bench_ranks: ", size.batch, " rows for ", n, " ranks");
  const double short_sum = seconds_of_sum(ranks, 16, 300), long_sum = seconds_of_sum(ranks, Index{1} << 24, 5);
  const double share_sent = 2 * static_cast<double>(n - 1) / static_cast<double>(n);
  Case together{size, ranks, 1, shard};
  std::optional<Case> one, threads;
  if (ranks.rank() == 0) one.emplace(size, HostRanks{}, 1, false), threads.emplace(size, HostRanks{}, n, false);
  std::uint64_t before = 0;
  Index steps = 0;
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  for (double goes_on = 1; goes_on > 0; ++steps) {
    if (steps == 1) before = ranks.bytes_sent();
    together.step();
    together.step();
    if (one) one->step(), one->step(), threads->step(), threads->step();
    goes_on = ranks.rank() == 0 && (steps < 3 || std::chrono::duration<double>(Clock::now() - begin).count() < seconds) ? 1 : 0;
    ranks.sum(std::span<double>{&goes_on, 1});
  }
  if (ranks.rank() == 0) {
    const auto speed = [&](const Case& one_case) { return static_cast<double>(size.batch * size.length) / one_case.fastest().seconds; };
    const auto [busy, waited] = together.fastest().communication;
    const double sent = static_cast<double>(ranks.bytes_sent() - before) / static_cast<double>(2 * (steps - 1));
    std::printf(
        "{\"size\": \"%s\", \"ranks_of_one_thread\": %td, \"shard\": %s, \"one\": %.0f, \"threads\": %.0f, \"ranks\": %.0f, "
        "\"efficiency_of_threads\": %.3f, \"efficiency_of_ranks\": %.3f, \"bytes_a_step\": %.0f, \"planned_bytes\": %.0f, "
        "\"short_sum\": %.6f, "
        "\"sum_bytes_per_second\": %.3g, \"step\": %.4f, \"communication\": %.4f, \"waited\": %.4f, \"hidden\": %.3f}\n",
        size.name.c_str(), n, shard ? "true" : "false", speed(*one), speed(*threads), speed(together),
        speed(*threads) / speed(*one) / static_cast<double>(n), speed(together) / speed(*one) / static_cast<double>(n), sent,
        share_sent * static_cast<double>(one->bytes_of_gradients()), short_sum, share_sent * 4 * (1 << 24) / long_sum,
        together.fastest().seconds, busy, waited, busy > 0 ? std::max(0.0, 1 - waited / busy) : 0.0);
  }
  ranks.part();
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) {
  using rondo::bench::Size;
  CLI::App program{"Training steps on several processes beside the same in one."};
  std::string size = "S";
  bool shard = false;
  double seconds = 20;
  program.add_option("--size", size, "S or M, as bench_step's")->check(CLI::IsMember({"S", "M"}))->capture_default_str();
  program.add_flag("--shard", shard, "each rank keeps its share of the optimiser's state");
  program.add_option("--seconds", seconds, "at least so long")->capture_default_str();
  CLI11_PARSE(program, argc, argv);
  try {
    const Size s{"S", 8192, 256, 6, 4, 768, 8, 256}, m{"M", 16000, 512, 8, 8, 1536, 8, 512};
    return rondo::bench::measure(size == "S" ? s : m, shard, seconds);
  } catch (const std::exception& problem) {
    std::cerr << "bench_ranks: " << problem.what() << "\n";
    return 1;
  }
}
