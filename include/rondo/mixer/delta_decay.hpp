// How the state of a delta rule decays before a token is written, the first argument of DeltaMixer:
//
//   NoDecay       it does not                                             DeltaNet (Yang et al. 2024)
//   ScalarDecay   g = -exp(A_log) softplus(Wa x + b)   a number a head    Gated DeltaNet (Yang et al. 2025, section 3.4)
//   ChannelDecay<Gate>   f = W2 (W1 x) + b             a number a channel of the keys   Kimi delta attention (Kimi Team 2025, section 3.1)
//       Gate: SoftplusStep, g = -exp(A_log) softplus(f), or BoundedDecay<5>, g = -5 s(exp(A_log) f); A_log a number a head
//
// Each is a layer: x [tokens, width] -> g [tokens, heads `decays`], the logarithm of the decay, formed from what `project` saves. A_log
// [heads], b as wide as g; W1 [V, width], V the width of a head's values. Saved: Wa x + b [tokens, heads]; W1 x and f.
#pragma once

#include <rondo/gate/bounded_decay.hpp>
#include <rondo/gate/softplus_step.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/mixer/projection.hpp>

namespace rondo {

class NoDecay : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  constexpr NoDecay(const Shape&, Index, Index) {}
  static constexpr Index decays(Index) { return 0; }

  template <class C>
  void project(C&, const auto&, In<C>, const auto&) const {}
  template <class C>
  WideOut<C> log_decay(C&, const auto&, const auto&) const {
    return {};
  }
  template <class C>
  void backward(C&, const auto&, In<C>, WideIn<C>, Out<C>, const auto&, const auto&) const {}
};

class ScalarDecay : public PlainLayer, public NoState {
 public:
  constexpr ScalarDecay(const Shape& shape, Index, Index) : input_(shape.width, shape.heads) {}
  static constexpr Index decays(Index) { return 1; }

  template <class S>
  struct Weights {
    Linear<>::Weights<S> input;
    S step_bias, A_log;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("step", input_, w.input...),
                  parameter("step_bias", {input_.out()}, time_step(0.001, 0.1), Decay::no, w.step_bias...),
                  parameter("A_log", {input_.out()}, log_uniform(0.001, 16), Decay::no, w.A_log...));
  }
  template <class S>
  struct Saved {
    S step;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("step", {extent.tokens, input_.out()}, s.step...));
  }

  template <class C>
  void project(C& c, const auto& w, In<C> x, const auto& saved) const {
    input_.forward(c, w.input, x, saved.step);
    c.add_bias(w.step_bias, saved.step);
  }
  // In the context's scratch memory.
  template <class C>
  WideOut<C> log_decay(C& c, const auto& w, const auto& saved) const {
    const WideOut<C> g = c.wide(saved.step.rows, input_.out()), step = c.wide(saved.step.rows, input_.out());
    c.gate(saved.step, w.A_log, g, step, SoftplusStep{});
    return g;
  }
  // dx is added to.
  template <class C>
  void backward(C& c, const auto& w, In<C> x, WideIn<C> dg, Out<C> dx, const auto& saved, const auto& dw) const {
    auto mark = c.mark();
    const Out<C> d_step = c.matrix(x.rows, input_.out());
    const WideOut<C> no_write = c.wide(x.rows, input_.out());
    c.zero(no_write);
    c.gate_gradient(saved.step, w.A_log, dg, no_write, d_step, dw.A_log, SoftplusStep{});
    c.bias_gradient(d_step, dw.step_bias);
    input_.backward(c, w.input, x, d_step, dx, dw.input, Onto::add);
  }

 private:
  Linear<> input_;
};

template <class Gate>
class ChannelDecay : public PlainLayer, public NoState {
 public:
  constexpr ChannelDecay(const Shape& shape, Index key_width, Index value_width)
      : heads_(shape.heads), input_(shape.width, value_width, shape.heads * key_width, time_step(0.001, 0.1)) {}
  static constexpr Index decays(Index key_width) { return key_width; }

  template <class S>
  struct Weights {
    LowRankProjection::Weights<S> input;
    S A_log;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("step", input_, w.input...),
                  parameter("A_log", {heads_}, log_uniform(1, 16), Decay::no, w.A_log...));
  }
  template <class S>
  struct Saved {
    LowRankProjection::Saved<S> input;
    S step;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(inside("step_input", input_, s.input...), buffer("step", {extent.tokens, input_.out()}, s.step...));
  }

  template <class C>
  void project(C& c, const auto& w, In<C> x, const auto& saved) const {
    input_.forward(c, w.input, x, saved.step, saved.input);
  }
  template <class C>
  WideOut<C> log_decay(C& c, const auto& w, const auto& saved) const {
    const WideOut<C> g = c.wide(saved.step.rows, input_.out()), step = c.wide(saved.step.rows, input_.out());
    c.gate(saved.step, rates(c, w), g, step, Gate{});
    return g;
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, WideIn<C> dg, Out<C> dx, const auto& saved, const auto& dw) const {
    auto mark = c.mark();
    const Out<C> d_step = c.matrix(x.rows, input_.out()), d_rates = c.matrix(1, input_.out()), no_gradient = c.matrix(1, input_.out());
    const WideOut<C> no_write = c.wide(x.rows, input_.out()), sum = c.wide(1, input_.out());
    c.zero(no_write);
    c.zero(sum);
    c.zero(no_gradient);
    c.gate_gradient(saved.step, rates(c, w), dg, no_write, d_step, sum, Gate{});
    c.template map_gradient<Identity>(ones(c), sum, d_rates);  // as narrow as activations are
    c.add_scaled_gradient(w.A_log, ones(c), d_rates, no_gradient, dw.A_log);
    input_.backward(c, w.input, x, d_step, dx, saved.input, dw.input, Onto::add);
  }

 private:
  template <class C>
  Out<C> ones(C& c) const {
    const Out<C> row = c.matrix(1, input_.out());
    c.fill(row, typename C::Scalar(1));
    return row;
  }
  // A_log for each channel of its head.
  template <class C>
  Out<C> rates(C& c, const auto& w) const {
    const Out<C> row = c.matrix(1, input_.out());
    c.zero(row);
    c.add_scaled(w.A_log, ones(c), row);
    return row;
  }

  Index heads_;
  LowRankProjection input_;
};

}  // namespace rondo
