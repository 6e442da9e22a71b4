// Token mixers of the delta rule: DeltaNet (Yang et al. 2024, "Parallelizing linear transformers with the delta rule over sequence
// length", section 3.3), Gated DeltaNet (Yang et al. 2025, "Gated delta networks", section 3.4) and Kimi delta attention (Kimi Team 2025,
// "Kimi Linear", section 3).
//
//   q = unit(silu(Pq x)),  k = unit(silu(Pk x)),  v = silu(Pv x)     P: a Projection, or a ConvolvedProjection
//   g = Decay(x),  beta = Write(Wb x)                                beta a number a head
//   o = DeltaRule(q, k, g, beta, v),  scale K^-1/2                   per head
//   y = Output(x, o)                                                 rondo/mixer/output.hpp, epsilon Shape::norm_epsilon
//
//   Decay    NoDecay, ScalarDecay, ChannelDecay<Gate> (rondo/mixer/delta_decay.hpp)
//   Write    Sigmoid; DoubledSigmoid: up to 2, so that the state may turn as well as fade (Grazzi et al. 2024)
//
// K = Shape::head_key_width(), V = Shape::inner_width (or width) / heads. Keys and queries have Shape::key_value_heads heads, each for
// heads / key_value_heads of the others. Saved: q, k, v before silu, the lengths of q and k, Wb x, what Decay saves, o.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/unit_norm.hpp>
#include <rondo/mixer/delta_decay.hpp>
#include <rondo/mixer/output.hpp>
#include <rondo/mixer/projection.hpp>
#include <rondo/mixer/recurrent.hpp>
#include <rondo/recurrence/delta_rule.hpp>

namespace rondo {

struct DoubledSigmoid {
  template <class T>
  static T apply(T x) { return T(2) * Sigmoid::apply(x); }
  template <class T>
  static T derivative(T x) { return T(2) * Sigmoid::derivative(x); }
};

template <class Decay, class Inputs, class Write>
class DeltaCore {
 public:
  using Shared = NothingShared;

  static constexpr Index inner(const Shape& shape) { return shape.inner_width ? shape.inner_width : shape.width; }
  static constexpr void check(const Shape& shape) {
    if (shape.key_width == 0) require_divides(shape.heads, shape.width, "heads", "width");
    require_divides(shape.heads, inner(shape), "heads", "inner_width");
    require_divides(shape.key_value_head_count(), shape.heads, "key_value_heads", "heads");
  }
  explicit DeltaCore(const Shape& shape)
      : recurrence_{shape.heads, shape.key_value_head_count(), Decay::decays(shape.head_key_width()), shape.head_key_width(),
                    inner(shape) / shape.heads, 1.0 / std::sqrt(static_cast<double>(shape.head_key_width()))},
        query_(shape, shape.width, keys()),
        key_(shape, shape.width, keys()),
        value_(shape, shape.width, inner(shape)),
        unit_(2 * keys(), 2 * recurrence_.groups),
        decay_(shape, shape.head_key_width(), recurrence_.value_width),
        write_(shape.width, shape.heads) {}

  template <class S>
  struct Weights {
    typename Inputs::template Weights<S> query, key, value;
    typename Decay::template Weights<S> decay;
    Linear<>::Weights<S> write;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", query_, w.query...), inside("key", key_, w.key...), inside("value", value_, w.value...),
                  inside("", decay_, w.decay...), inside("write", write_, w.write...));
  }
  template <class S>
  struct Saved {
    typename Inputs::template Saved<S> query_input, key_input, value_input;
    typename Decay::template Saved<S> decay;
    S projected, write;
    UnitNorm::Saved<S> unit;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("query_input", query_, s.query_input...), inside("key_input", key_, s.key_input...),
                  inside("value_input", value_, s.value_input...), inside("", decay_, s.decay...),
                  buffer("projected", {extent.tokens, columns()}, s.projected...),
                  buffer("write", {extent.tokens, recurrence_.heads}, s.write...), inside("unit", unit_, s.unit...));
  }
  template <class S>
  struct State {
    typename Inputs::template State<S> query, key, value;
    DeltaRule::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("query", query_, s.query...), inside("key", key_, s.key...), inside("value", value_, s.value...),
                  inside("", recurrence_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> o, const auto& saved, CarriedFor<DeltaCore, C> carried) const {
    using S = State<Out<C>>;
    query_.forward(c, w.query, x, saved.projected.middle_columns(0, keys()), saved.query_input, carried.at(&S::query));
    key_.forward(c, w.key, x, saved.projected.middle_columns(keys(), keys()), saved.key_input, carried.at(&S::key));
    value_.forward(c, w.value, x, values(saved.projected), saved.value_input, carried.at(&S::value));
    decay_.project(c, w.decay, x, saved.decay);
    write_.forward(c, w.write, x, saved.write);
    auto mark = c.mark();
    const Out<C> active = c.matrix(x.rows, columns()), unit = c.matrix(x.rows, 2 * keys());
    const WideOut<C> beta = c.wide(x.rows, recurrence_.heads);
    c.template map<Silu>(saved.projected, active);
    unit_.forward(c, both(active), unit, saved.unit);
    c.template map<Write>(saved.write, beta);
    const WideOut<C> g = decay_.log_decay(c, w.decay, saved.decay);
    c.recurrence(recurrence_, {}, inputs<In<C>>(unit, g, beta, values(active)), {o}, carried.at(&S::memory));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C>, In<C> d_o, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<DeltaCore, C> carried, Onto onto) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const Out<C> d_projected = c.matrix(x.rows, columns()), d_write = c.matrix(x.rows, recurrence_.heads);
    const WideOut<C> dg = recurrence_.decays > 0 ? c.wide(x.rows, recurrence_.heads * recurrence_.decays) : WideOut<C>{};
    {
      auto inner = c.mark();
      const Out<C> active = c.matrix(x.rows, columns()), unit = c.matrix(x.rows, 2 * keys()), d_unit = c.matrix(x.rows, 2 * keys());
      const WideOut<C> beta = c.wide(x.rows, recurrence_.heads), d_beta = c.wide(x.rows, recurrence_.heads);
      c.template map<Silu>(saved.projected, active);
      unit_.forward(c, both(active), unit, saved.unit);
      c.template map<Write>(saved.write, beta);
      const WideOut<C> g = decay_.log_decay(c, w.decay, saved.decay);
      c.recurrence_gradient(recurrence_, {}, inputs<In<C>>(unit, g, beta, values(active)), {}, {d_o}, {},
                            inputs<Out<C>>(d_unit, dg, d_beta, values(d_projected)), carried.at(&S::memory));
      unit_.backward(c, both(active), d_unit, both(d_projected), saved.unit);
      c.template map_gradient<Silu>(saved.projected, d_projected, d_projected);
      c.template map_gradient<Write>(saved.write, d_beta, d_write);
    }
    query_.backward(c, w.query, x, d_projected.middle_columns(0, keys()), dx, saved.query_input, dw.query, carried.at(&S::query), onto);
    key_.backward(c, w.key, x, d_projected.middle_columns(keys(), keys()), dx, saved.key_input, dw.key, carried.at(&S::key), Onto::add);
    value_.backward(c, w.value, x, values(d_projected), dx, saved.value_input, dw.value, carried.at(&S::value), Onto::add);
    decay_.backward(c, w.decay, x, dg, dx, saved.decay, dw.decay);
    write_.backward(c, w.write, x, d_write, dx, dw.write, Onto::add);
  }

 private:
  // Columns of q or of k; of q, k and v; where q and k, and v are among these.
  [[nodiscard]] Index keys() const { return recurrence_.groups * recurrence_.key_width; }
  [[nodiscard]] Index columns() const { return 2 * keys() + value_.out(); }
  template <class V>
  [[nodiscard]] V both(V projected) const { return projected.middle_columns(0, 2 * keys()); }
  template <class V>
  [[nodiscard]] V values(V projected) const { return projected.middle_columns(2 * keys(), value_.out()); }
  template <class V>
  [[nodiscard]] DeltaRule::Inputs<V> inputs(V unit, Wide<V> g, Wide<V> beta, V value) const {
    return {.q = unit.middle_columns(0, keys()), .k = unit.middle_columns(keys(), keys()), .g = g, .beta = beta, .v = value};
  }

  DeltaRule recurrence_;
  Inputs query_, key_, value_;
  UnitNorm unit_;
  Decay decay_;
  Linear<> write_;
};

template <class Decay, class Output, class Inputs = ConvolvedProjection, class Write = Sigmoid>
class DeltaMixer : public RecurrentMixer<DeltaCore<Decay, Inputs, Write>, Output> {
  using Core = DeltaCore<Decay, Inputs, Write>;

 public:
  DeltaMixer(const Shape& shape, Index)
      : RecurrentMixer<Core, Output>(Core(shape), {shape.width, Core::inner(shape), shape.norm_epsilon, shape.heads}) {}
};

}  // namespace rondo
