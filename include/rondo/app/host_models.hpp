// What programs make of a HostModel (rondo/app/served_model.hpp), compiled once for all compositions.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <rondo/app/device_programs.hpp>
#include <rondo/app/fine_tuning.hpp>
#include <rondo/app/loaded_model.hpp>
#include <rondo/app/models_on.hpp>
#include <rondo/app/standard_backends.hpp>
#include <rondo/app/training.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/model/adapted_trunk.hpp>
#include <rondo/model/adapters.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/train/plan.hpp>

namespace rondo::app {

class EvaluatedHostModel final : public EvaluatedModel {
 public:
  explicit EvaluatedHostModel(const HostModel& model) : weights_(model) {}
  [[nodiscard]] const Evaluation<Cpu>& evaluation() const override { return evaluation_; }
  [[nodiscard]] std::vector<HostedTensor<float>> tensors() const override { return hosted(weights_.tensors()); }

 private:
  Parameters<HostModel, Cpu> weights_;
  EvaluationOf<HostModel, Cpu> evaluation_{weights_.model(), weights_};
};

// Trunk: HostModel, or one with adapters.
template <class Trunk>
class FineTuningOf final : public FineTuning {
  using Model = Classifier<Trunk, AnyPooling, AnyClassHead>;

 public:
  FineTuningOf(const Trunk& trunk, const FineTuningSetup& setup)
      : adapters_(setup.adapters),
        weights_(started(Parameters<Model, Cpu>{classifier(trunk, setup), setup.options.seed}, setup)),
        trainer_(weights_.model(), weights_, setup.optimizer, setup.schedule, CrossEntropy{}, setup.options),
        scorer_(weights_.model(), weights_, 4096, trainer_.context()) {}

  TrainerOn<Cpu, AnyOptimizer, AnySchedule>& trainer() override { return trainer_; }
  ClassScorer& scorer() override { return scorer_; }
  [[nodiscard]] std::vector<HostedTensor<float>> weights() const override { return plain(weights_); }

 private:
  [[nodiscard]] std::vector<HostedTensor<float>> plain(const Parameters<Model, Cpu>& weights) const {
    return adapters_ ? merged_tensors(hosted(weights.tensors()), adapters_->factor()) : hosted(weights.tensors());
  }
  static Model classifier(const Trunk& trunk, const FineTuningSetup& setup) {
    check_class_head(setup.head);
    const Shape& shape = trunk.shape();
    return {trunk, setup.mlp ? AnyClassHead{MlpHead{shape, setup.head}} : AnyClassHead{ScoreHead{shape, setup.head}}, setup.pooling};
  }
  Parameters<Model, Cpu> started(Parameters<Model, Cpu> weights, const FineTuningSetup& setup) const {
    if (setup.start) setup.start(plain(weights));
    return weights;
  }

  std::optional<AdapterOptions> adapters_;
  Parameters<Model, Cpu> weights_;
  Trainer<Model, Cpu, AnyOptimizer, AnySchedule> trainer_;
  TextClassifier<Model, Cpu> scorer_;
};

RONDO_DEFINED_ONCE std::vector<NamedLeaf> leaves_of(const HostModel& model) { return named_leaves(WeightRecords{}, model); }
RONDO_DEFINED_ONCE Index state_size_of(const HostModel& model) { return record_size(StateRecords{Extent{1, 1}}, model); }
RONDO_DEFINED_ONCE StepPlan step_plan(const HostModel& model, Sequences sequences, Index tokens, const AnyOptimizer& optimizer,
                                      Precision precision) {
  return plan_training_step(model, CrossEntropy{}, sequences, tokens, optimizer, precision);
}
RONDO_DEFINED_ONCE std::unique_ptr<LoadedModel> loaded_model(const HostModel& model, BackendName backend) {
  if (backend == BackendName::reference) return std::make_unique<LoadedModelOn<HostModel, Reference<double>>>(model);
  if (backend == BackendName::cpu) return std::make_unique<LoadedModelOn<HostModel, Cpu>>(model);
  return device_programs(backend).loaded(model);
}
RONDO_DEFINED_ONCE std::unique_ptr<EvaluatedModel> evaluated_model(const HostModel& model) {
  return std::make_unique<EvaluatedHostModel>(model);
}
RONDO_DEFINED_ONCE std::unique_ptr<Training> training_of(const HostModel& model, const TrainingSetup& setup) {
  if (setup.backend == BackendName::cpu) return std::make_unique<TrainingOn<HostModel, Cpu>>(model, setup, setup.objective, setup.ranks);
  return device_programs(setup.backend).training(model, setup);
}
RONDO_DEFINED_ONCE std::unique_ptr<FineTuning> fine_tuning_of(const HostModel& trunk, const FineTuningSetup& setup) {
  if (setup.adapters) return std::make_unique<FineTuningOf<AdaptedTrunk<HostModel>>>(AdaptedTrunk{trunk, *setup.adapters}, setup);
  return std::make_unique<FineTuningOf<HostModel>>(trunk, setup);
}

}  // namespace rondo::app

#if RONDO_HEADER_ONLY
#include <rondo/app/device_programs_chosen.hpp>
#endif
