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
#include <rondo/model/over_trunk.hpp>

namespace rondo {

template <class TrunkType, class PoolingType = LastToken, class HeadType = ScoreHead>
class Classifier : public OverTrunk<TrunkType> {
  using Over = OverTrunk<TrunkType>;

 public:
  static constexpr void check(const Shape& shape) { TrunkType::check(shape); }
  Classifier(const Shape& shape, const ClassHeadOptions& options, PoolingType pooling = {})
      : Classifier(shape, HeadType(checked<Classifier>(shape), options), std::move(pooling)) {
    check_class_head(options);
  }
  Classifier(const Shape& shape, HeadType head, PoolingType pooling)
      : Classifier(TrunkType{shape}, std::move(head), std::move(pooling)) {}
  Classifier(const TrunkType& trunk, HeadType head, PoolingType pooling)
      : Over(with_shape(trunk, uncapped(trunk.shape()))), pooling_(std::move(pooling)), head_(std::move(head)) {}

  [[nodiscard]] const TrunkType& trunk() const { return this->inner_; }
  [[nodiscard]] const PoolingType& pooling() const { return pooling_; }
  [[nodiscard]] Index outputs() const { return head_.classes(); }

  template <class S>
  struct Weights {
    typename TrunkType::template Weights<S> trunk;
    typename HeadType::template Weights<S> head;
  };
  auto weight_leaves(auto&... w) const { return leaves(inside("", trunk(), w.trunk...), inside("score", head_, w.head...)); }

  // hidden [tokens, width]: of the rows of pooling() alone class scores are made.
  template <class C>
  void forward(C& c, const auto& w, Out<C> hidden, const auto& saved, const CarriedFor<TrunkType, C>& carried) const {
    Over::forward(c, w, hidden, saved, carried);
    pooling_.forward(c, hidden);
  }
  template <class C>
  void evaluate(C& c, const auto& w, Out<C> hidden, const CarriedFor<TrunkType, C>& carried) const {
    Over::evaluate(c, w, hidden, carried);
    pooling_.forward(c, hidden);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> d_hidden, const auto& saved, const auto& dw, const CarriedGradientFor<TrunkType, C>& carried,
                const Taps<C>& taps = {}) const {
    auto mark = c.mark();
    Over::backward(c, w, pooling_.backward(c, d_hidden), saved, dw, carried, taps);
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

  PoolingType pooling_;
  HeadType head_;
};

}  // namespace rondo
