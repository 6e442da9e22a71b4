// What a run's settings say of its training, as a trainer takes it.
#pragma once

#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/app/objectives.hpp>
#include <rondo/app/run_description.hpp>
#include <rondo/app/start_weights.hpp>
#include <rondo/app/teachers.hpp>
#include <rondo/app/training.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/parallel/any_ranks.hpp>
#include <rondo/parallel/gathered_texts.hpp>

namespace rondo::app {

inline AnySchedule schedule_of(const TrainSettings& train, const std::string& name, Index warmup, double floor) {
  const auto rise = value_of<Rise>(train.warmup_from, rise_names);
  if (name == "constant") return {Constant{warmup, rise}};
  if (name == "linear") return {LinearDecay{warmup, floor, rise}};
  if (name == "trapezoid") return {Trapezoid{warmup, floor, train.cooldown, value_of<Fall>(train.fall, fall_names), rise}};
  if (name == "inverse_root") return {InverseRoot{warmup, train.timescale, rise}};
  return {Cosine{warmup, floor, rise}};
}
inline AnyAverage average_of(const TrainSettings& train) {
  require(train.ema == 0 || train.tail == 0, "train: expected one of train.ema and train.tail");
  if (train.tail > 0) return {TailAverage{train.tail}};
  if (train.ema == 0) return {};
  if (train.ema_start == "weights") return {ExponentialAverage{train.ema}};
  if (train.ema_start == "zero") return {CorrectedAverage{train.ema}};
  return {WarmedAverage{train.ema}};
}
// `start`: weights to begin with, or null; `teachers`: whom the run learns from, or null.
inline TrainingSetup setup_of(const RunDescription& run, const StartWeights* start = nullptr, const Teachers* teachers = nullptr,
                              const HostRanks& ranks = {}, BackendName backend = BackendName::cpu) {
  require_usage(backend != BackendName::reference, "--backend reference: plain loops in double learn nothing; expected another back-end");
  require_usage(backend == BackendName::cpu || teachers == nullptr, "--backend ", name_of(backend), ": teachers speak on the cpu alone");
  const TrainSettings& train = run.train;
  const CrossEntropyOptions cross_entropy{train.label_smoothing, train.z_loss};
  TrainingSetup setup{run.optimizer.optimizer,
                      schedule_of(train, train.schedule, train.warmup, train.floor),
                      teachers != nullptr ? teachers->objective(run.shape, cross_entropy) : cross_entropy_objective(cross_entropy),
                      {train.accumulate, train.clip, average_of(train), Seed{run.seed}, run.optimizer.groups,
                       schedule_of(train, run.optimizer.decay_schedule, 0, 0)}};
  setup.options.shard = train.shard;
  setup.ranks = ranks;
  setup.backend = backend;
  setup.cross_entropy = cross_entropy;
  setup.options.precision = precision_of(train);
  if (teachers != nullptr) setup.projections = teachers->projections(run.shape);
  if (start != nullptr || ranks.several())
    setup.start = [start, ranks](const std::vector<HostedTensor<float>>& weights) {
      if (start != nullptr) start->load(weights);
      if (ranks.several()) give_to_all(ranks, weights);
    };
  return setup;
}
inline BatchOptions batches_of(const RunDescription& run, const HostRanks& ranks = {}) {
  require(ranks.size() <= run.train.batch, "train.batch: ", run.train.batch, " rows of a batch cannot be dealt to ", ranks.size(),
          " ranks; expected at least one for each (train.batch=", ranks.size(), ", or fewer ranks)");
  const auto phases = row_phases(run.train);
  for (const Phases::Phase& phase : phases.batch.all())
    require(ranks.size() <= phase.value, "train.batch_schedule: ", phase.value, " rows of a batch cannot be dealt to ", ranks.size(),
            " ranks");
  return {.rows = run.train.batch,
          .length = run.train.length,
          .packing = run.data.pack == "windows" ? Packing::windows : Packing::documents,
          .shuffled = run.data.shuffle,
          .epochs = 0,
          .seed = Seed{run.seed},
          .rank = ranks.rank(),
          .ranks = ranks.size()};
}

}  // namespace rondo::app
