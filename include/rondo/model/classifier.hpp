// Classifier<Trunk, Pooling, Head>: class scores of texts: a trunk, the hidden vector that stands for a text, a head on it.
//
//   x = Pooling(Trunk(ids));  logits = Head(x)
//
//   Classifier<Hgrn2::TrunkType, LastToken, ScoreHead> model{shape, {.classes = 3}};          layer/pooling.hpp, layer/class_head.hpp
//   Trainer trainer{model, weights, AdamW{.rate = 5e-5}, LinearDecay{}, CrossEntropy{}};
//
// Each sequence of a batch is a text, and its label stands in row pooling().row(sequence); all others have none: so a CrossEntropy is that
// of texts, and padding costs nothing. The trunk's tensors have the names that they have in a LanguageModel, the head's begin with
// "score.". Class scores have no soft cap.
#pragma once

#include <rondo/layer/class_head.hpp>
#include <rondo/layer/pooling.hpp>
#include <rondo/model/trunk.hpp>

namespace rondo {

template <class TrunkType, class PoolingType = LastToken, class HeadType = ScoreHead>
class Classifier {
 public:
  static constexpr void check(const Shape& shape) { TrunkType::check(shape); }
  Classifier(const Shape& shape, const ClassHeadOptions& options, PoolingType pooling = {})
      : Classifier(shape, HeadType(checked<Classifier>(shape), options), std::move(pooling)) {
    check_class_head(options);
  }
  Classifier(const Shape& shape, HeadType head, PoolingType pooling)
      : trunk_(uncapped(shape)), pooling_(std::move(pooling)), head_(std::move(head)) {}

  [[nodiscard]] const Shape& shape() const { return trunk_.shape(); }
  [[nodiscard]] const TrunkType& trunk() const { return trunk_; }
  [[nodiscard]] const PoolingType& pooling() const { return pooling_; }
  [[nodiscard]] Index outputs() const { return head_.classes(); }

  template <class S>
  struct Weights {
    typename TrunkType::template Weights<S> trunk;
    typename HeadType::template Weights<S> head;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", trunk_, w.trunk...), inside("score", head_, w.head...)); }
  template <class S>
  using Saved = typename TrunkType::template Saved<S>;
  auto saved_leaves(Extent extent, auto&... s) const { return trunk_.saved_leaves(extent, s...); }
  template <class S>
  using State = typename TrunkType::template State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return trunk_.state_leaves(extent, s...); }

  // hidden [tokens, width]: of the rows of pooling() alone class scores are made.
  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, CarriedFor<TrunkType, C> carried) const {
    trunk_.forward(c, w.trunk, hidden, saved, carried);
    pooling_.forward(c, hidden);
  }
  // forward without a backward to come.
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, CarriedFor<TrunkType, C> carried) const {
    trunk_.evaluate(c, w.trunk, hidden, carried);
    pooling_.forward(c, hidden);
  }
  // Adds to every gradient but the head's; d_hidden, and what is in the taps, come from the objective.
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, CarriedGradientFor<TrunkType, C> carried,
                const Taps<C>& taps = {}) const {
    auto mark = c.mark();
    trunk_.backward(c, w.trunk, pooling_.backward(c, d_hidden), saved, dw.trunk, carried, taps);
  }

  // Class scores of some rows of hidden.
  template <class C>
  void logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    head_.forward(c, w.head, hidden, logits);
  }
  template <class C>
  void uncapped_logits(C& c, const auto& w, In<C> hidden, Out<C> logits) const {
    head_.forward(c, w.head, hidden, logits);
  }
  template <class C>
  void uncapped_logits_backward(C& c, const auto& w, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw) const {
    head_.backward(c, w.head, hidden, d_logits, d_hidden, dw.head);
  }

 private:
  static Shape uncapped(Shape shape) {
    shape.logit_soft_cap = 0;
    return shape;
  }

  TrunkType trunk_;
  PoolingType pooling_;
  HeadType head_;
};

}  // namespace rondo
