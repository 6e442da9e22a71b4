// TrainerOn: what a trainer (rondo/train/trainer.hpp) does of which nothing depends on the model: steps, what they report, what a run
// goes on from. Compiled once for a back-end, an optimiser and a schedule (rondo/app/standard_backends.hpp).
//
// A loss or gradient that is not finite stops with an Error that names the first weight, block or gradient where it appears; the
// weights are then as they were before the step.
//
// Ranks have equal bits of weights because they give equal bits of sums of gradients to one update, each of all weights or, of
// TrainingOptions::shard, each of its own share of them: a rank then keeps the optimiser's slots of that share alone, and gets the other
// weights from their ranks after the update. The numbers are the same.
//
// What a step computes of itself stays where it is computed (rondo/train/step_numbers.hpp): the host reads it once, after the update.
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
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <rondo/core/precision.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/model/hosted_tensor.hpp>
#include <rondo/objective/objective.hpp>
#include <rondo/optimizer/average.hpp>
#include <rondo/optimizer/masters.hpp>
#include <rondo/optimizer/optimizer_state.hpp>
#include <rondo/optimizer/schedule.hpp>
#include <rondo/parallel/gradient_sum.hpp>
#include <rondo/train/step_numbers.hpp>

namespace rondo {

// How a trainer steps, whatever optimiser it has.
struct TrainingOptions {
  Index accumulate = 1;          // batches a step
  double clip = 1;               // global norm of gradients; 0: no limit
  AnyAverage average{};          // of the weights
  Seed seed{};                   // of dropout
  std::vector<Group> groups{};   // of parameters that have shares of their own of rate and decay
  AnySchedule decay_schedule{};  // of weight decay
  double clip_epsilon = 0;       // optimizer/clip.hpp
  bool shard = false;            // each rank keeps its share of the optimiser's slots
  Precision precision{};         // of products in passes, and of what lies between them (combinator/kept.hpp); all else is float32
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
  CommunicationSeconds communication{};  // of the sums of gradients
};

// The trainer of any model on a back-end. (What a class template's members that are not short would cost each program is why they are
// defined below it: such ones are compiled once, rondo/app/standard_backends.hpp.)
template <class Backend, class Optimizer, class Schedule>
class TrainerOn {
 public:
  using Scalar = Wide<typename Backend::Scalar>;  // of what is trained
  using Context = typename Backend::Context;
  using Tensors = TensorBuffer<Scalar, typename Backend::Memory>;
  using State = OptimizerState<Optimizer, Backend>;
  using NextBatch = std::function<bool(Batch&)>;
  using Ranks = AnyRanks<WideOut<Context>>;

  virtual ~TrainerOn();
  TrainerOn(const TrainerOn&) = delete;
  TrainerOn& operator=(const TrainerOn&) = delete;

  [[nodiscard]] const State& state() const { return state_; }
  // For who works beside the trainer, as a scorer of its weights does.
  [[nodiscard]] const std::shared_ptr<Context>& context() const { return context_; }
  [[nodiscard]] const Progress& progress() const { return progress_; }
  // Says where a run goes on, and the optimiser's numbers there, after the tensors were filled (rondo/train/training_state.hpp).
  void resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers);
  // The numbers that the optimiser keeps from step to step.
  [[nodiscard]] std::vector<NamedNumber> numbers() const;
  // All that a run goes on from: "weights.PATH", "SLOT.PATH" for each slot of the optimiser, "average.PATH"; what this rank has of them.
  [[nodiscard]] std::vector<NamedTensor<Scalar, Context::place>> tensors() const;
  // The same for files. All ranks read and write them together, in their order: what is kept in shares comes from all ranks, and what the
  // first rank writes is written on all.
  [[nodiscard]] std::vector<HostedTensor<Scalar>> hosted_tensors() const;

  // Lets every update write this copy of the weights, too (rondo/optimizer/masters.hpp); it must outlive the trainer.
  template <class Stored>
  void store_in(const TensorBuffer<Stored, typename Backend::Memory>& copy) {
    update_ = [this, &copy] { state_.update_by_now(*context_, optimizer_, *weights_, gradients(), copy); };
    store_ = [this, &copy] { store(*context_, *weights_, copy); };
    store_();
  }
  // Called after every step, in the order given.
  void on_step(std::function<void(const StepReport&)> callback);
  // Lets run() return after the step that is in progress.
  void stop() { stopped_ = true; }
  [[nodiscard]] const Ranks& ranks() const { return ranks_; }
  [[nodiscard]] Index rank() const { return ranks_.rank(); }  // of those that train together; what they keep in common is written by rank 0

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
  // Takes the memory of steps on batches as large as this one by a pass that nothing comes of, so that later ones take none.
  void reserve(const Batch& largest);

 protected:
  TrainerOn(const Tensors& weights, const Optimizer& optimizer, const Schedule& schedule, const TrainingOptions& options,
            std::shared_ptr<Context> context, Ranks ranks);
  // What depends on the model. `prepare` makes sure of a workspace.
  virtual void prepare(Index tokens) = 0;
  virtual void add_gradient(const Batch& batch, RandomKey dropout) = 0;
  virtual void forward(const Batch& batch, RandomKey dropout) = 0;
  [[nodiscard]] virtual const Tensors& gradients() const = 0;
  [[nodiscard]] virtual const Tensors* kept_tensors() const = 0;
  [[nodiscard]] const TrainingOptions& options() const { return options_; }
  template <class Total>
  void add(const Losses<Total>& losses, const Batch& batch) {
    context_->apply(AddLosses<Total>{losses, static_cast<double>(batch.tokens), static_cast<double>(batch.words)}, numbers_);
    for (std::size_t i = 0; i < part_names_.size(); ++i) part_names_[i] = losses.parts[i].name;
  }
  // Whether weights are kept beside those that are trained: an average, or those that the optimiser would evaluate.
  [[nodiscard]] bool keeps_others() const { return options_.average.there() || evaluates_elsewhere(optimizer_); }
  // Brings the weights that the optimiser would evaluate up to date; all ranks do together.
  void refresh(const Tensors& kept) const;

 private:
  void listen();
  void add_listened_gradient(const Batch& batch, RandomKey dropout, bool last_of_step);
  void square_gradients();
  void update();
  [[nodiscard]] bool shards() const { return options_.shard && ranks_.several(); }
  void to_all(const HostedTensor<Scalar>& tensor, std::span<const Scalar> first_ranks) const;
  [[nodiscard]] HostedTensor<Scalar> hosted_slot(const typename State::KeptSlot& kept) const;
  [[nodiscard]] std::exception_ptr explain_loss(const Batch& batch, RandomKey dropout);
  [[noreturn]] void explain_gradient();
  // Throws for the first tensor that is not finite.
  void name_first(const Tensors& tensors, const std::string& what);

  std::shared_ptr<Context> context_;
  const Tensors* weights_;
  Optimizer optimizer_;
  Schedule schedule_;
  TrainingOptions options_;
  Ranks ranks_;
  Shares shares_;
  std::vector<std::pair<Index, Index>> own_;
  State state_;
  typename Backend::Memory memory_;
  View<StepNumbers, Context::place> numbers_;
  View<double, Context::place> squares_;  // of a part of the gradients
  std::optional<GradientSum<WideOut<Context>>> gradient_sum_;
  std::array<std::string_view, std::tuple_size_v<LossParts<double>>> part_names_{};
  std::function<void()> update_, store_;  // of weights that have a copy
  std::vector<std::function<void(const StepReport&)>> callbacks_;
  Progress progress_;
  bool stopped_ = false;   // this rank is to stop,
  bool all_stop_ = false;  // so all do
};

template <class Backend, class Optimizer, class Schedule>
TrainerOn<Backend, Optimizer, Schedule>::TrainerOn(const Tensors& weights, const Optimizer& optimizer, const Schedule& schedule,
                                                   const TrainingOptions& options, std::shared_ptr<Context> context, Ranks ranks)
    : context_(std::move(context)),
      weights_(&weights),
      optimizer_(checked(optimizer)),
      schedule_(schedule),
      options_(options),
      ranks_(std::move(ranks)),
      shares_(weights, ranks_.size(), [&](const Leaf& leaf) { return !updates_parts(optimizer, leaf); }),
      own_(shares_.of(ranks_.rank())),
      state_(optimizer, weights, *context_, options.groups, shards() ? &own_ : nullptr) {
  static_cast<void>(context_->products_in(options.precision));
  memory_ = context_->memory();
  numbers_ = {memory_.template take<StepNumbers>(1), 1, 1};
  squares_ = {memory_.template take<double>(1), 1, 1};
  options.average.check();
  options.decay_schedule.check();
  require(!options.average.there() || !evaluates_elsewhere(optimizer),
          "trainer: the optimiser averages the weights itself; expected no other average");
  schedule_.check();
  require(options.accumulate > 0, "trainer: accumulate must be at least 1 batch, found ", options.accumulate);
  require(options.clip >= 0, "trainer: clip must be at least 0, found ", options.clip);
  require(options.clip_epsilon >= 0, "trainer: clip_epsilon must be at least 0, found ", options.clip_epsilon);
}

template <class Backend, class Optimizer, class Schedule>
TrainerOn<Backend, Optimizer, Schedule>::~TrainerOn() = default;

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::resume_at(const Progress& progress, const std::vector<NamedNumber>& numbers) {
  progress_ = progress;
  state_.set_numbers(*context_, optimizer_, numbers);
  if (store_) store_();
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::numbers() const -> std::vector<NamedNumber> {
  return state_.numbers(*context_, optimizer_);
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::hosted_tensors() const -> std::vector<HostedTensor<Scalar>> {
  std::vector<HostedTensor<Scalar>> result = hosted(*context_, tensors());
  if (!ranks_.several()) return result;
  if (shards())
    for (const auto& kept : state_.kept(optimizer_, *weights_))
      *std::find_if(result.begin(), result.end(), [&](const auto& one) { return one.name == kept.name; }) = hosted_slot(kept);
  for (HostedTensor<Scalar>& one : result)
    one.write = [this, here = one](std::span<const Scalar> given) { to_all(here, given); };
  return result;
}

// Writes what the first rank gives on all.
template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::to_all(const HostedTensor<Scalar>& tensor, std::span<const Scalar> first_ranks) const {
  auto& c = *context_;
  const Index size = tensor.leaf.dimensions.size();
  std::vector<Scalar> numbers(static_cast<std::size_t>(size));
  auto mark = c.mark();
  const WideOut<Context> row = c.wide(1, size);
  if (rank() == 0) c.upload(first_ranks, row);
  ranks_.gather(row, borders_of_the_first(size, ranks_.size()));
  c.download(WideIn<Context>(row), std::span<Scalar>{numbers});
  tensor.write(numbers);
}

// Of a slot that is kept in shares.
template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::hosted_slot(const typename State::KeptSlot& kept) const -> HostedTensor<Scalar> {
  const auto& [name, leaf, tensor] = weights_->tensors()[kept.parameter];
  const Index begin = tensor.data - weights_->flat().data, size = tensor.size();
  const WideOut<Context> own{kept.tensor.data, 1, kept.tensor.size()};
  return {kept.name, leaf,
          [this, own, begin, size, first = kept.begin](std::span<Scalar> to) {
            auto& c = *context_;
            auto mark = c.mark();
            const WideOut<Context> row = c.wide(1, size);
            if (own.columns > 0) c.copy(WideIn<Context>(own), row.middle_columns(first, own.columns));
            ranks_.gather(row, shares_.borders_within(begin, begin + size));
            c.download(WideIn<Context>(row), to);
          },
          [this, own, first = kept.begin](std::span<const Scalar> from) {
            if (own.columns > 0)
              context_->upload(from.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(own.columns)), own);
          }};
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::on_step(std::function<void(const StepReport&)> callback) {
  callbacks_.push_back(std::move(callback));
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::refresh(const Tensors& kept) const {
  if (options_.average.there()) return;
  state_.evaluation(*context_, optimizer_, *weights_, kept);
  if (shards()) shares_.gather(ranks_, kept.flat());
}

template <class Backend, class Optimizer, class Schedule>
auto TrainerOn<Backend, Optimizer, Schedule>::tensors() const -> std::vector<NamedTensor<Scalar, Context::place>> {
  std::vector<NamedTensor<Scalar, Context::place>> result;
  const auto add = [&](const std::string& prefix, WideOut<Context> flat) {
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
  auto& c = *context_;
  const double share = schedule_(progress_.step, steps);
  StepNumbers numbers;
  numbers.step = progress_.step + 1;
  numbers.rate_share = share;
  numbers.decay_share = options_.decay_schedule(progress_.step, steps);
  numbers.average_share = options_.average.share(numbers.step, steps);
  const std::span<StepNumbers> here{&numbers, 1};
  c.upload(std::span<const StepNumbers>{here}, numbers_);
  Batch batch;
  RandomKey dropout;
  Absence absence;
  std::exception_ptr failure, problem;
  const auto explain = [&] {
    if (!numbers.own_loss_finite && !problem) problem = explain_loss(batch, dropout);
  };
  try {
    for (Index part = 0; part < options_.accumulate; ++part) {
      absence.ended = !next(batch);
      if (absence.ended) break;
      prepare(batch.ids.columns);
      if (part == 0) c.zero(gradients().flat());
      dropout = key_of(options_.seed, "dropout").at(progress_.step, part);
      if (rank() > 0) dropout = dropout.at(rank());
      add_listened_gradient(batch, dropout, part + 1 == options_.accumulate);
      if constexpr (Context::place == Place::host) {
        numbers.own_loss_finite = numbers_.data->own_loss_finite;
        explain();
      }
    }
  } catch (...) {
    failure = std::current_exception();
    absence.failed = true;
  }
  if (absence.ended || absence.failed) {  // the others are not to wait
    prepare(1);
    c.apply(absence, numbers_);
  }
  if (ranks_.several()) listen(), gradient_sum_->finish();
  square_gradients();
  if (ranks_.several()) ranks_.sum_placed(sums_of(numbers_));
  c.apply(ClipStep{options_.clip, options_.clip_epsilon}, numbers_, state_.now());
  update();
  if (options_.average.there())
    c.each_element(View<const StepNumbers, Context::place>(numbers_), BlendStep{}, kept_tensors()->flat(),
                   WideIn<Context>(weights_->flat()));

  c.download(View<const StepNumbers, Context::place>(numbers_), here);
  if (failure) std::rethrow_exception(failure);
  explain();
  if (problem) std::rethrow_exception(problem);
  if (numbers.sums.failed > 0) throw OtherRankFailed(error("step ", progress_.step, ": another rank has failed"));
  if (numbers.sums.ended > 0) return false;
  if (!std::isfinite(numbers.sums.loss)) throw OtherRankFailed(error("step ", progress_.step, ": the loss is not finite on another rank"));
  if (!std::isfinite(numbers.gradient_norm)) explain_gradient();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const auto tokens = static_cast<Index>(numbers.sums.tokens);
  progress_ = {progress_.step + 1, progress_.tokens + tokens, progress_.words + static_cast<Index>(numbers.sums.words),
               progress_.seconds + seconds};
  StepReport report{steps,
                    progress_,
                    numbers.mean(numbers.sums.loss),
                    with_optimizer(optimizer_, [](const auto& one) { return one.rate; }) * share,
                    numbers.gradient_norm,
                    tokens,
                    seconds};
  for (std::size_t i = 0; i < report.parts.size(); ++i) report.parts[i] = {part_names_[i], numbers.mean(numbers.sums.parts[i])};
  if (gradient_sum_) report.communication = gradient_sum_->seconds();
  try {
    for (const auto& callback : callbacks_) callback(report);
  } catch (...) {
    failure = std::current_exception();
  }
  std::array<double, 2> wishes{stopped_ ? 1.0 : 0.0, failure ? 1.0 : 0.0};
  ranks_.sum(wishes);
  if (failure) std::rethrow_exception(failure);
  if (wishes[1] > 0) throw OtherRankFailed(error("step ", progress_.step, ": another rank has failed after it"));
  all_stop_ = wishes[0] > 0;
  return true;
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::reserve(const Batch& largest) {
  const StepNumbers none;
  context_->upload(std::span<const StepNumbers>{&none, 1}, numbers_);
  prepare(largest.ids.columns);
  add_listened_gradient(largest, RandomKey{}, false);  // a step begins with numbers and gradients of its own
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::listen() {
  if (!gradient_sum_) gradient_sum_.emplace(gradients().flat(), shares_, ranks_, shards());
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::add_listened_gradient(const Batch& batch, RandomKey dropout, bool last_of_step) {
  struct Listening {
    Context& c;
    ~Listening() { c.gradient_left = nullptr; }
  } const listening{*context_};
  [[maybe_unused]] const auto threads = listening.c.threads_of_training(batch.ids.columns);
  [[maybe_unused]] const auto products = listening.c.products_in(options_.precision);
  if (last_of_step && ranks_.several()) listen(), listening.c.gradient_left = [this](Index block) { gradient_sum_->leave(block); };
  add_gradient(batch, dropout);
}

// Of this rank's share.
template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::square_gradients() {
  bool first = true;
  for (const auto& [begin, end] : own_) {
    const WideIn<Context> part = gradients().flat().middle_columns(begin, end - begin);
    context_->sum_of_squares(part, first ? squares_of(numbers_) : squares_);
    if (!std::exchange(first, false)) context_->apply(AddSquares{squares_.data}, numbers_);
  }
}

template <class Backend, class Optimizer, class Schedule>
void TrainerOn<Backend, Optimizer, Schedule>::update() {
  update_ ? update_() : state_.update_by_now(*context_, optimizer_, *weights_, gradients());
  if (!shards()) return;
  shares_.gather(ranks_, weights_->flat());
  if (store_) store_();
}

template <class Backend, class Optimizer, class Schedule>
std::exception_ptr TrainerOn<Backend, Optimizer, Schedule>::explain_loss(const Batch& batch, RandomKey dropout) {
  const std::string where = "step " + std::to_string(progress_.step) + ": the loss is not finite: ";
  auto& c = *context_;
  c.watched = true;
  std::string what = "the outputs of all blocks are finite; the final norm, the head or the loss itself is not";
  try {
    name_first(*weights_, "weight ");
    [[maybe_unused]] const auto products = c.products_in(options_.precision);
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
