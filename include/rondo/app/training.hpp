// Training: a model in training without its type, what rondo/app/run_keeper.hpp keeps a folder of.
//
//   std::unique_ptr<Training> training = training_of(served.model(shape), setup);
#pragma once

#include <functional>
#include <vector>

#include <rondo/app/backend_name.hpp>
#include <rondo/app/objectives.hpp>
#include <rondo/app/standard_backends.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/parallel/any_ranks.hpp>

namespace rondo::app {

struct TrainingSetup {
  AnyOptimizer optimizer;
  AnySchedule schedule;
  AnyObjective<Cpu> objective;  // on the Cpu; elsewhere it is cross-entropy
  TrainingOptions options;
  HostRanks ranks{};                            // that train together, this one among them
  BackendName backend = BackendName::cpu;       // not Reference
  CrossEntropyOptions cross_entropy{};
  std::vector<ProjectionWidths> projections{};  // maps that the run learns beside the model
  std::function<void(const std::vector<HostedTensor<float>>& weights)> start{};  // fills weights that are not to start at random
};

class Training {
 public:
  virtual ~Training() = default;
  [[nodiscard]] virtual Index rank() const = 0;
  [[nodiscard]] virtual const Progress& progress() const = 0;
  virtual void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) = 0;
  [[nodiscard]] virtual std::vector<NamedNumber> numbers() const = 0;  // of the optimiser
  [[nodiscard]] virtual std::vector<HostedTensor<float>> hosted_tensors() const = 0;  // all that a run goes on from
  [[nodiscard]] virtual std::vector<HostedTensor<float>> result() const = 0;          // the weights to keep
  virtual TextScorer& scorer() = 0;                                                   // of those
  virtual void on_step(std::function<void(const StepReport&)> callback) = 0;
  virtual void stop() = 0;
  virtual void reserve(const Batch& largest) = 0;
  virtual bool run(const std::function<bool(Batch&)>& next, Index steps) = 0;
};

}  // namespace rondo::app
