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

#include <array>
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
    S projected, decay;
    LowRankProjection::Saved<S> decay_input;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", extent.kept(2 * key_.out() + value_.out()), s.projected...),
                  buffer("decay", extent.kept(key_.out()), s.decay...), inside("decay_input", decay_, s.decay_input...));
  }
  template <class S>
  using State = OuterProduct::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return recurrence_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> o, const auto& saved, CarriedFor<GlaCore, C> carried) const {
    maps_forward(c, std::array{w.query, w.key, w.value}, x, saved.projected);
    decay_.forward(c, w.decay, x, saved.decay, saved.decay_input);
    auto mark = c.mark();
    const WideOut<C> log_decay = c.wide(x.rows, key_.out());
    c.template map<Decay>(saved.decay, log_decay);
    c.recurrence(recurrence_, {}, inputs(In<C>(saved.projected), WideIn<C>(log_decay)), {o}, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> o, In<C> d_o, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<GlaCore, C> carried, Onto onto) const {
    auto mark = c.mark();
    const WideOut<C> log_decay = c.wide(x.rows, key_.out()), d_log_decay = c.wide(x.rows, key_.out());
    const Out<C> d_projected = c.matrix(x.rows, 2 * key_.out() + value_.out()), d_decay = c.matrix(x.rows, key_.out());
    c.template map<Decay>(saved.decay, log_decay);
    c.recurrence_gradient(recurrence_, {}, inputs(In<C>(saved.projected), WideIn<C>(log_decay)), {o}, {d_o}, {},
                          inputs(d_projected, d_log_decay), carried);
    c.template map_gradient<Decay>(saved.decay, d_log_decay, d_decay);
    maps_backward(c, std::array{w.query, w.key, w.value}, x, d_projected, dx, std::array{dw.query, dw.key, dw.value}, onto);
    decay_.backward(c, w.decay, x, d_decay, dx, saved.decay_input, dw.decay, Onto::add);
  }

 private:
  // The columns of what one product makes, and the decay.
  template <class V>
  [[nodiscard]] OuterProduct::Inputs<V> inputs(V projected, Wide<V> log_decay) const {
    const Index keys = key_.out();
    return {.q = projected.middle_columns(0, keys), .k = projected.middle_columns(keys, keys), .g = log_decay,
            .v = projected.middle_columns(2 * keys, value_.out())};
  }

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
