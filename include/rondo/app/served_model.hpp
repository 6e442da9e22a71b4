// ServedModel: one composition as the commands of a program use it, without its type.
//
//   ServedModel served = serve<Hgrn2>();
//   auto model = served.make(shape, BackendName::cpu);       // weights all zero, to be filled: model->tensors()
//   HeldOutLoss loss = held_out_loss(model->scorer(), ...);
//   auto training = served.train(shape, setup);              // weights, optimiser, moving average
//
// This is all that is compiled for each composition of a program; what surrounds it (files, command lines, reports) is compiled
// once (rondo/core/compiled.hpp).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <rondo/app/fine_tuning.hpp>
#include <rondo/app/known_model.hpp>
#include <rondo/app/objectives.hpp>
#include <rondo/app/standard_backends.hpp>
#include <rondo/gate/standard_gates.hpp>
#include <rondo/model/checkpoint/file_form.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/train/grid_gradient.hpp>
#include <rondo/train/plan.hpp>

namespace rondo::app {

enum class BackendName { cpu, reference };  // float32, fast; plain loops in double

using ModelTensors = std::variant<std::vector<HostedTensor<float>>, std::vector<HostedTensor<double>>>;

// A model with its weights.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual ModelTensors tensors() const = 0;
  virtual TextScorer& scorer() = 0;
  // Forgets the text before; an attention may then look back at no more than `context` tokens (0: those of the shape).
  virtual void begin_text(Index context = 0) = 0;
  // Goes on with a text; the logits after its last token [1, vocabulary].
  virtual View<const float> feed(std::span<const Token> tokens) = 0;
  [[nodiscard]] virtual Index room() const = 0;  // tokens that may still be fed
  virtual void each_logits(const TokenGrid& grid, const std::function<void(View<const float> rows)>& act) = 0;
  // The loss; its gradients, by name, are then those of gradient_tensors().
  virtual double gradients(const TokenGrid& grid) = 0;
  [[nodiscard]] virtual ModelTensors gradient_tensors() const = 0;
};

struct TrainingSetup {
  AnyOptimizer optimizer;
  AnySchedule schedule;
  AnyObjective<Cpu> objective;
  TrainingOptions options;
  HostRanks ranks{};  // that train together, this one among them
  std::vector<ProjectionWidths> projections{};  // maps that the run learns beside the model
  std::function<void(const std::vector<HostedTensor<float>>& weights)> start{};  // fills weights that are not to start at random
};

// A model in training: what rondo/app/run_keeper.hpp keeps a folder of.
class Training {
 public:
  virtual ~Training() = default;
  [[nodiscard]] virtual Index rank() const = 0;
  [[nodiscard]] virtual const Progress& progress() const = 0;
  virtual void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) = 0;
  [[nodiscard]] virtual std::vector<NamedNumber> numbers() const = 0;  // of the optimiser
  [[nodiscard]] virtual std::vector<HostedTensor<float>> hosted_tensors() const = 0;  // all that a run goes on from
  [[nodiscard]] virtual std::vector<HostedTensor<float>> result() const = 0;          // the weights to keep
  virtual TextScorer& scorer() = 0;                                           // of those
  virtual void on_step(std::function<void(const StepReport&)> callback) = 0;
  virtual void stop() = 0;
  virtual bool run(const std::function<bool(Batch&)>& next, Index steps) = 0;
};

struct ServedModel {
  CompositionFiles files;
  std::vector<NamedLeaf> (*leaves)(const Shape&);
  std::unique_ptr<LoadedModel> (*make)(const Shape&, BackendName);
  std::unique_ptr<Training> (*train)(const Shape&, const TrainingSetup&);
  StepPlan (*plan)(const Shape&, Sequences, Index tokens, const AnyOptimizer&);
  Index (*state_size)(const Shape&);  // numbers a sequence
  std::unique_ptr<EvaluatedModel> (*evaluated)(const Shape&);
  std::unique_ptr<FineTuning> (*fine_tune)(const Shape&, const FineTuningSetup&) = nullptr;  // of its trunk; null: none is compiled

  [[nodiscard]] KnownModel known() const { return {files, leaves, evaluated}; }
  // Of one array of weights.
  [[nodiscard]] Index parameters(const Shape& shape) const {
    Index count = 0;
    for (const NamedLeaf& one : leaves(shape)) count += one.leaf.dimensions.size();
    return count;
  }
};

template <class Model, class Backend>
class LoadedModelOn : public LoadedModel {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;
  explicit LoadedModelOn(const Shape& shape) : weights_(Model{shape}, *context_) {}

  [[nodiscard]] const Shape& shape() const override { return weights_.model().shape(); }
  [[nodiscard]] ModelTensors tensors() const override { return hosted(*context_, weights_.tensors()); }
  TextScorer& scorer() override { return scorer_; }
  void begin_text(Index context) override {
    session_.emplace(weights_.model(), weights_, 256, context_);
    if (context > 0) session_->limit_to(context);
  }
  View<const float> feed(std::span<const Token> tokens) override { return in_float(session_->feed(tokens)); }
  Index room() const override { return session_->room(); }
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
  Parameters<Model, Backend> weights_;
  Scorer<Model, Backend> scorer_{weights_.model(), weights_, 4096, context_};
  std::optional<Session<Model, Backend>> session_;
  std::optional<Workspace<Model, Backend>> workspace_;
  std::vector<float> rounded_;
};

template <class Model>
class TrainingOf : public Training {
  using Trained = WithProjections<Model>;
  using Weights = Parameters<Trained, Cpu>;

 public:
  TrainingOf(const Shape& shape, const TrainingSetup& setup)
      : weights_(started(Weights{Trained{Model{shape}, setup.projections}, setup.options.seed}, setup)),
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

template <class Model>
ServedModel serve() {
  return {
      .files = composition_files<Model>(),
      .leaves = [](const Shape& shape) { return named_leaves(WeightRecords{}, Model{shape}); },
      .make = [](const Shape& shape, BackendName backend) -> std::unique_ptr<LoadedModel> {
        if (backend == BackendName::reference) return std::make_unique<LoadedModelOn<Model, Reference<double>>>(shape);
        return std::make_unique<LoadedModelOn<Model, Cpu>>(shape);
      },
      .train = [](const Shape& shape, const TrainingSetup& setup) -> std::unique_ptr<Training> {
        return std::make_unique<TrainingOf<Model>>(shape, setup);
      },
      .plan = [](const Shape& shape, Sequences sequences, Index tokens,
                 const AnyOptimizer& optimizer) { return plan_training_step(Model{shape}, CrossEntropy{}, sequences, tokens, optimizer); },
      .state_size = [](const Shape& shape) { return record_size(StateRecords{Extent{1, 1}}, Model{shape}); },
      .evaluated = evaluated_model<Model>,
  };
}
// The same for a program that fine-tunes classifiers with the model's trunk, too.
template <class Model>
ServedModel serve_whole() {
  ServedModel served = serve<Model>();
  if constexpr (requires { typename Model::TrunkType; })
    served.fine_tune = [](const Shape& shape, const FineTuningSetup& setup) -> std::unique_ptr<FineTuning> {
      return std::make_unique<FineTuningOf<typename Model::TrunkType>>(shape, setup);
    };
  return served;
}

}  // namespace rondo::app
