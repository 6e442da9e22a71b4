// Trainer: takes a model through a stream of batches.
//
//   Trainer trainer{model, weights, AdamW{.rate = 1e-3}, Cosine{.warmup = 100}, CrossEntropy{}};
//   trainer.on_step([](const StepReport& report) { ... });
//   trainer.run(batches, steps);
//
// One step: the gradient of the mean loss over all labelled tokens of `accumulate` batches, clipped to the global norm `clip`,
// given to the optimiser at the schedule's rate; then the average of weights, if there is one. run() goes on from the step
// that was reached (progress()) to `steps`, which is also what the schedule's length is. Random numbers of dropout depend on the
// seed, the step, the batch within it and the rank. A step without a label leaves the weights as they are. A warm step allocates nothing.
//
// Ranks (rondo/parallel/communicator.hpp) take every step together, each on batches of its own: the step's gradient is that of the mean
// over all ranks' labels, the report counts all ranks' tokens, and all of them have the same bits of weights after it. Trainers of equal
// weights, given batches by BatchOptions::rank, are as one with the batches of all; stop() of one stops all, and where the batches of one
// come to an end, or its batch, a callback or the device throws, the step takes place on none and all return or throw.
#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include <rondo/data/batches.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/optimizer/adamw.hpp>
#include <rondo/train/trainer_on.hpp>
#include <rondo/train/workspace.hpp>

namespace rondo {

template <class Model, class Backend, class Optimizer = AdamW, class Schedule = Cosine, Objective ObjectiveType = CrossEntropy>
class Trainer : public TrainerOn<Backend, Optimizer, Schedule> {
  using Base = TrainerOn<Backend, Optimizer, Schedule>;
  using typename Base::Context;
  using typename Base::Ranks;
  using typename Base::Tensors;
  using typename Base::Scalar;

 public:
  using Weights = Parameters<Model, Backend, Scalar>;

  // The weights must outlive the trainer. Where the back-end stores narrower numbers, its passes read a copy that every update writes.
  Trainer(const Model& model, Weights& weights, const Optimizer& optimizer, const Schedule& schedule = {}, ObjectiveType objective = {},
          const TrainingOptions& options = {}, std::shared_ptr<Context> context = std::make_shared<Context>(), Ranks ranks = {})
      : Base(weights, optimizer, schedule, options, std::move(context), std::move(ranks)), weights_(&weights), objective_(objective) {
    objective_.check();
    require(weights.model().shape() == model.shape(), "trainer: the weights belong to a model of another shape");
    if constexpr (!std::same_as<Weights, Stored>) {
      stored_ = std::make_unique<Stored>(weights.model(), *this->context());
      this->store_in(*stored_);
    }
    if (!this->keeps_others()) return;
    kept_ = std::make_unique<Weights>(weights.model(), *this->context());
    this->context()->copy(WideIn<Context>(weights.flat()), kept_->flat());
  }

  [[nodiscard]] const Model& model() const { return weights_->model(); }
  [[nodiscard]] const Weights& weights() const { return *weights_; }
  [[nodiscard]] const Weights* average() const { return this->options().average.there() ? kept_.get() : nullptr; }
  // The weights to keep: their average where there is one, or those that the optimiser would evaluate.
  [[nodiscard]] const Weights& result() const {
    if (!kept_) return *weights_;
    this->refresh(*kept_);
    return *kept_;
  }
  // Sized by the first batch.
  [[nodiscard]] Workspace<Model, Backend>& workspace() { return *workspace_; }

 private:
  void prepare(Index tokens) override {
    if (workspace_) return;
    [[maybe_unused]] const auto products = this->context()->products_in(this->options().precision);
    workspace_ = std::make_unique<Workspace<Model, Backend>>(model(), tokens, this->context());
  }
  void add_gradient(const Batch& batch, RandomKey dropout) override {
    this->add(workspace_->add_gradient(stored(), batch, objective_, 1, dropout), batch);
  }
  void forward(const Batch& batch, RandomKey dropout) override { workspace_->forward(stored(), batch, dropout); }
  [[nodiscard]] const Tensors& gradients() const override { return workspace_->gradients(); }
  [[nodiscard]] const Tensors* kept_tensors() const override { return kept_.get(); }

  using Stored = typename Workspace<Model, Backend>::Weights;
  [[nodiscard]] const Stored& stored() const {
    if constexpr (std::same_as<Weights, Stored>)
      return *weights_;
    else
      return *stored_;
  }

  Weights* weights_;
  std::unique_ptr<Stored> stored_;
  ObjectiveType objective_;
  std::unique_ptr<Weights> kept_;
  std::unique_ptr<Workspace<Model, Backend>> workspace_;
};

}  // namespace rondo
