// ServedModel: one composition as the commands of a program use it, without its type.
//
//   ServedModel served = serve<Hgrn2>();
//   auto model = loaded_model(served.model(shape), BackendName::cpu);       weights all zero, to be filled: model->tensors()
//   HeldOutLoss loss = held_out_loss(model->scorer(), ...);
//   auto training = training_of(served.model(shape), setup);                weights, optimiser, moving average
//
// What is compiled for each composition of a program is its HostModel (rondo/model/host_model.hpp); what surrounds it - trainers, scorers,
// sessions, files, command lines, reports - is compiled once (rondo/core/compiled.hpp).
#pragma once

#include <memory>
#include <vector>

#include <rondo/app/loaded_model.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/file_form.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/train/plan.hpp>

namespace rondo {
struct AnyOptimizer;
}

namespace rondo::app {

struct TrainingSetup;  // app/training.hpp
class Training;
struct FineTuningSetup;  // app/fine_tuning.hpp
class FineTuning;

[[nodiscard]] std::vector<NamedLeaf> leaves_of(const HostModel& model);
[[nodiscard]] Index state_size_of(const HostModel& model);  // numbers a sequence
[[nodiscard]] StepPlan step_plan(const HostModel& model, Sequences sequences, Index tokens, const AnyOptimizer& optimizer,
                                 Precision precision);
// Weights all zero, to be filled.
[[nodiscard]] std::unique_ptr<LoadedModel> loaded_model(const HostModel& model, BackendName backend);
[[nodiscard]] std::unique_ptr<EvaluatedModel> evaluated_model(const HostModel& model);
[[nodiscard]] std::unique_ptr<Training> training_of(const HostModel& model, const TrainingSetup& setup);
[[nodiscard]] std::unique_ptr<FineTuning> fine_tuning_of(const HostModel& trunk, const FineTuningSetup& setup);

struct ServedModel {
  CompositionFiles files;
  HostModel (*model)(const Shape&);
  HostModel (*trunk)(const Shape&);  // null: it has none

  [[nodiscard]] std::vector<NamedLeaf> leaves(const Shape& shape) const { return leaves_of(model(shape)); }
  // Of one array of weights.
  [[nodiscard]] Index parameters(const Shape& shape) const {
    Index count = 0;
    for (const NamedLeaf& one : leaves(shape)) count += one.leaf.dimensions.size();
    return count;
  }
};

template <class Model>
ServedModel serve() {
  ServedModel served{composition_files<Model>(), host_model<Model>, nullptr};
  if constexpr (requires { typename Model::TrunkType; }) served.trunk = host_model<typename Model::TrunkType>;
  return served;
}

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/host_models.hpp>
#endif
