// bench_step: a whole training step (forward, backward, clipping, AdamW) of each architecture, as a fraction of what the machine's
// matrix product reaches in the same run. One JSON line an architecture.
//
//   bench_step [--size S|M] [--architecture hgrn2|llama|lstm] [--threads N] [--steps N] [--length T] [--backward checkpointed]
//
// Operations per token are those of the model alone (Trace): products with weights six times, the mixer's step form three times.
#include <omp.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "matrix_peak.hpp"

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/plan.hpp>
#include <rondo/train/trainer.hpp>

namespace rondo::bench {

struct Size {
  Index vocabulary, width, depth, heads, mlp, batch, length;
};

// The same random tokens again and again: rows of one length, a document each.
class RandomBatches {
 public:
  RandomBatches(Index batch, Index length, Index vocabulary) {
    for (Index i = 0; i < batch * length; ++i) {
      ids_.push_back(static_cast<Token>(below(RandomKey{7}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
      labels_.push_back(static_cast<Token>(below(RandomKey{8}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
    }
    for (Index row = 0; row < batch; ++row) sequences_.push_back({row * length, length, 0});
  }
  bool next(Batch& batch) {
    const auto tokens = static_cast<Index>(ids_.size());
    batch.ids = {ids_.data(), 1, tokens};
    batch.labels = {labels_.data(), 1, tokens};
    batch.sequences = sequences_;
    batch.tokens = tokens;
    return true;
  }
  [[nodiscard]] Sequences sequences() const { return sequences_; }

 private:
  std::vector<Token> ids_, labels_;
  std::vector<Sequence> sequences_;
};

std::size_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

template <class Model>
void run(const std::string& architecture, const std::string& name, const Size& size, Index heads, int steps, double peak) {
  const Model model{Shape{.vocabulary = size.vocabulary, .width = size.width, .depth = size.depth, .heads = heads,
                          .mlp_width = size.mlp}};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  RandomBatches batches{size.batch, size.length, size.vocabulary};
  const StepPlan plan = plan_training_step(model, CrossEntropy{}, batches.sequences(), size.batch * size.length);
  Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 1e-3}};
  double best = 1e30;
  trainer.on_step([&](const StepReport& report) { best = report.progress.step > 1 ? std::min(best, report.seconds) : best; });
  trainer.run(batches, steps);
  const double tokens = static_cast<double>(size.batch * size.length);
  const double achieved = plan.operations_per_token * tokens / best * 1e-9;
  std::printf(
      "{\"architecture\": \"%s\", \"size\": \"%s\", \"threads\": %d, \"length\": %td, \"tokens_per_second\": %.1f, \"flops_per_token\": "
      "%.0f, \"achieved_gflops\": %.1f, \"matrix_peak_gflops\": %.1f, \"fraction_of_peak\": %.3f, \"peak_bytes\": %zu, "
      "\"planned_bytes\": %zu, \"step_seconds\": %.4f}\n",
      architecture.c_str(), name.c_str(), omp_get_max_threads(), size.length, tokens / best, plan.operations_per_token, achieved,
      peak, achieved / peak, peak_memory(), plan.total(), best);
  std::fflush(stdout);
}

int step_main(int argc, char** argv) {
  CLI::App app{"Times a training step of each architecture against the machine's matrix peak."};
  std::string size_name = "S", architecture = "all";
  int threads = 0, steps = 8;
  Index length = 0, batch = 0;
  app.add_option("--size", size_name, "S (width 256, depth 6) or M (width 512, depth 8)")->check(CLI::IsMember({"S", "M"}));
  app.add_option("--architecture", architecture, "one architecture, or all")->check(CLI::IsMember({"all", "hgrn2", "llama", "lstm"}));
  app.add_option("--threads", threads, "OpenMP threads (0: as many as the machine has)");
  app.add_option("--steps", steps, "steps to time; the shortest counts")->check(CLI::Range(2, 1000));
  app.add_option("--length", length, "tokens of a sequence (0: 256 at S, 512 at M)");
  app.add_option("--batch", batch, "sequences of a batch (0: 8)");
  CLI11_PARSE(app, argc, argv);
  if (threads > 0) omp_set_num_threads(threads);
  Size size = size_name == "S" ? Size{8192, 256, 6, 4, 768, 8, 256} : Size{16000, 512, 8, 8, 1536, 8, 512};
  if (length > 0) size.length = length;
  if (batch > 0) size.batch = batch;
  const double peak = matrix_peak();
  const auto wanted = [&](const char* name) { return architecture == "all" || architecture == name; };
  if (wanted("llama")) run<Llama>("llama", size_name, size, size.heads, steps, peak);
  if (wanted("hgrn2")) run<Hgrn2>("hgrn2", size_name, size, 4, steps, peak);
  if (wanted("lstm")) run<Lstm>("lstm", size_name, size, 1, steps, peak);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::step_main(argc, argv); }
