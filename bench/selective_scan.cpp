// bench_selective_scan: Mamba's scan, forward and backward, beside the plain loop of the Reference back-end in float32 and beside
// what bounds it: the rate at which all threads form powers of two that never leave their registers.
//
//   bench_selective_scan [repetitions]
//
// At 8 sequences of 512 tokens, 1024 channels of 16 states (a layer at size M). A forward pass needs one power a token, channel
// and state; the backward forms each twice again.
#include <cstdio>
#include <cstdlib>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/lanes_math.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/backend/reference/reference.hpp>

#include "recurrence_rates.hpp"

namespace rondo::bench {

// Powers of two a second, eight independent chains a thread.
[[nodiscard]] inline double power_rate(int repetitions) {
  constexpr Index rounds = 1 << 18, chains = 8;
  const Index threads = thread_count();
  std::vector<float> sums(static_cast<std::size_t>(threads));
  const double seconds = shortest_seconds(repetitions, [&] {
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads))
    for (Index thread = 0; thread < threads; ++thread) {
      Lanes x[chains];
      unrolled<chains>([&](auto i) { x[i] = all_lanes(-0.01F * static_cast<float>(i + thread)); });
      for (Index round = 0; round < rounds; ++round) unrolled<chains>([&](auto i) { x[i] = power_of_two(x[i]) - 1.5F; });
      unrolled<chains>([&](auto i) { sums[static_cast<std::size_t>(thread)] += sum_of(x[i]); });
    }
  });
  return static_cast<double>(threads * rounds * chains * lane_count) / seconds;
}

// Inputs and weights between such numbers.
[[nodiscard]] inline Between scan_range(std::string_view name) {
  return name == "raw_step" ? Between{-5, 0} : name == "step_bias" ? Between{-1, 0} : name == "A_log" ? Between{0, 3} : Between{};
}

int selective_scan_main(int repetitions) {
  const SelectiveScan p{1024, 16};
  const double powers = power_rate(repetitions), per_token = static_cast<double>(p.channels * p.states);
  const auto print = [&](const char* pass, double tokens_per_second, double plain, int powers_a_state) {
    std::printf("%-8s %9.0f tokens/s  %6.1f times the plain loop  %.2f of the rate of powers\n", pass, tokens_per_second,
                tokens_per_second / plain, powers_a_state * per_token * tokens_per_second / powers);
    std::fflush(stdout);
  };
  std::printf("%td threads, %.1f G powers/s\n", thread_count(), powers * 1e-9);
  RecurrenceData<SelectiveScan> large{8, 512, p, scan_range}, small{1, 64, p, scan_range};
  CpuContext cpu;
  Reference<float>::Context plain;
  print("forward", large.forward(cpu, repetitions), small.forward(plain, 1), 1);
  print("backward", large.gradient(cpu, repetitions), small.gradient(plain, 1), 2);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::selective_scan_main(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5); }
