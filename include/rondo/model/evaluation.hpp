// Evaluation: the forward passes of a model with its weights, the model's type put aside: what scorers and sessions call, so that they
// are compiled once for a back-end.
//
//   EvaluationOf<Hgrn2, Cpu> evaluation{model, weights};
//   evaluation.hidden(c, hidden);            // of the context's ids: hidden [tokens, width]
//   evaluation.logits(c, hidden, logits);    // hidden [n, width] -> logits [n, outputs()]; uncapped_logits: before Shape::logit_soft_cap
//   evaluation.logits_part(c, hidden, first, logits);      outputs [first, first + logits.columns) alone
#pragma once

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

 private:
  Model model_;
  const Parameters<Model, Backend, Storage>* weights_;
  const State* state_;
};

}  // namespace rondo
