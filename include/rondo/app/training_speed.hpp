// How fast a model will train on this machine, before it does: a few steps on made-up tokens, of the model itself or, where that
// would take too long or too much memory, on fewer rows or with fewer blocks, scaled by their operations. An estimate.
//
//   auto speed = training_speed(served, run, batch, length, backend);       absent where even one row of one block is too much to try
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <rondo/app/training_setup.hpp>

namespace rondo::app {

struct TrainingSpeed {
  double tokens_per_second = 0;
  Index steps = 0, rows = 0, depth = 0;  // of the trial
};

inline std::optional<TrainingSpeed> training_speed(const ServedModel& model, RunDescription run, Index batch, Index length,
                                                   BackendName backend) {
  const bool device = backend == BackendName::cuda || backend == BackendName::cuda_float32;
  const double most_operations = device ? 5e15 : 2e10;
  const std::size_t most_bytes = std::size_t{1} << (device ? 37 : 30);
  const auto plan_of = [&](Index depth, Index rows) -> std::optional<StepPlan> {
    Shape shape = run.shape;
    shape.depth = depth;
    std::vector<Sequence> sequences;
    for (Index row = 0; row < rows; ++row) sequences.push_back({row * length, length, 0});
    try {
      return step_plan(model.model(shape), sequences, rows * length, run.optimizer.optimizer, precision_of(run.train));
    } catch (const Error&) {  // a pattern does not fit into so few blocks
      return std::nullopt;
    }
  };
  const auto fits = [&](const StepPlan& plan) { return plan.operations <= most_operations && plan.total() <= most_bytes; };
  const auto whole = plan_of(run.shape.depth, 1);
  Index depth = run.shape.depth, rows = 1;
  std::optional<StepPlan> trial = whole;
  while (trial && !fits(*trial) && depth > 1) trial = plan_of(depth = (depth + 1) / 2, 1);
  if (!trial || !fits(*trial)) return std::nullopt;
  for (Index more = 2; more <= batch; more = more < batch ? std::min(2 * more, batch) : batch + 1) {
    const auto larger = plan_of(depth, more);
    if (!larger || !fits(*larger)) break;
    rows = more;
  }

  run.shape.depth = depth;
  run.train.accumulate = 1;
  run.train.warmup = 0;
  MemoryTokens source{run.shape.vocabulary};
  for (Index row = 0; row < 2 * rows; ++row) {
    std::vector<Token> ids;
    for (Index t = 0; t <= length; ++t)
      ids.push_back(static_cast<Token>(below(RandomKey{1}, static_cast<std::uint64_t>(row * (length + 1) + t),
                                             static_cast<std::uint64_t>(run.shape.vocabulary))));
    source.add(ids);
  }
  Batches batches{source, BatchOptions{.rows = rows, .length = length}};
  const auto training = training_of(model.model(run.shape), setup_of(run, nullptr, nullptr, {}, backend));
  TrainingSpeed speed{0, 0, rows, depth};
  double all = 0, shortest = std::numeric_limits<double>::infinity();
  training->on_step([&](const StepReport& report) {
    all += report.seconds;
    if (++speed.steps > 1) shortest = std::min(shortest, report.seconds);  // the first takes memory, too
    if (all > 1 && speed.steps > 1) training->stop();
  });
  training->run([&](Batch& next) { return batches.next(next); }, 10);
  speed.tokens_per_second =
      static_cast<double>(rows * length) / shortest * trial->operations_per_token / whole->operations_per_token;
  return speed;
}

}  // namespace rondo::app
