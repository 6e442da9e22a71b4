// bench_distill: what a teacher costs. Steps of an HGRN2 alone, with a live teacher of its size (floor 4/3: the teacher's forward pass
// is a third of a step) and from a cache of 64 outcomes a token, taken in turn in one process; the shortest of each counts. One JSON line
// a divergence.
//
// (teacher_alone: seconds of the teacher's pass and logits without a student.)
//
//   bench_distill [--size S|M] [--steps N] [--threads N] [--temperature T] [--divergence forward_kl|...|all]
//
// Bytes of scratch: of a plain step, of one with a teacher, and of that as the Trace back-end plans it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include <unistd.h>

#include <CLI/CLI.hpp>

#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/objective/any_objective.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/stored_teacher.hpp>

#include "step/step.hpp"

namespace rondo::bench {

template <class Backend>
struct OwnTeacher {
  Hgrn2 model;
  Parameters<Hgrn2, Backend> weights;
  EvaluationOf<Hgrn2, Backend> evaluation{model, weights};
  explicit OwnTeacher(const Shape& shape) : model(shape), weights(model, Seed{2}) {}
};
template <class Backend>
LiveTeacher<Backend> teacher_of(const Shape& shape) {
  const auto own = std::make_shared<OwnTeacher<Backend>>(shape);
  return LiveTeacher<Backend>{std::shared_ptr<const Evaluation<Backend>>{own, &own->evaluation}};
}

// A cache for each token of the batch, of outcomes that are drawn.
std::shared_ptr<const TeacherCache> drawn_cache(const Size& size, double temperature) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("rondo-bench-" + std::to_string(::getpid()) + ".cache");
  constexpr Index top = 64;
  TeacherCacheWriter writer{path,
                            {.vocabulary = static_cast<std::uint64_t>(size.vocabulary),
                             .top = top,
                             .tokens = static_cast<std::uint64_t>(size.batch * size.length),
                             .temperature = temperature}};
  std::vector<Token> ids(top);
  const std::vector<float> log_probabilities(top + 1, -std::log(static_cast<float>(top + 1)));
  for (Index token = 0; token < size.batch * size.length; ++token) {
    for (Index i = 0; i < top; ++i)
      ids[static_cast<std::size_t>(i)] = static_cast<Token>((token + i * (size.vocabulary / top)) % size.vocabulary);
    writer.append(ids, log_probabilities);
  }
  writer.commit();
  auto cache = std::make_shared<const TeacherCache>(path);
  std::filesystem::remove(path);  // what is mapped stays
  return cache;
}

struct Steps {
  Parameters<Hgrn2, Cpu> weights;
  Trainer<Hgrn2, Cpu, AdamW, Cosine, AnyObjective<Cpu>> trainer;
  double shortest = 1e30;
  Steps(const Hgrn2& model, AnyObjective<Cpu> objective)
      : weights(model, Seed{1}), trainer(model, weights, AdamW{}, Cosine{}, std::move(objective)) {
    trainer.on_step([this](const StepReport& report) {
      if (report.progress.step > 1) shortest = std::min(shortest, report.seconds);
    });
  }
};

// The teacher's part of a step alone: its pass, and the logits of the blocks of rows.
double seconds_of(const LiveTeacher<Cpu>& teacher, RandomBatches& batches, const Size& size) {
  Batch batch;
  batches.next(batch);
  CpuContext c;
  const auto begin = std::chrono::steady_clock::now();
  c.begin(batch.sequences, batch.ids, batch.labels);
  auto mark = c.mark();
  const auto hidden = teacher.prepare(c);
  each_block(c, batch.tokens, 512, size.vocabulary, [&](Index first, View<float> logits) {
    teacher.logits(c, hidden, {ChosenRows<Place::host>{first, logits.rows}, first}, logits);
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void measure(const Size& size, int steps, double temperature, const AnyDivergence& divergence, const std::string& name) {
  const Hgrn2 model{size.shape()};
  const DistillationOptions options{.alpha = 0.5, .temperature = temperature};
  RandomBatches batches{size.batch, size.length, size.vocabulary};
  Steps alone{model, any_objective<Cpu>(CrossEntropy{{}, 512})};
  const auto teacher = teacher_of<Cpu>(size.shape());
  Steps taught{model, any_objective<Cpu>(Distillation{divergence, teacher, options})};
  std::optional<Steps> stored;  // log-probabilities are stored, no logits
  if (name != LogitsMse::name)
    stored.emplace(model, any_objective<Cpu>(Distillation{divergence, StoredTeacher{drawn_cache(size, options.temperature)}, options}));
  double teacher_alone = 1e30;
  for (int step = 0; step < steps; ++step) {
    alone.trainer.step(batches, 1 << 20);
    teacher_alone = std::min(teacher_alone, seconds_of(teacher, batches, size));
    taught.trainer.step(batches, 1 << 20);
    if (stored) stored->trainer.step(batches, 1 << 20);
  }
  const StepPlan plan = plan_training_step(model, Distillation{divergence, teacher_of<Trace>(size.shape()), options}, batches.sequences(),
                                           size.batch * size.length);
  std::printf(
      "{\"divergence\": \"%s\", \"temperature\": %g, \"size\": \"%s\", \"threads\": %td, "
      "\"step_seconds\": %.4f, \"with_teacher\": %.4f, \"ratio\": %.3f, \"teacher_alone\": %.4f, "
      "\"from_cache\": %.4f, \"ratio_of_cache\": %.3f, "
      "\"scratch_bytes\": %zu, \"scratch_with_teacher\": %zu, \"planned_scratch\": %zu}\n",
      name.c_str(), temperature, size.name.c_str(), thread_count(), alone.shortest, taught.shortest, taught.shortest / alone.shortest,
      teacher_alone, stored ? stored->shortest : 0.0, stored ? stored->shortest / alone.shortest : 0.0,
      alone.trainer.context()->scratch.high_water(), taught.trainer.context()->scratch.high_water(), plan.scratch);
  std::fflush(stdout);
}

int distill_main(int argc, char** argv) {
  CLI::App app{"Times training steps with a teacher of the student's size against steps without."};
  std::string size_name = "S", divergence = "all";
  int steps = 8;
  double temperature = 2;
  Index threads = 0;
  app.add_option("--size", size_name, "S (width 256, depth 6) or M (width 512, depth 8)")->check(CLI::IsMember({"S", "M"}));
  app.add_option("--steps", steps, "steps of each to time; the shortest counts")->check(CLI::Range(2, 1000));
  app.add_option("--threads", threads, "threads (0: as many as the process may use)");
  app.add_option("--temperature", temperature, "of both distributions")->check(CLI::PositiveNumber);
  app.add_option("--divergence", divergence, "one, or all");
  CLI11_PARSE(app, argc, argv);
  use_threads(threads);
  wait_briefly(argv);
  const Size size = size_name == "S" ? Size{"S", 8192, 256, 6, 4, 768, 8, 256} : Size{"M", 16000, 512, 8, 8, 1536, 8, 512};
  [&]<class... Divergences>(const std::variant<Divergences...>&) {
    const auto one = [&]<class D>(D chosen) {
      if (divergence == "all" || divergence == D::name) measure(size, steps, temperature, AnyDivergence{chosen}, std::string(D::name));
    };
    (one(Divergences{}), ...);
  }(AnyDivergence{}.chosen);
  return 0;
}

}  // namespace rondo::bench

int main(int argc, char** argv) { return rondo::bench::distill_main(argc, argv); }
