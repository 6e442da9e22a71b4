// bench_step: a whole training step (forward, backward, clipping, AdamW) of each architecture, as a fraction of what the machine's
// matrix product reaches in the same run. One JSON line an architecture.
//
//   bench_step [--size S|M] [--architecture hgrn2|llama|...] [--threads N] [--steps N] [--length T] [--batch B]
//              [--precision float32|bf16]
//
// Operations per token are those of the model alone (Trace): products with weights six times, the mixer's step form three times.
#include <cstdio>
#include <set>

#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>

#include "../bf16_peak.hpp"
#include "../matrix_peak.hpp"
#include "step.hpp"

namespace rondo::bench {

void print(const Registered& one, const Size& size, int steps, double peak) {
  const Shape shape = one.shape(size);
  const StepPlan plan = one.work.plan(shape, size);
  double shortest = 1e30;
  int step = 0;
  one.work.train(shape, size, [&](double seconds) {
    if (++step > 1) shortest = std::min(shortest, seconds);
    return step < steps;
  });
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const double tokens = static_cast<double>(size.batch * size.length), achieved = plan.operations_per_token * tokens / shortest * 1e-9;
  std::printf(
      "{\"architecture\": \"%s\", \"size\": \"%s\", \"precision\": \"%s\", \"threads\": %td, \"length\": %td, "
      "\"tokens_per_second\": %.1f, \"flops_per_token\": %.0f, \"achieved_gflops\": %.1f, "
      "\"matrix_peak_gflops\": %.1f, \"fraction_of_peak\": %.3f, \"peak_bytes\": %zu, "
      "\"planned_bytes\": %zu, \"step_seconds\": %.4f}\n",
      one.name.c_str(), size.name.c_str(), precision_names[static_cast<std::size_t>(size.precision)].data(),
      thread_count(), size.length, tokens / shortest, plan.operations_per_token, achieved, peak,
      achieved / peak, static_cast<std::size_t>(usage.ru_maxrss) * 1024, plan.total(), shortest);
  std::fflush(stdout);
}

int step_main(int argc, char** argv) {
  CLI::App app{"Times a training step of each architecture against the machine's matrix peak."};
  std::string size_name = "S", architecture = "all", precision = "float32";
  int steps = 8;
  Index threads = 0, length = 0, batch = 0;
  auto& all = Registered::all();
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::set<std::string> names{"all"};
  for (const Registered& one : all) names.insert(one.name);
  app.add_option("--size", size_name, "S (width 256, depth 6) or M (width 512, depth 8)")->check(CLI::IsMember({"S", "M"}));
  app.add_option("--architecture", architecture, "one architecture, or all")->check(CLI::IsMember(names));
  app.add_option("--precision", precision, "of products: float32, or bf16, measured against products of bf16")
      ->check(CLI::IsMember({"float32", "bf16"}));
  app.add_option("--threads", threads, "threads (0: as many as the process may use)");
  app.add_option("--steps", steps, "steps to time; the shortest counts")->check(CLI::Range(2, 1000));
  app.add_option("--length", length, "tokens of a sequence (0: 256 at S, 512 at M)");
  app.add_option("--batch", batch, "sequences of a batch (0: 8)");
  CLI11_PARSE(app, argc, argv);
  use_threads(threads);
  wait_briefly(argv);
  Size size = size_name == "S" ? Size{"S", 8192, 256, 6, 4, 768, 8, 256} : Size{"M", 16000, 512, 8, 8, 1536, 8, 512};
  if (length > 0) size.length = length;
  if (batch > 0) size.batch = batch;
  if (precision == "bf16") size.precision = Precision::bf16;
  const double peak = size.precision == Precision::bf16 ? bf16_matrix_peak() : matrix_peak();
  for (const Registered& one : all)
    if (architecture == "all" || architecture == one.name) print(one, size, steps, peak);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::step_main(argc, argv); }
