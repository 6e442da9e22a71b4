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
// weights, given batches by BatchOptions::rank, are as one with the batches of all; stop() of one stops all.
//
// A loss or gradient that is not finite stops with an Error that names the first weight, block or gradient where it appears; the
// weights are then as they were before the step.
#pragma once

#include <array>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rondo/data/batches.hpp>
#include <rondo/model/hosted_tensor.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/optimizer/adamw.hpp>
#include <rondo/optimizer/average.hpp>
#include <rondo/optimizer/clip.hpp>
#include <rondo/optimizer/optimizer_state.hpp>
#include <rondo/optimizer/schedule.hpp>
#include <rondo/parallel/gradient_sum.hpp>
#include <rondo/train/workspace.hpp>

namespace rondo {

// How a trainer steps, whatever optimiser it has.
struct TrainingOptions {
  Index accumulate = 1;          // batches a step
  double clip = 1;               // global norm of gradients; 0: no limit
  AnyAverage average{};          // of the weights
  Seed seed{};                   // of dropout
  std::vector<Group> groups{};   // of parameters that have shares of their own of rate and decay
  AnySchedule decay_schedule{};  // of weight decay
};

// What has been done since the first step of a run, resumed or not.
struct Progress {
  Index step = 0;
  Index tokens = 0;
  Index words = 0;
  double seconds = 0;
  friend constexpr bool operator==(const Progress&, const Progress&) = default;
};

struct StepReport {
  Index steps = 0;    // that the run is to have
  Progress progress;  // this step included
  double loss = 0;    // mean over the step's labelled tokens, nats, before the update; 0 where there are none
  double rate = 0;
  double gradient_norm = 0;
  Index tokens = 0;  // of this step
  double seconds = 0;
  LossParts<double> parts{};  // of the loss, where the objective names any: means as the loss is
};

// The trainer of any model on a back-end. (What a class template's members that are not short would cost each program is why they are
// defined below it: such ones are compiled once, rondo/app/standard_backends.hpp.)
template <class Backend, class Optimizer, class Schedule>
class TrainerOn {
 public:
  using Scalar = typename Backend::Scalar;
  using Context = typename Backend::Context;
  using Tensors = TensorBuffer<Scalar, typename Backend::Memory>;
  using State = OptimizerState<Optimizer, Backend>;
  using NextBatch = std::function<bool(Batch&)>;

  virtual ~TrainerOn();
  TrainerOn(const TrainerOn&) = delete;
  TrainerOn& operator=(const TrainerOn&) = delete;

  [[nodiscard]] const State& state() const { return state_; }
  // For who works beside the trainer, as a scorer of its weights does.
  [[nodiscard]] const std::shared_ptr<Context>& context() const { return context_; }
  [[nodiscard]] const Progress& progress() const { return progress_; }
  // Says where a run goes on, and the optimiser's numbers there; the caller then fills the tensors (rondo/train/training_state.hpp).
  void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers);
  // The numbers that the optimiser keeps from step to step.
  [[nodiscard]] std::vector<NamedNumber> numbers() const;
  // All that a run goes on from: "weights.PATH", "SLOT.PATH" for each slot of the optimiser, "average.PATH".
  [[nodiscard]] std::vector<NamedTensor<Scalar, Context::place>> tensors() const;
  [[nodiscard]] std::vector<HostedTensor<Scalar>> hosted_tensors() const;

  // Lets every update write this copy of the weights, too (rondo/optimizer/masters.hpp); it must outlive the trainer.
  template <class Stored>
  void store_in(const TensorBuffer<Stored, typename Backend::Memory>& copy) {
    update_ = [this, &copy](const Update& now) { state_.update(*context_, optimizer_, now, *weights_, gradients(), copy); };
  }
  // Called after every step, in the order given.
  void on_step(std::function<void(const StepReport&)> callback);
  // Lets run() return after the step that is in progress.
  void stop() { stopped_ = true; }
  [[nodiscard]] virtual Index rank() const = 0;  // of those that train together; what they keep in common is written by rank 0

  // True once all steps are done; false where stop() was called or the batches (batches.next(batch)) came to an end.
  template <class BatchStream>
  bool run(BatchStream& batches, Index steps) {
    return run_on([&](Batch& batch) { return batches.next(batch); }, steps);
  }
  // One step; false where the batches came to an end before it.
  template <class BatchStream>
  bool step(BatchStream& batches, Index steps) {
    return step_on([&](Batch& batch) { return batches.next(batch); }, steps);
  }
  bool run_on(const NextBatch& next, Index steps);
  bool step_on(const NextBatch& next, Index steps);

 protected:
  TrainerOn(const Tensors& weights, const Optimizer& optimizer, const Schedule& schedule, const TrainingOptions& options,
            std::shared_ptr<Context> context);
  // What depends on the model. `prepare` makes sure of a workspace for the batch.
  virtual void prepare(const Batch& batch) = 0;
  virtual Losses<double> add_gradient(const Batch& batch, RandomKey dropout, bool last_of_step) = 0;
  // Over all ranks: the gradients of a step, after its last batch; numbers; the part of a row that is this rank's.
  virtual void sum_gradients() = 0;
  virtual void sum(std::span<double> numbers) = 0;
  [[nodiscard]] virtual In<Context> own_share(Out<Context> row) const = 0;
  virtual void forward(const Batch& batch, RandomKey dropout) = 0;
  [[nodiscard]] virtual const Tensors& gradients() const = 0;
  [[nodiscard]] virtual const Tensors* kept_tensors() const = 0;
  [[nodiscard]] const TrainingOptions& options() const { return options_; }
  // Whether weights are kept beside those that are trained: an average, or those that the optimiser would evaluate.
  [[nodiscard]] bool keeps_others() const { return options_.average.there() || evaluates_elsewhere(optimizer_); }
  // Brings the weights that the optimiser would evaluate up to date.
  void refresh(const Tensors& kept) const;

 private:
  // The losses and counts of all ranks, for those of this one; an Error that a rank has met is thrown on all.
  void sum_counts(Losses<double>& losses, Progress& reached, const std::exception_ptr& problem);
  [[nodiscard]] std::exception_ptr explain_loss(const Batch& batch, RandomKey dropout);
  [[noreturn]] void explain_gradient();
  // Throws for the first tensor that is not finite.
  void name_first(const Tensors& tensors, const std::string& what);

  std::shared_ptr<Context> context_;
  const Tensors* weights_;
  Optimizer optimizer_;
  Schedule schedule_;
  TrainingOptions options_;
  State state_;
  std::function<void(const Update&)> update_;  // of masters; of weights without a copy there is none
  std::vector<std::function<void(const StepReport&)>> callbacks_;
  Progress progress_;
  bool stopped_ = false;   // this rank is to stop,
  bool all_stop_ = false;  // so all do
};

template <class Model, class Backend, class Optimizer = AdamW, class Schedule = Cosine, Objective ObjectiveType = CrossEntropy,
          Communicator<typename Backend::Context> Ranks = Alone>
class Trainer : public TrainerOn<Backend, Optimizer, Schedule> {
  using Base = TrainerOn<Backend, Optimizer, Schedule>;
  using typename Base::Context;
  using typename Base::Tensors;
  using typename Base::Scalar;

 public:
  using Weights = Parameters<Model, Backend>;

  // The weights must outlive the trainer.
  Trainer(const Model& model, Weights& weights, const Optimizer& optimizer, const Schedule& schedule = {}, ObjectiveType objective = {},
          const TrainingOptions& options = {}, std::shared_ptr<Context> context = std::make_shared<Context>(), Ranks ranks = {})
      : Base(weights, optimizer, schedule, options, std::move(context)),
        weights_(&weights),
        objective_(objective),
        ranks_(std::move(ranks)) {
    objective_.check();
    require(weights.model().shape() == model.shape(), "trainer: the weights belong to a model of another shape");
    if (!this->keeps_others()) return;
    kept_ = std::make_unique<Weights>(weights.model(), *this->context());
    this->context()->copy(weights.flat(), kept_->flat());
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
  [[nodiscard]] Index rank() const override { return ranks_.rank(); }
  // Sized by the first batch.
  [[nodiscard]] Workspace<Model, Backend>& workspace() { return *workspace_; }

 private:
  void prepare(const Batch& batch) override {
    if (!workspace_) workspace_ = std::make_unique<Workspace<Model, Backend>>(model(), batch.ids.columns, this->context());
  }
  Losses<double> add_gradient(const Batch& batch, RandomKey dropout, bool last_of_step) override {
    struct Listening {
      Context& c;
      ~Listening() { c.gradient_left = nullptr; }
    } const listening{*this->context()};
    if (last_of_step && ranks_.size() > 1) {
      if (!gradient_sum_) gradient_sum_.emplace(workspace_->gradients());
      listening.c.gradient_left = [this](Index block) { gradient_sum_->leave(ranks_, block); };
    }
    return Losses<double>{} += workspace_->add_gradient(*weights_, batch, objective_, 1, dropout);
  }
  void sum_gradients() override {
    if (gradient_sum_) gradient_sum_->finish(ranks_);
  }
  void sum(std::span<double> numbers) override { ranks_.sum(numbers); }
  [[nodiscard]] In<Context> own_share(Out<Context> row) const override { return share(row, ranks_.rank(), ranks_.size()); }
  void forward(const Batch& batch, RandomKey dropout) override { workspace_->forward(*weights_, batch, dropout); }
  [[nodiscard]] const Tensors& gradients() const override { return workspace_->gradients(); }
  [[nodiscard]] const Tensors* kept_tensors() const override { return kept_.get(); }

  Weights* weights_;
  ObjectiveType objective_;
  std::unique_ptr<Weights> kept_;
  std::unique_ptr<Workspace<Model, Backend>> workspace_;
  Ranks ranks_;
  std::optional<GradientSum<Context>> gradient_sum_;
};

template <class Backend, class Optimizer, class Schedule>
TrainerOn<Backend, Optimizer, Schedule>::TrainerOn(const Tensors& weights, const Optimizer& optimizer, const Schedule& schedule,
                                                   const TrainingOptions& options, std::shared_ptr<Context> context)
    : context_(std::move(context)),
      weights_(&weights),
      optimizer_(checked(optimizer)),
      schedule_(schedule),
      options_(options),
      state_(optimizer, weights, *context_, options.groups) {
  options.average.check();
  options.decay_schedule.check();
  require(!options.average.there() || !evaluates_elsewhere(optimizer),
          "trainer: the optimiser averages the weights itself; expected no other average");
  schedule_.check();
  require(options.accumulate > 0, "trainer: accumulate must be at least 1 batch, found ", options.accumulate);
  require(options.clip >= 0, "trainer: clip must be at least 0, found ", options.clip);
}

template <class Backend, class Optimizer, class Schedule>
TrainerOn<Backend, Optimizer, Schedule>::~TrainerOn() = default;

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) {
  progress_ = progress;
  state_.set_numbers(optimizer_, numbers);
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::numbers() const -> std::vector<NamedNumber> {
  return state_.numbers(optimizer_);
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::hosted_tensors() const -> std::vector<HostedTensor<Scalar>> {
  return hosted(*context_, tensors());
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::on_step(std::function<void(const StepReport&)> callback) {
  callbacks_.push_back(std::move(callback));
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::refresh(const Tensors& kept) const {
  if (!options_.average.there()) state_.evaluation(*context_, optimizer_, *weights_, kept);
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::tensors() const -> std::vector<NamedTensor<Scalar, Context::place>> {
  std::vector<NamedTensor<Scalar, Context::place>> result;
  const auto add = [&](const std::string& prefix, Out<Context> flat) {
    for (NamedTensor<Scalar, Context::place> one : weights_->tensors()) {
      one.name = prefix + one.name;
      one.tensor.data = flat.data + (one.tensor.data - weights_->flat().data);
      result.push_back(std::move(one));
    }
  };
  add("weights.", weights_->flat());
  for (auto& one : state_.tensors(optimizer_, *weights_)) result.push_back(std::move(one));
  if (options_.average.there()) add("average.", kept_tensors()->flat());
  return result;
}

template <class Backend, class Optimizer, class Schedule>
bool TrainerOn<Backend, Optimizer, Schedule>::run_on(const NextBatch& next, Index steps) {
  stopped_ = all_stop_ = false;
  while (progress_.step < steps && !all_stop_)
    if (!step_on(next, steps)) return false;
  return progress_.step >= steps;
}

template <class Backend, class Optimizer, class Schedule>
bool TrainerOn<Backend, Optimizer, Schedule>::step_on(const NextBatch& next, Index steps) {
  const auto start = std::chrono::steady_clock::now();
  Progress reached = progress_;
  Losses<double> losses;
  std::exception_ptr problem;
  for (Index part = 0; part < options_.accumulate; ++part) {
    Batch batch;
    if (!next(batch)) return false;
    prepare(batch);
    auto& c = *context_;
    if (part == 0) c.zero(gradients().flat());
    RandomKey dropout = key_of(options_.seed, "dropout").at(reached.step, part);
    if (rank() > 0) dropout = dropout.at(rank());
    const Losses<double> more = add_gradient(batch, dropout, part + 1 == options_.accumulate);
    if (!std::isfinite(more.sum) && !problem) problem = explain_loss(batch, dropout);
    losses += more;
    reached.tokens += batch.tokens;
    reached.words += batch.words;
  }
  sum_gradients();
  sum_counts(losses, reached, problem);
  auto& c = *context_;
  double squares = c.sum_of_squares(own_share(gradients().flat()));
  sum({&squares, 1});
  const ClippedNorm clipped = clip_norm(squares, options_.clip, losses.mean(1));
  if (!std::isfinite(clipped.norm)) explain_gradient();
  const double share = schedule_(reached.step, steps);
  ++reached.step;
  if (losses.count > 0) {
    const double decay_share = options_.decay_schedule(reached.step - 1, steps);
    const Update now{reached.step, share, clipped.scale, decay_share};
    update_ ? update_(now) : state_.update(c, optimizer_, now, *weights_, gradients());
    if (options_.average.there()) c.blend(weights_->flat(), kept_tensors()->flat(), options_.average.share(reached.step, steps));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  reached.seconds += seconds;
  for (NamedSum<double>& part : losses.parts) part.sum = losses.mean(part.sum);
  const StepReport report{steps,
                          reached,
                          losses.mean(losses.sum),
                          with_optimizer(optimizer_, [](const auto& one) { return one.rate; }) * share,
                          clipped.norm,
                          reached.tokens - progress_.tokens,
                          seconds,
                          losses.parts};
  progress_ = reached;
  for (const auto& callback : callbacks_) callback(report);
  double stopped = stopped_ ? 1 : 0;
  sum({&stopped, 1});
  all_stop_ = stopped > 0;
  return true;
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::sum_counts(Losses<double>& losses, Progress& reached,
                                                         const std::exception_ptr& problem) {
  std::array<double, 4 + std::tuple_size_v<LossParts<double>>> numbers{losses.sum, static_cast<double>(losses.count),
                                                                       static_cast<double>(reached.tokens - progress_.tokens),
                                                                       static_cast<double>(reached.words - progress_.words)};
  for (std::size_t i = 0; i < losses.parts.size(); ++i) numbers[4 + i] = losses.parts[i].sum;
  sum(numbers);
  if (problem) std::rethrow_exception(problem);
  if (!std::isfinite(numbers[0])) throw NotFinite(error("step ", progress_.step, ": the loss is not finite on another rank"));
  losses.sum = numbers[0];
  losses.count = static_cast<Index>(numbers[1]);
  reached.tokens = progress_.tokens + static_cast<Index>(numbers[2]);
  reached.words = progress_.words + static_cast<Index>(numbers[3]);
  for (std::size_t i = 0; i < losses.parts.size(); ++i) losses.parts[i].sum = numbers[4 + i];
}

template <class Backend, class Optimizer, class Schedule>
std::exception_ptr TrainerOn<Backend, Optimizer, Schedule>::explain_loss(const Batch& batch, RandomKey dropout) {
  const std::string where = "step " + std::to_string(progress_.step) + ": the loss is not finite: ";
  auto& c = *context_;
  c.watched = true;
  std::string what = "the outputs of all blocks are finite; the final norm, the head or the loss itself is not";
  try {
    name_first(*weights_, "weight ");
    forward(batch, dropout);
  } catch (const Error& found) {
    what = found.what();
  }
  c.watched = false;
  return std::make_exception_ptr(NotFinite(error(where, what)));
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::explain_gradient() {
  const std::string where = "step " + std::to_string(progress_.step) + ": the norm of the gradients is not finite: ";
  name_first(gradients(), where + "gradient of ");
  throw NotFinite(error(where, "each gradient is"));
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::name_first(const Tensors& tensors, const std::string& what) {
  for (const auto& one : tensors.tensors())
    if (!context_->finite(one.tensor)) throw NotFinite(error(what, one.name, " is not"));
}

}  // namespace rondo
