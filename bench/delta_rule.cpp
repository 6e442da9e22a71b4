// bench_delta_rule: the delta rule, forward and backward, beside the plain loop of the Reference back-end in float32, beside the gated
// outer product of the same sizes (a decay a channel), and beside the machine's matrix product.
//
//   bench_delta_rule [repetitions]
//
// At 8 sequences of 512 tokens, 8 heads of 64 keys and values (a layer at size M). Operations are those of the step form, twice as many
// for the gradient; a chunked form does more.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/backend/reference/reference.hpp>

#include "recurrence_rates.hpp"

namespace rondo::bench {

// Each row of every head as long as one.
void make_units(View<float> x, Index width) {
  for (Index row = 0; row < x.size() / width; ++row) {
    float squares = 0;
    for (Index i = 0; i < width; ++i) squares += x.data[row * width + i] * x.data[row * width + i];
    for (Index i = 0; i < width; ++i) x.data[row * width + i] /= std::sqrt(squares);
  }
}

template <class Tag>
void print(const char* name, const Tag& tag, int repetitions, double peak) {
  const auto range = [](std::string_view leaf) {
    return leaf == "g" ? Between{-1, 0} : leaf == "beta" ? Between{0, 1} : Between{};
  };
  RecurrenceData<Tag> large{8, 512, tag, range}, small{1, 128, tag, range};
  for (auto* data : {&large, &small})
    for (const View<float>& x : {data->in().q, data->in().k}) make_units(x, tag.key_width);
  CpuContext cpu;
  Reference<float>::Context plain;
  const auto line = [&](const char* pass, double rate, double plain_rate, double operations) {
    std::printf("%-16s %-8s %9.0f tokens/s  %6.1f times the plain loop  %.3f of the matrix peak\n", name, pass, rate, rate / plain_rate,
                rate * operations * 1e-9 / peak);
    std::fflush(stdout);
  };
  const double operations = tag.operations(512);
  line("forward", large.forward(cpu, repetitions), small.forward(plain, 2), operations);
  line("backward", large.gradient(cpu, repetitions), small.gradient(plain, 2), operations * tag.gradient_cost);
}

int delta_rule_main(int repetitions) {
  const double peak = matrix_peak(3);
  std::printf("%td threads, %.1f GFLOP/s\n", thread_count(), peak);
  const double scale = 0.125;
  print("no decay", DeltaRule{8, 8, 0, 64, 64, scale}, repetitions, peak);
  print("a decay a head", DeltaRule{8, 8, 1, 64, 64, scale}, repetitions, peak);
  print("a decay a channel", DeltaRule{8, 8, 64, 64, 64, scale}, repetitions, peak);
  print("outer product", OuterProduct{8, 64, 64, scale}, repetitions, peak);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::delta_rule_main(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5); }
