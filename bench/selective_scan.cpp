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

#include "matrix_peak.hpp"

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

struct ScanData {
  ScanData(Index batch, Index length, SelectiveScan scan) : p(scan), tokens(batch * length) {
    for (Index s = 0; s < batch; ++s) sequences.push_back({s * length, length, 0});
    const auto take = [&](Index rows, Index columns, float low, float high) {
      const View<float> view{memory.take<float>(rows * columns), rows, columns};
      for (Index i = 0; i < view.size(); ++i) view.data[i] = low + (high - low) * static_cast<float>(i * 7919 % 1000) / 1000;
      return view;
    };
    const Index C = p.channels, N = p.states;
    in = SelectiveScan::Inputs<View<float>>{take(tokens, C, -1, 1), take(tokens, C, -5, 0), take(tokens, N, -1, 1),
                                          take(tokens, N, -1, 1), take(tokens, C, -1, 1)};
    d_in = {take(tokens, C, 0, 0), take(tokens, C, 0, 0), take(tokens, N, 0, 0), take(tokens, N, 0, 0), take(tokens, C, 0, 0)};
    w = SelectiveScan::Weights<View<float>>{take(1, C, -1, 0), take(C, N, 0, 3), take(1, C, -1, 1)};
    d_w = {take(1, C, 0, 0), take(C, N, 0, 0), take(1, C, 0, 0)};
    y = take(tokens, C, 0, 0);
    dy = take(tokens, C, -1, 1);
  }
  SelectiveScan p;
  Index tokens;
  Arena memory;
  std::vector<Sequence> sequences;
  SelectiveScan::Inputs<View<float>> in, d_in;
  SelectiveScan::Weights<View<float>> w, d_w;
  View<float> y, dy;
};

int selective_scan_main(int repetitions) {
  const SelectiveScan p{1024, 16};
  const double powers = power_rate(repetitions), per_token = static_cast<double>(p.channels * p.states);
  const auto print = [&](const char* pass, double tokens_per_second, double plain, int powers_a_state) {
    std::printf("%-8s %9.0f tokens/s  %6.1f times the plain loop  %.2f of the rate of powers\n", pass, tokens_per_second,
                tokens_per_second / plain, powers_a_state * per_token * tokens_per_second / powers);
    std::fflush(stdout);
  };
  std::printf("%td threads, %.1f G powers/s\n", thread_count(), powers * 1e-9);
  ScanData large{8, 512, p}, small{1, 64, p};
  CpuContext cpu;
  Reference<float>::Context plain;
  const auto rate = [&](auto& c, const ScanData& x, int times, bool forward) {
    using Given = View<const float>;
    const SelectiveScan::Inputs<Given> in{x.in.u, x.in.raw_step, x.in.B, x.in.C, x.in.z};
    c.begin(x.sequences, x.tokens);
    return static_cast<double>(x.tokens) / shortest_seconds(times, [&] {
             if (forward)
               c.recurrence(p, x.w, in, {x.y});
             else
               c.recurrence_gradient(p, x.w, in, {x.y}, {x.dy}, x.d_w, x.d_in);
           });
  };
  print("forward", rate(cpu, large, repetitions, true), rate(plain, small, 1, true), 1);
  print("backward", rate(cpu, large, repetitions, false), rate(plain, small, 1, false), 2);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::selective_scan_main(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5); }
