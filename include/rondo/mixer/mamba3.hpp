// Mamba-3's token mixer (2026, "Mamba-3: Improved sequence modeling using state space principles"; one input and one output a head;
// Di = inner channels, H heads, G groups, N states, A angles):
//
//   [z, x, k, q, s, a, t, f] = Wi h                   h [tokens, width]; Di, Di, G N, G N, H, H, H, A columns
//   k, q = rms_norm of each group, with one weight [N] for all;   step = softplus(s + step_bias);   rate = Rate(a)
//   o = TrapezoidalOuterProduct(q, k, rate, step, t, f, x) + D x                    D a number a head; no convolution
//   y = Wo (norm(o) silu(z))                          norm: OutputNorm over each head, NoNorm or RmsNorm
//
//   SoftplusRate    rate = min(-softplus(a), -1e-4)           as flash-linear-attention has it
//   HeavyTailRate   rate = min(-(1 + a), -1e-4) for a >= 0, min(-1 / (1 - a), -1e-4) below       as state-spaces/mamba
//
// Di = Shape::inner(), a head is Di / H wide, N = Shape::state(128), A = Shape::rope_share N / 2, G = Shape::groups; epsilon of the norms
// Shape::norm_epsilon. Wi and Wo have biases where Shape::projection_bias. Saved: what Wi makes, s with its bias, the reciprocals of
// the norms, o with the skip; all else is formed again in the backward.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/head_norm.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/skip.hpp>
#include <rondo/recurrence/trapezoidal_outer_product.hpp>

namespace rondo {

inline constexpr double slowest_rate = 1e-4;

struct SoftplusRate {
  template <class T>
  static T apply(T a) { return at_most(-softplus(a), static_cast<Real<T>>(-slowest_rate)); }
  template <class T>
  static T derivative(T a) {
    return select(real_part(softplus(a)) < static_cast<Real<T>>(slowest_rate), T(0), -sigmoid(a));
  }
};
struct HeavyTailRate {
  template <class T>
  static T apply(T a) {
    return at_most(select(real_part(a) >= 0, -(T(1) + a), T(-1) / (T(1) - at_most(a, 0))), static_cast<Real<T>>(-slowest_rate));
  }
  template <class T>
  static T derivative(T a) {
    const T below = T(1) / (T(1) - at_most(a, 0));
    return select(real_part(below) < static_cast<Real<T>>(slowest_rate), T(0), select(real_part(a) >= 0, T(-1), -below * below));
  }
};

template <class Rate = SoftplusRate, class OutputNorm = NoNorm>
class Mamba3Mixer {
 public:
  using Shared = NothingShared;
  static constexpr Index default_states = 128;

  static constexpr Index angles(const Shape& shape) {
    return static_cast<Index>(shape.rope_share * static_cast<double>(shape.state(default_states))) / 2;
  }
  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, shape.inner(), "heads", "inner_width");
    require_divides(shape.groups, shape.heads, "groups", "heads");
    if (angles(shape) < 1) throw error("shape: rope_share ", shape.rope_share, " leaves no channel that turns");
  }
  Mamba3Mixer(const Shape& shape, Index)
      : recurrence_{shape.heads, shape.groups, shape.state(default_states), shape.inner() / shape.heads, angles(shape)},
        inner_(shape.inner()),
        keys_(shape.groups * shape.state(default_states)),
        input_(shape.width, 2 * inner_ + 2 * keys_ + 3 * shape.heads + recurrence_.angles, normal(0.02), zeros(), Role::matrix,
               {inner_, inner_, keys_, keys_, shape.heads, shape.heads, shape.heads, recurrence_.angles}, shape.projection_bias),
        key_norm_(keys_, shape.norm_epsilon, shape.groups),
        skip_(shape.heads),
        norm_(inner_, shape.norm_epsilon, shape.heads),
        output_(inner_, shape.width, uniform(1.0 / std::sqrt(static_cast<double>(inner_ * shape.depth))), zeros(), Role::matrix, {},
                shape.projection_bias) {}

  template <class S>
  struct Weights {
    Linear<Bias::chosen>::Weights<S> input;
    S step_bias;
    HeadRmsNorm::Weights<S> key_norm, query_norm;
    TrapezoidalOuterProduct::Weights<S> recurrence;
    Skip::Weights<S> skip;
    typename OutputNorm::template Weights<S> norm;
    Linear<Bias::chosen>::Weights<S> output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("input", input_, w.input...),
                  parameter("step_bias", {recurrence_.heads}, time_step(0.001, 0.1), Decay::no, w.step_bias...),
                  inside("key_norm", key_norm_, w.key_norm...), inside("query_norm", key_norm_, w.query_norm...),
                  inside("", recurrence_, w.recurrence...), inside("skip", skip_, w.skip...), inside("output_norm", norm_, w.norm...),
                  inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S projected, mixed;
    HeadRmsNorm::Saved<S> key_norm, query_norm;
    typename OutputNorm::template Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", {extent.tokens, input_.out()}, s.projected...), buffer("mixed", extent.kept(inner_), s.mixed...),
                  inside("key_norm", key_norm_, s.key_norm...), inside("query_norm", key_norm_, s.query_norm...),
                  inside("output_norm", norm_, s.norm...));
  }
  template <class S>
  using State = TrapezoidalOuterProduct::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return recurrence_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<Mamba3Mixer, C> carried, In<C> plus = {}) const {
    input_.forward(c, w.input, x, saved.projected);
    const Columns<Out<C>> all = columns(saved.projected);
    c.add_bias(w.step_bias, all.step);
    auto mark = c.mark();
    {
      auto inner = c.mark();
      const Formed<C> formed = form(c, w, Columns<In<C>>(all), saved);
      c.recurrence(recurrence_, w.recurrence, inputs(Columns<In<C>>(all), formed), {saved.mixed}, carried);
      skip_.forward(c, w.skip, all.value, saved.mixed);
    }
    const Out<C> normalised = c.matrix(x.rows, inner_);
    norm_.forward(c, w.norm, saved.mixed, normalised, saved.norm);
    c.template gated<Silu>(all.gate, normalised, normalised);
    output_.forward(c, w.output, normalised, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<Mamba3Mixer, C> carried) const {
    auto mark = c.mark();
    const Out<C> d_projected = c.matrix(x.rows, input_.out()), d_mixed = c.matrix(x.rows, inner_);
    const Columns<In<C>> all = columns(In<C>(saved.projected));
    const Columns<Out<C>> d_all = columns(d_projected);
    {
      auto inner = c.mark();
      const Out<C> normalised = c.matrix(x.rows, inner_), gated = c.matrix(x.rows, inner_), d_gated = c.matrix(x.rows, inner_);
      norm_.forward(c, w.norm, saved.mixed, normalised, saved.norm);
      c.template gated<Silu>(all.gate, normalised, gated);
      output_.backward(c, w.output, gated, dy, d_gated, dw.output);
      const Out<C> d_normalised = gated;  // no longer needed
      c.template gated_gradient<Silu>(all.gate, normalised, d_gated, d_all.gate, d_normalised);
      norm_.backward(c, w.norm, saved.mixed, d_normalised, d_mixed, saved.norm, dw.norm);
    }
    {
      auto inner = c.mark();
      const Formed<C> formed = form(c, w, all, saved);
      const Formed<C> d{c.matrix(x.rows, keys_), c.matrix(x.rows, keys_), c.wide(x.rows, recurrence_.heads),
                        c.wide(x.rows, recurrence_.heads)};
      c.recurrence_gradient(recurrence_, w.recurrence, inputs(all, formed), {}, {d_mixed}, dw.recurrence, inputs(d_all, d),
                            carried);
      skip_.backward(c, w.skip, all.value, d_mixed, d_all.value, dw.skip);
      key_norm_.backward(c, w.key_norm, all.key, d.key, d_all.key, saved.key_norm, dw.key_norm);
      key_norm_.backward(c, w.query_norm, all.query, d.query, d_all.query, saved.query_norm, dw.query_norm);
      c.template map_gradient<Softplus>(all.step, d.step, d_all.step);
      c.template map_gradient<Rate>(all.rate, d.rate, d_all.rate);
      c.bias_gradient(d_all.step, dw.step_bias);
    }
    input_.backward(c, w.input, x, d_projected, dx, dw.input);
  }

 private:
  // What Wi makes.
  template <class V>
  struct Columns {
    V gate, value, key, query, step, rate, trapezoid, angle;
    Columns() = default;
    template <class U>
    explicit Columns(const Columns<U>& o)
        : gate(o.gate), value(o.value), key(o.key), query(o.query), step(o.step), rate(o.rate), trapezoid(o.trapezoid), angle(o.angle) {}
  };
  template <class V>
  [[nodiscard]] Columns<V> columns(V projected) const {
    Columns<V> all;
    Index begin = 0;
    const auto take = [&](V& part, Index count) {
      part = projected.middle_columns(begin, count);
      begin += count;
    };
    take(all.gate, inner_), take(all.value, inner_), take(all.key, keys_), take(all.query, keys_);
    take(all.step, recurrence_.heads), take(all.rate, recurrence_.heads), take(all.trapezoid, recurrence_.heads);
    take(all.angle, recurrence_.angles);
    return all;
  }
  // What is formed from them in scratch memory, and their gradients.
  template <class C>
  struct Formed {
    Out<C> key, query;
    WideOut<C> step, rate;
  };
  template <class C>
  [[nodiscard]] Formed<C> form(C& c, const auto& w, const Columns<In<C>>& all, const auto& saved) const {
    const Index rows = all.key.rows;
    const Formed<C> formed{c.matrix(rows, keys_), c.matrix(rows, keys_), c.wide(rows, recurrence_.heads), c.wide(rows, recurrence_.heads)};
    key_norm_.forward(c, w.key_norm, all.key, formed.key, saved.key_norm);
    key_norm_.forward(c, w.query_norm, all.query, formed.query, saved.query_norm);
    c.template map<Softplus>(all.step, formed.step);
    c.template map<Rate>(all.rate, formed.rate);
    return formed;
  }
  template <class V, class F>
  [[nodiscard]] static TrapezoidalOuterProduct::Inputs<V> inputs(const Columns<V>& all, const F& formed) {
    return {.q = formed.query, .k = formed.key, .rate = formed.rate, .step = formed.step, .trapezoid = all.trapezoid,
            .angle = all.angle, .v = all.value};
  }

  TrapezoidalOuterProduct recurrence_;
  Index inner_, keys_;
  Linear<Bias::chosen> input_;
  HeadRmsNorm key_norm_;
  Skip skip_;
  OutputNorm norm_;
  Linear<Bias::chosen> output_;
};

}  // namespace rondo
