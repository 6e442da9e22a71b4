// Evaluation: the forward passes of a model with its weights, the model's type put aside: what scorers and sessions call, so that they
// are compiled once for a back-end.
//
//   EvaluationOf<Hgrn2, Cpu> evaluation{model, weights};
//   evaluation.hidden(c, hidden);            // of the context's ids: hidden [tokens, width]
//   evaluation.logits(c, hidden, logits);    // hidden [n, width] -> logits [n, outputs()]; uncapped_logits: before Shape::logit_soft_cap
//   evaluation.logits_part(c, hidden, first, logits);      outputs [first, first + logits.columns) alone
//
// Passes may go on from what others have left, several from the same state:
//
//   evaluation.hidden_onward(c, hidden, capacity, {}, {}, &after);              // states of the context's sequences, in its scratch
//   evaluation.hidden_onward(c, hidden, capacity, after, {0, 0, 1}, nullptr);   // three more: two from the first's, one from the second's
#pragma once

#include <span>
#include <vector>

#include <rondo/core/shape.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/head.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

template <class Backend>
class Evaluation {
 public:
  using Context = typename Backend::Context;

  virtual ~Evaluation() = default;
  [[nodiscard]] virtual const Shape& shape() const = 0;
  [[nodiscard]] virtual Index outputs() const = 0;
  virtual void hidden(Context& c, Out<Context> hidden) const = 0;
  virtual void logits(Context& c, In<Context> hidden, Out<Context> logits) const = 0;
  virtual void uncapped_logits(Context& c, In<Context> hidden, Out<Context> logits) const = 0;
  virtual void logits_part(Context& c, In<Context> hidden, Index first, Out<Context> logits) const = 0;

  using States = std::vector<Out<Context>>;  // row s of each is sequence s's
  // Sequence s starts from a copy of row parents[s] of `before`, or of nothing where that is empty; what the sequences leave is taken from
  // the context's scratch, and is there as long as the caller's mark. `capacity`: tokens that a cache must hold, the same for all
  // passes of a text.
  virtual void hidden_onward(Context& c, Out<Context> hidden, Index capacity, const States& before, std::span<const Index> parents,
                             States* after) const = 0;
  [[nodiscard]] virtual Index state_size(Index capacity) const = 0;  // numbers a sequence
};

template <class Model, class Backend, class Storage = typename Backend::Scalar>
class EvaluationOf final : public Evaluation<Backend> {
 public:
  using typename Evaluation<Backend>::Context;
  using State = typename Model::template State<Out<Context>>;

  // `state`: what sequences start from, and where they leave theirs; without one they start from nothing. Both must outlive this.
  EvaluationOf(const Model& model, const Parameters<Model, Backend, Storage>& weights, const State* state = nullptr)
      : model_(model), weights_(&weights), state_(state) {}

  [[nodiscard]] const Shape& shape() const override { return model_.shape(); }
  [[nodiscard]] Index outputs() const override { return model_.outputs(); }
  void hidden(Context& c, Out<Context> hidden) const override {
    model_.evaluate(c, weights_->record(), hidden, {state_, state_});
  }
  void logits(Context& c, In<Context> hidden, Out<Context> logits) const override {
    model_.logits(c, weights_->record(), hidden, logits);
  }
  void uncapped_logits(Context& c, In<Context> hidden, Out<Context> logits) const override {
    model_.uncapped_logits(c, weights_->record(), hidden, logits);
  }
  void logits_part(Context& c, In<Context> hidden, Index first, Out<Context> logits) const override {
    if constexpr (InParts<Model>) {
      model_.uncapped_logits_part(c, weights_->record(), hidden, first, logits);
      if (const double cap = shape().logit_soft_cap; cap > 0) c.soft_cap(cap, logits, logits);
    } else {
      throw error("model: its head cannot be asked for a part of its ", outputs(), " outputs");
    }
  }

  using typename Evaluation<Backend>::States;
  void hidden_onward(Context& c, Out<Context> hidden, Index capacity, const States& before, std::span<const Index> parents,
                     States* after) const override {
    const Model model = with_cache(capacity);
    State state = c.record(StateRecords{c.extent()}, model);
    const States rows = tensors(c, model, state);
    if (!before.empty()) {
      const std::vector<bool> is_cache = caches(model);
      const auto from = c.numbers(std::ssize(parents), [&](Index s) { return parents[static_cast<std::size_t>(s)]; });
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!is_cache[i]) {
          c.gather_rows(from, before[i], rows[i]);
          continue;
        }
        for (std::size_t s = 0; s < parents.size(); ++s) {
          const Index known = rows[i].columns / capacity * c.sequences()[s].position;
          c.copy(before[i].middle_rows(parents[s], 1).middle_columns(0, known),
                 rows[i].middle_rows(static_cast<Index>(s), 1).middle_columns(0, known));
        }
      }
    }
    model.evaluate(c, weights_->record(), hidden, {before.empty() ? nullptr : &state, after ? &state : nullptr});
    if (after) *after = rows;
  }
  [[nodiscard]] Index state_size(Index capacity) const override {
    return record_size(StateRecords{Extent{1, 1}}, with_cache(capacity));
  }

 private:
  [[nodiscard]] Model with_cache(Index capacity) const {
    return with_shape(model_, shape().with_context(capacity));
  }
  static States tensors(Context& c, const Model& model, State& state) {
    States result;
    each_leaf<Out<Context>>(StateRecords{c.extent()}, model, state,
                            [&](const Path&, const Leaf&, Out<Context>& tensor) { result.push_back(tensor); });
    return result;
  }
  // Which of the tensors of a state grow with the text.
  static std::vector<bool> caches(const Model& model) {
    std::vector<Index> sizes[2];
    for (const Index times : {1, 2})
      each_leaf_of(StateRecords{Extent{1, 1}}, with_shape(model, model.shape().with_context(times)),
                   [&](const Path&, const Leaf& leaf) { sizes[times - 1].push_back(leaf.dimensions.size()); });
    std::vector<bool> result;
    for (std::size_t i = 0; i < sizes[0].size(); ++i) result.push_back(sizes[0][i] != sizes[1][i]);
    return result;
  }

  Model model_;
  const Parameters<Model, Backend, Storage>* weights_;
  const State* state_;
};

}  // namespace rondo
