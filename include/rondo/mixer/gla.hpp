// Gated linear attention as a token mixer (Yang et al. 2024, "Gated linear attention transformers with hardware-efficient training",
// section 4.4).
//
//   q = Wq x,  k = Wk x,  v = Wv x,   f = W2 (W1 x) + b      W1 [16, width], W2 [heads K, 16]: the decay has low rank
//   g = Decay(f)                                             log decay; the published one is log(s(f)) / 16
//   o = OuterProduct(q, k, g, v),  scale K^-1/2              per head; keys half as wide as values, V = width / heads
//   y = Wo (rms_norm(o) * silu(Wg x))                        a norm for each head, epsilon Shape::mixer_norm_epsilon
//
// K = Shape::key_width, or V / 2. Saved: q, k, f, v, o and the gate; g is formed again in the backward.
#pragma once

#include <cmath>

#include <rondo/gate/decay.hpp>
#include <rondo/mixer/output.hpp>
#include <rondo/mixer/projection.hpp>
#include <rondo/mixer/recurrent.hpp>
#include <rondo/recurrence/outer_product.hpp>

namespace rondo {

template <class Decay>
class GlaCore {
 public:
  using Shared = NothingShared;

  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, shape.width, "heads", "width");
    if (shape.key_width == 0 && shape.head_value_width() % 2 != 0)
      throw error("shape: GLA's keys are half as wide as its heads: width ", shape.width, " is not a multiple of 2 heads ",
                  shape.heads, "; give key_width");
    if (shape.key_value_head_count() != shape.heads)
      throw error("shape: GLA has as many key as query heads, found ", shape.key_value_head_count(), " for ", shape.heads);
  }
  static constexpr Index key_width(const Shape& shape) {
    return shape.key_width ? shape.key_width : shape.head_value_width() / 2;
  }
  explicit GlaCore(const Shape& shape)
      : recurrence_{shape.heads, key_width(shape), shape.head_value_width(),
                    1.0 / std::sqrt(static_cast<double>(key_width(shape)))},
        query_(shape.width, shape.heads * key_width(shape)),
        key_(shape.width, shape.heads * key_width(shape)),
        value_(shape.width, shape.width),
        decay_(shape.width, 16, shape.heads * key_width(shape)) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> query, key, value;
    LowRankProjection::Weights<S> decay;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", query_, w.query...), inside("key", key_, w.key...), inside("value", value_, w.value...),
                  inside("decay", decay_, w.decay...));
  }
  template <class S>
  struct Saved {
    S query, key, value, decay;
    LowRankProjection::Saved<S> decay_input;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("query", {extent.tokens, query_.out()}, s.query...), buffer("key", {extent.tokens, key_.out()}, s.key...),
                  buffer("value", {extent.tokens, value_.out()}, s.value...),
                  buffer("decay", {extent.tokens, key_.out()}, s.decay...), inside("decay_input", decay_, s.decay_input...));
  }
  template <class S>
  using State = OuterProduct::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return recurrence_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> o, const auto& saved, CarriedFor<GlaCore, C> carried) const {
    query_.forward(c, w.query, x, saved.query);
    key_.forward(c, w.key, x, saved.key);
    value_.forward(c, w.value, x, saved.value);
    decay_.forward(c, w.decay, x, saved.decay, saved.decay_input);
    auto mark = c.mark();
    const Out<C> log_decay = c.matrix(x.rows, key_.out());
    c.template map<Decay>(saved.decay, log_decay);
    c.recurrence(recurrence_, {}, {.q = saved.query, .k = saved.key, .g = log_decay, .v = saved.value}, {o}, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> o, In<C> d_o, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<GlaCore, C> carried, Onto onto) const {
    auto mark = c.mark();
    const Out<C> log_decay = c.matrix(x.rows, key_.out()), d_decay = c.matrix(x.rows, key_.out());
    const Out<C> d_query = c.matrix(x.rows, key_.out()), d_key = c.matrix(x.rows, key_.out());
    const Out<C> d_value = c.matrix(x.rows, value_.out());
    c.template map<Decay>(saved.decay, log_decay);
    c.recurrence_gradient(recurrence_, {}, {.q = saved.query, .k = saved.key, .g = log_decay, .v = saved.value}, {o}, {d_o}, {},
                          {.q = d_query, .k = d_key, .g = d_decay, .v = d_value}, carried);
    c.template map_gradient<Decay>(saved.decay, d_decay, d_decay);
    query_.backward(c, w.query, x, d_query, dx, dw.query, onto);
    key_.backward(c, w.key, x, d_key, dx, dw.key, Onto::add);
    value_.backward(c, w.value, x, d_value, dx, dw.value, Onto::add);
    decay_.backward(c, w.decay, x, d_decay, dx, saved.decay_input, dw.decay, Onto::add);
  }

 private:
  OuterProduct recurrence_;
  Linear<> query_, key_, value_;
  LowRankProjection decay_;
};

template <class Decay = SigmoidRoot<16>>
class GlaMixer : public RecurrentMixer<GlaCore<Decay>, GatedOutput> {
 public:
  GlaMixer(const Shape& shape, Index)
      : RecurrentMixer<GlaCore<Decay>, GatedOutput>(GlaCore<Decay>(shape),
                                                    {shape.width, shape.width, shape.mixer_norm_epsilon, shape.heads}) {}
};

}  // namespace rondo
