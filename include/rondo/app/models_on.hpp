// LoadedModelOn and TrainingOn: what programs make of a model of any composition (rondo/model/any_model.hpp) on a back-end.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/app/loaded_model.hpp>
#include <rondo/app/standard_backends.hpp>
#include <rondo/app/training.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/optimizer/masters.hpp>
#include <rondo/train/grid_gradient.hpp>

namespace rondo::app {

template <class Model, class Backend>
class LoadedModelOn final : public LoadedModel {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;
  explicit LoadedModelOn(const Model& model) : weights_(model, *context_) {}

  [[nodiscard]] const Shape& shape() const override { return weights_.model().shape(); }
  [[nodiscard]] ModelTensors tensors() const override { return hosted_widened(*context_, weights_.tensors()); }
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
  [[nodiscard]] ModelTensors gradient_tensors() const override { return hosted_widened(*context_, workspace_->gradients().tensors()); }

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

template <class Model, class Backend>
class TrainingOn final : public Training {
  using Context = typename Backend::Context;
  using Scalar = typename Backend::Scalar;
  using Trained = WithProjections<Model>;
  using Stored = Parameters<Trained, Backend>;
  using Weights = Parameters<Trained, Backend, Wide<Scalar>>;

 public:
  TrainingOn(const Model& model, const TrainingSetup& setup, const AnyObjective<Backend>& objective,
             const AnyRanks<WideOut<Context>>& ranks = {})
      : weights_(started(Weights{Trained{model, setup.projections}, setup.options.seed, *context_}, setup)),
        trainer_(weights_.model(), weights_, setup.optimizer, setup.schedule, objective, setup.options, context_, ranks) {}

  [[nodiscard]] Index rank() const override { return trainer_.rank(); }
  [[nodiscard]] const Progress& progress() const override { return trainer_.progress(); }
  void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) override { trainer_.resume_at(progress, numbers); }
  [[nodiscard]] std::vector<NamedNumber> numbers() const override { return trainer_.numbers(); }
  [[nodiscard]] std::vector<HostedTensor<float>> hosted_tensors() const override { return trainer_.hosted_tensors(); }
  [[nodiscard]] std::vector<HostedTensor<float>> result() const override {
    return hosted(*trainer_.context(), without_projections(trainer_.result().tensors()));
  }
  TextScorer& scorer() override {
    if constexpr (std::is_same_v<Weights, Stored>) {
      scorer_.emplace(weights_.model(), trainer_.result(), 4096, context_);
    } else {
      if (!rounded_) rounded_.emplace(weights_.model(), *context_);
      store(*context_, trainer_.result(), *rounded_);
      scorer_.emplace(weights_.model(), *rounded_, 4096, context_);
    }
    return *scorer_;
  }
  void on_step(std::function<void(const StepReport&)> callback) override { trainer_.on_step(std::move(callback)); }
  void stop() override { trainer_.stop(); }
  void reserve(const Batch& largest) override { trainer_.reserve(largest); }
  bool run(const std::function<bool(Batch&)>& next, Index steps) override { return trainer_.run_on(next, steps); }

 private:
  Weights started(Weights weights, const TrainingSetup& setup) const {
    if (setup.start) setup.start(hosted(*context_, without_projections(weights.tensors())));
    return weights;
  }

  std::shared_ptr<Context> context_ = std::make_shared<Context>();
  Weights weights_;
  Trainer<Trained, Backend, AnyOptimizer, AnySchedule, AnyObjective<Backend>> trainer_;
  std::optional<Stored> rounded_;  // of what is scored, where passes read fewer bits than are learned
  std::optional<Scorer<Trained, Backend>> scorer_;
};

}  // namespace rondo::app
