// What programs make of a HostModel (rondo/app/served_model.hpp), compiled once for all compositions.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <rondo/app/fine_tuning.hpp>
#include <rondo/app/loaded_model.hpp>
#include <rondo/app/standard_backends.hpp>
#include <rondo/app/training.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/model/adapted_trunk.hpp>
#include <rondo/model/adapters.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/train/grid_gradient.hpp>
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

template <class Backend>
class LoadedModelOn final : public LoadedModel {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;
  explicit LoadedModelOn(const HostModel& model) : weights_(model, *context_) {}

  [[nodiscard]] const Shape& shape() const override { return weights_.model().shape(); }
  [[nodiscard]] ModelTensors tensors() const override { return hosted(*context_, weights_.tensors()); }
  TextScorer& scorer() override { return scorer_; }
  void begin_text(Index context) override {
    session_.emplace(weights_.model(), weights_, 256, context_);
    if (context > 0) session_->limit_to(context);
  }
  View<const float> feed(std::span<const Token> tokens) override { return in_float(session_->feed(tokens)); }
  [[nodiscard]] Index room() const override { return session_->room(); }
  void each_logits(const TokenGrid& grid, const std::function<void(View<const float>)>& act) override {
    LogitsPass{weights_, grid, context_}.each_logits([&](View<const Scalar> rows) { act(in_float(rows)); });
  }
  double gradients(const TokenGrid& grid) override {
    workspace_.emplace(weights_.model(), grid.tokens(), context_);
    return grid_gradient(*workspace_, weights_, grid);
  }
  [[nodiscard]] ModelTensors gradient_tensors() const override { return hosted(*context_, workspace_->gradients().tensors()); }

 private:
  View<const float> in_float(View<const Scalar> rows) {
    if constexpr (std::is_same_v<Scalar, float>) {
      return rows;
    } else {
      rounded_.resize(static_cast<std::size_t>(rows.size()));
      const View<float> result{rounded_.data(), rows.rows, rows.columns};
      for (Index r = 0; r < rows.rows; ++r)
        for (Index i = 0; i < rows.columns; ++i) result(r, i) = static_cast<float>(rows(r, i));
      return result;
    }
  }

  std::shared_ptr<Context> context_ = std::make_shared<Context>();  // one for all below
  Parameters<HostModel, Backend> weights_;
  Scorer<HostModel, Backend> scorer_{weights_.model(), weights_, 4096, context_};
  std::optional<Session<HostModel, Backend>> session_;
  std::optional<Workspace<HostModel, Backend>> workspace_;
  std::vector<float> rounded_;
};

class HostTraining final : public Training {
  using Trained = WithProjections<HostModel>;
  using Weights = Parameters<Trained, Cpu>;

 public:
  HostTraining(const HostModel& model, const TrainingSetup& setup)
      : weights_(started(Weights{Trained{model, setup.projections}, setup.options.seed}, setup)),
        trainer_(weights_.model(), weights_, setup.optimizer, setup.schedule, setup.objective, setup.options,
                 std::make_shared<CpuContext>(), setup.ranks) {}

  [[nodiscard]] Index rank() const override { return trainer_.rank(); }
  [[nodiscard]] const Progress& progress() const override { return trainer_.progress(); }
  void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) override { trainer_.resume_at(progress, numbers); }
  [[nodiscard]] std::vector<NamedNumber> numbers() const override { return trainer_.numbers(); }
  [[nodiscard]] std::vector<HostedTensor<float>> hosted_tensors() const override { return trainer_.hosted_tensors(); }
  [[nodiscard]] std::vector<HostedTensor<float>> result() const override {
    return hosted(*trainer_.context(), without_projections(trainer_.result().tensors()));
  }
  TextScorer& scorer() override {
    scorer_.emplace(weights_.model(), trainer_.result(), 4096, trainer_.context());
    return *scorer_;
  }
  void on_step(std::function<void(const StepReport&)> callback) override { trainer_.on_step(std::move(callback)); }
  void stop() override { trainer_.stop(); }
  bool run(const std::function<bool(Batch&)>& next, Index steps) override { return trainer_.run_on(next, steps); }

 private:
  static Weights started(Weights weights, const TrainingSetup& setup) {
    if (setup.start) setup.start(hosted(without_projections(weights.tensors())));
    return weights;
  }

  Weights weights_;
  Trainer<Trained, Cpu, AnyOptimizer, AnySchedule, AnyObjective<Cpu>> trainer_;
  std::optional<Scorer<Trained, Cpu>> scorer_;
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
RONDO_DEFINED_ONCE StepPlan step_plan(const HostModel& model, Sequences sequences, Index tokens, const AnyOptimizer& optimizer) {
  return plan_training_step(model, CrossEntropy{}, sequences, tokens, optimizer);
}
RONDO_DEFINED_ONCE std::unique_ptr<LoadedModel> loaded_model(const HostModel& model, BackendName backend) {
  if (backend == BackendName::reference) return std::make_unique<LoadedModelOn<Reference<double>>>(model);
  return std::make_unique<LoadedModelOn<Cpu>>(model);
}
RONDO_DEFINED_ONCE std::unique_ptr<EvaluatedModel> evaluated_model(const HostModel& model) {
  return std::make_unique<EvaluatedHostModel>(model);
}
RONDO_DEFINED_ONCE std::unique_ptr<Training> training_of(const HostModel& model, const TrainingSetup& setup) {
  return std::make_unique<HostTraining>(model, setup);
}
RONDO_DEFINED_ONCE std::unique_ptr<FineTuning> fine_tuning_of(const HostModel& trunk, const FineTuningSetup& setup) {
  if (setup.adapters) return std::make_unique<FineTuningOf<AdaptedTrunk<HostModel>>>(AdaptedTrunk{trunk, *setup.adapters}, setup);
  return std::make_unique<FineTuningOf<HostModel>>(trunk, setup);
}

}  // namespace rondo::app
