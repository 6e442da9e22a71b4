// mLSTM's token mixer as xLSTM-large has it (Beck et al. 2025, "xLSTM 7B", section 3; transformers' xLSTM):
//
//   q = Wq x,  k = Wk x,  v = Wv x                       keys half as wide as values, unless Shape::key_width says otherwise
//   i = cap(Wi x + bi),  f = cap(Wf x + bf)              one number a head; cap(x) = a tanh(x / a), a = Shape::gate_soft_cap
//   h = MatrixMemory(q, k, v, i, f),  scale K^-1/2       per head, m from 0
//   y = Wo (s(Wg x) norm(h))                             norm per head, Shape::norm_epsilon
//
// Values are as wide as the stream, or Shape::inner_width. Weights of gates start at zero, bi at -10, bf between 3 and 6.
// Saved: q, k, v and Wg x, i and f, h; everything else is formed again in the backward.
#pragma once

#include <array>
#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/small_initial.hpp>
#include <rondo/recurrence/matrix_memory.hpp>

namespace rondo {

class XlstmLargeMixer {
 public:
  using Shared = NothingShared;

  [[nodiscard]] static constexpr Index value_width(const Shape& shape) {
    return (shape.inner_width ? shape.inner_width : shape.width) / shape.heads;
  }
  [[nodiscard]] static constexpr Index key_width(const Shape& shape) {
    return shape.key_width ? shape.key_width : value_width(shape) / 2;
  }
  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, shape.inner_width ? shape.inner_width : shape.width, "heads",
                    shape.inner_width ? "inner_width" : "width");
    if (key_width(shape) == 0) throw error("shape: values of width 1 leave no width for keys of half of it; give key_width");
  }
  XlstmLargeMixer(const Shape& shape, Index)
      : memory_{shape.heads, key_width(shape), value_width(shape), 1.0 / std::sqrt(static_cast<double>(key_width(shape)))},
        soft_cap_(shape.gate_soft_cap),
        key_(shape.width, shape.heads * key_width(shape), small_initial(shape.width)),
        value_(shape.width, shape.heads * value_width(shape), small_initial(shape.width)),
        output_gate_(shape.width, shape.heads * value_width(shape), zeros()),
        input_gate_(shape.width, shape.heads, zeros(), {Initial::Kind::constant, -10}, Role::gate),
        forget_gate_(shape.width, shape.heads, zeros(), ramp(3, 6), Role::gate),
        norm_(shape.heads * value_width(shape), shape.norm_epsilon, shape.heads),
        output_(shape.heads * value_width(shape), shape.width, output_initial(shape.width, shape.depth)) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> query, key, value, output_gate;
    Linear<Bias::yes>::Weights<S> input_gate, forget_gate;
    UnbiasedLayerNorm::Weights<S> norm;
    Linear<>::Weights<S> output;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("query", key_, w.query...), inside("key", key_, w.key...), inside("value", value_, w.value...),
                  inside("output_gate", output_gate_, w.output_gate...), inside("input_gate", input_gate_, w.input_gate...),
                  inside("forget_gate", forget_gate_, w.forget_gate...), inside("output_norm", norm_, w.norm...),
                  inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S projected, gates, hidden;
    UnbiasedLayerNorm::Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", {extent.tokens, projected()}, s.projected...),
                  buffer("gates", {extent.tokens, 2 * memory_.heads}, s.gates...),
                  buffer("hidden", {extent.tokens, value_.out()}, s.hidden...), inside("output_norm", norm_, s.norm...));
  }
  template <class S>
  using State = MatrixMemory::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return memory_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<XlstmLargeMixer, C> carried, In<C> plus = {}) const {
    maps_forward(c, std::array{w.query, w.key, w.value, w.output_gate}, x, saved.projected);
    maps_forward(c, std::array{w.input_gate, w.forget_gate}, x, saved.gates);
    if (soft_cap_ > 0) c.soft_cap(soft_cap_, saved.gates, saved.gates);
    c.recurrence(memory_, {}, inputs<In<C>>(saved.projected, saved.gates), {saved.hidden}, carried);
    auto mark = c.mark();
    const Out<C> gated = c.matrix(x.rows, value_.out());
    norm_.forward(c, w.norm, saved.hidden, gated, saved.norm);
    c.template gated<Sigmoid>(output_gate(saved.projected), gated, gated);
    output_.forward(c, w.output, gated, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<XlstmLargeMixer, C> carried) const {
    auto mark = c.mark();
    const Out<C> d_hidden = c.matrix(x.rows, value_.out()), d_projected = c.matrix(x.rows, 2 * key_.out() + value_.out());
    const Out<C> d_gates = c.matrix(x.rows, 2 * memory_.heads);
    {
      auto inner = c.mark();
      const Out<C> normalised = c.matrix(x.rows, value_.out()), gated = c.matrix(x.rows, value_.out());
      // Memory that is not needed at the same time.
      const Out<C> d_gated = inputs<Out<C>>(d_projected, d_gates).v, d_gate = gated;
      const In<C> gate = output_gate(saved.projected);
      norm_.forward(c, w.norm, saved.hidden, normalised, saved.norm);
      c.template gated<Sigmoid>(gate, normalised, gated);
      output_.backward(c, w.output, gated, dy, d_gated, dw.output);
      c.template gated_gradient<Sigmoid>(gate, normalised, d_gated, d_gate, d_gated);
      output_gate_.backward(c, w.output_gate, x, d_gate, dx, dw.output_gate);
      norm_.backward(c, w.norm, saved.hidden, d_gated, d_hidden, saved.norm, dw.norm);
    }
    c.recurrence_gradient(memory_, {}, inputs<In<C>>(saved.projected, saved.gates), {saved.hidden}, {d_hidden}, {},
                          inputs<Out<C>>(d_projected, d_gates), carried);
    if (soft_cap_ > 0) c.soft_cap_gradient(soft_cap_, saved.gates, d_gates, d_gates);
    maps_backward(c, std::array{w.input_gate, w.forget_gate}, x, d_gates, dx, std::array{dw.input_gate, dw.forget_gate}, Onto::add);
    maps_backward(c, std::array{w.query, w.key, w.value}, x, d_projected, dx, std::array{dw.query, dw.key, dw.value}, Onto::add);
  }

 private:
  // The columns of what one product makes - q, k, v and the output gate - and of the gates of the state.
  [[nodiscard]] Index projected() const { return 2 * key_.out() + 2 * value_.out(); }
  template <class V>
  [[nodiscard]] V output_gate(V projected) const {
    return projected.middle_columns(2 * key_.out() + value_.out(), value_.out());
  }
  template <class V>
  [[nodiscard]] MatrixMemory::Inputs<V> inputs(V projected, V gates) const {
    const Index keys = key_.out(), heads = memory_.heads;
    return {.q = projected.middle_columns(0, keys), .k = projected.middle_columns(keys, keys),
            .v = projected.middle_columns(2 * keys, value_.out()), .i = gates.middle_columns(0, heads),
            .f = gates.middle_columns(heads, heads)};
  }

  MatrixMemory memory_;
  double soft_cap_;
  Linear<> key_, value_, output_gate_;
  Linear<Bias::yes> input_gate_, forget_gate_;
  UnbiasedLayerNorm norm_;
  Linear<> output_;
};

}  // namespace rondo
