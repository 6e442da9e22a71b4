// mLSTM's token mixer as xLSTM-large has it (Beck et al. 2025, "xLSTM 7B", section 3; transformers' xLSTM):
//
//   q = Wq x,  k = Wk x,  v = Wv x                       keys half as wide as values, unless Shape::key_width says otherwise
//   i = cap(Wi x + bi),  f = cap(Wf x + bf)              one number a head; cap(x) = a tanh(x / a), a = Shape::gate_soft_cap
//   h = MatrixMemory(q, k, v, i, f),  scale K^-1/2       per head, m from 0
//   y = Wo (s(Wg x) norm(h))                             norm per head, Shape::norm_epsilon
//
// Values are as wide as the stream, or Shape::inner_width. Weights of gates start at zero, bi at -10, bf between 3 and 6.
// Saved: q, k, v, Wg x, i, f, h; everything else is formed again in the backward.
#pragma once

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
    S query, key, value, output_gate, input_gate, forget_gate, hidden;
    UnbiasedLayerNorm::Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("query", {extent.tokens, key_.out()}, s.query...), buffer("key", {extent.tokens, key_.out()}, s.key...),
                  buffer("value", {extent.tokens, value_.out()}, s.value...),
                  buffer("output_gate", {extent.tokens, value_.out()}, s.output_gate...),
                  buffer("input_gate", {extent.tokens, memory_.heads}, s.input_gate...),
                  buffer("forget_gate", {extent.tokens, memory_.heads}, s.forget_gate...),
                  buffer("hidden", {extent.tokens, value_.out()}, s.hidden...), inside("output_norm", norm_, s.norm...));
  }
  template <class S>
  using State = MatrixMemory::State<S>;
  auto state_leaves(Extent extent, auto&... s) const { return memory_.state_leaves(extent, s...); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<XlstmLargeMixer, C> carried, In<C> plus = {}) const {
    key_.forward(c, w.query, x, saved.query);
    key_.forward(c, w.key, x, saved.key);
    value_.forward(c, w.value, x, saved.value);
    output_gate_.forward(c, w.output_gate, x, saved.output_gate);
    input_gate_.forward(c, w.input_gate, x, saved.input_gate);
    forget_gate_.forward(c, w.forget_gate, x, saved.forget_gate);
    if (soft_cap_ > 0) {
      c.soft_cap(soft_cap_, saved.input_gate, saved.input_gate);
      c.soft_cap(soft_cap_, saved.forget_gate, saved.forget_gate);
    }
    c.recurrence(memory_, {}, inputs<In<C>>(saved), {saved.hidden}, carried);
    auto mark = c.mark();
    const Out<C> gated = c.matrix(x.rows, value_.out());
    norm_.forward(c, w.norm, saved.hidden, gated, saved.norm);
    c.template gated<Sigmoid>(saved.output_gate, gated, gated);
    output_.forward(c, w.output, gated, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<XlstmLargeMixer, C> carried) const {
    auto mark = c.mark();
    const Out<C> d_hidden = c.matrix(x.rows, value_.out()), d_value = c.matrix(x.rows, value_.out());
    {
      auto inner = c.mark();
      const Out<C> normalised = c.matrix(x.rows, value_.out()), gated = c.matrix(x.rows, value_.out());
      const Out<C> d_gated = d_value, d_gate = gated;  // memory that is not needed at the same time
      norm_.forward(c, w.norm, saved.hidden, normalised, saved.norm);
      c.template gated<Sigmoid>(saved.output_gate, normalised, gated);
      output_.backward(c, w.output, gated, dy, d_gated, dw.output);
      c.template gated_gradient<Sigmoid>(saved.output_gate, normalised, d_gated, d_gate, d_gated);
      output_gate_.backward(c, w.output_gate, x, d_gate, dx, dw.output_gate);
      norm_.backward(c, w.norm, saved.hidden, d_gated, d_hidden, saved.norm, dw.norm);
    }
    const Out<C> d_query = c.matrix(x.rows, key_.out()), d_key = c.matrix(x.rows, key_.out());
    const Out<C> d_input_gate = c.matrix(x.rows, memory_.heads), d_forget_gate = c.matrix(x.rows, memory_.heads);
    c.recurrence_gradient(memory_, {}, inputs<In<C>>(saved), {saved.hidden}, {d_hidden}, {},
                          {.q = d_query, .k = d_key, .v = d_value, .i = d_input_gate, .f = d_forget_gate}, carried);
    if (soft_cap_ > 0) {
      c.soft_cap_gradient(soft_cap_, saved.input_gate, d_input_gate, d_input_gate);
      c.soft_cap_gradient(soft_cap_, saved.forget_gate, d_forget_gate, d_forget_gate);
    }
    input_gate_.backward(c, w.input_gate, x, d_input_gate, dx, dw.input_gate, Onto::add);
    forget_gate_.backward(c, w.forget_gate, x, d_forget_gate, dx, dw.forget_gate, Onto::add);
    key_.backward(c, w.query, x, d_query, dx, dw.query, Onto::add);
    key_.backward(c, w.key, x, d_key, dx, dw.key, Onto::add);
    value_.backward(c, w.value, x, d_value, dx, dw.value, Onto::add);
  }

 private:
  template <class V>
  static MatrixMemory::Inputs<V> inputs(const auto& saved) {
    return {.q = saved.query, .k = saved.key, .v = saved.value, .i = saved.input_gate, .f = saved.forget_gate};
  }

  MatrixMemory memory_;
  double soft_cap_;
  Linear<> key_, value_, output_gate_;
  Linear<Bias::yes> input_gate_, forget_gate_;
  UnbiasedLayerNorm norm_;
  Linear<> output_;
};

}  // namespace rondo
