// The head of a language model:  logits = h W^T (+ b)      W [vocabulary, width], logits [tokens, outputs() = vocabulary]
//
//   Head<Bias>       its own matrix
//   TiedHead<Bias>   the embedding's matrix (Press and Wolf 2017); its gradient is added to the embedding's
//
// A head of many outputs may be asked for a part of them: outputs [first, first + logits.columns).
//
// The model caps the logits where its shape says so; objectives form them and their gradient block by block
// (rondo/objective/logit_blocks.hpp).
#pragma once

#include <rondo/layer/linear.hpp>

namespace rondo {

// A head, or a model with one, that may be asked for parts.
template <class T>
concept InParts = requires { requires T::in_parts; };

// Outputs [first, first + count) of a head's matrix and its bias, and so of their gradients.
template <class W>
[[nodiscard]] W part_of_outputs(W w, Index first, Index count) {
  if constexpr (requires { w.weight; }) w.weight = w.weight.middle_rows(first, count);
  if constexpr (requires { w.bias; })
    if (w.bias) w.bias = w.bias.middle_columns(first, count);
  return w;
}

template <Bias with_bias = Bias::no>
class Head : public RecordsOf<Linear<with_bias>> {
 public:
  static constexpr bool in_parts = true;
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
  template <class C>
  void forward_part(C& c, const auto& w, const auto&, In<C> hidden, Index first, Out<C> logits) const {
    this->inner_.forward(c, part_of_outputs(w, first, logits.columns), hidden, logits);
  }
  template <class C>
  void backward_part(C& c, const auto& w, const auto&, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                     const auto& dw, const auto&) const {
    this->inner_.backward(c, part_of_outputs(w, first, d_logits.columns), hidden, d_logits, d_hidden,
                          part_of_outputs(dw, first, d_logits.columns), onto);
  }
};

template <Bias with_bias = Bias::no>
class TiedHead : public PlainLayer, public NothingSaved, public NoState {
 public:
  static constexpr bool tied = true;
  static constexpr bool in_parts = true;
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
    forward_part(c, w, embedding, hidden, 0, logits);
  }
  template <class C>
  void backward(C& c, const auto& w, const auto& embedding, In<C> hidden, In<C> d_logits, Out<C> d_hidden, const auto& dw,
                const auto& d_embedding) const {
    backward_part(c, w, embedding, hidden, 0, d_logits, d_hidden, Onto::write, dw, d_embedding);
  }
  template <class C>
  void forward_part(C& c, const auto& w, const auto& embedding, In<C> hidden, Index first, Out<C> logits) const {
    c.linear(hidden, embedding.weight.middle_rows(first, logits.columns), logits);
    if constexpr (with_bias == Bias::yes) c.add_bias(w.bias.middle_columns(first, logits.columns), logits);
  }
  template <class C>
  void backward_part(C& c, const auto&, const auto& embedding, In<C> hidden, Index first, In<C> d_logits, Out<C> d_hidden, Onto onto,
                     const auto& dw, const auto& d_embedding) const {
    c.linear_input_gradient(d_logits, embedding.weight.middle_rows(first, d_logits.columns), d_hidden, onto);
    c.linear_weight_gradient(d_logits, hidden, d_embedding.weight.middle_rows(first, d_logits.columns));
    if constexpr (with_bias == Bias::yes) c.bias_gradient(d_logits, dw.bias.middle_columns(first, d_logits.columns));
  }

 private:
  Index vocabulary_;
  Initial initial_;
};

}  // namespace rondo
