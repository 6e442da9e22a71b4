// The head of a language model:  logits = h W^T (+ b)      W [vocabulary, width], logits [tokens, outputs() = vocabulary]
//
//   Head<Bias>       its own matrix
//   TiedHead<Bias>   the embedding's matrix (Press and Wolf 2017); its gradient is added to the embedding's
//
// The model caps the logits where its shape says so; objectives form them and their gradient block by block
// (rondo/objective/logit_blocks.hpp).
#pragma once

#include <rondo/layer/linear.hpp>

namespace rondo {

template <Bias with_bias = Bias::no>
class Head : public RecordsOf<Linear<with_bias>> {
 public:
  static constexpr bool tied = false;
  constexpr Head(const Shape& shape, Initial initial)
      : RecordsOf<Linear<with_bias>>({shape.width, shape.vocabulary, initial, initial, Role::head}) {}
  [[nodiscard]] constexpr Index outputs() const { return this->inner_.out(); }

  template <class C>
  void forward(C& c, const auto& w, const auto&, In<C> hidden, Out<C> logits) const {
    this->inner_.forward(c, w, hidden, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, const auto&, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw, const auto&) const {
    this->inner_.backward(c, w, hidden, d_logits, d_hidden, dw);
  }
};

template <Bias with_bias = Bias::no>
class TiedHead : public PlainLayer, public NothingSaved, public NoState {
 public:
  static constexpr bool tied = true;
  static constexpr void check(const Shape& shape) {
    if (shape.embedding() != shape.width)
      throw error("shape: a tied head needs an embedding as wide as the model, found ", shape.embedding(), " and ", shape.width);
  }
  constexpr TiedHead(const Shape& shape, Initial initial) : vocabulary_(shape.vocabulary), initial_(initial) {}
  [[nodiscard]] constexpr Index outputs() const { return vocabulary_; }

  template <class S>
  struct BiasAlone {
    S bias;
  };
  template <class S>
  using Weights = std::conditional_t<with_bias == Bias::yes, BiasAlone<S>, NoWeights::Weights<S>>;
  constexpr auto weight_leaves(auto&... w) const {
    if constexpr (with_bias == Bias::yes)
      return leaves(parameter("bias", {vocabulary_}, initial_, Decay::no, w.bias...));
    else
      return leaves();
  }

  template <class C>
  void forward(C& c, const auto& w, const auto& embedding, In<C> hidden, Out<C> logits) const {
    c.linear(hidden, embedding.weight, logits);
    if constexpr (with_bias == Bias::yes) c.add_bias(w.bias, logits);
  }
  template <class C>
  void backward(C& c, const auto&, const auto& embedding, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw,
                const auto& d_embedding) const {
    c.linear_input_gradient(d_logits, embedding.weight, d_hidden);
    c.linear_weight_gradient(d_logits, hidden, d_embedding.weight);
    if constexpr (with_bias == Bias::yes) c.bias_gradient(d_logits, dw.bias);
  }

 private:
  Index vocabulary_;
  Initial initial_;
};

}  // namespace rondo
