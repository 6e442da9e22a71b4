// How the state of a delta rule decays before a token is written, the first argument of DeltaMixer:
//
//   NoDecay       it does not                                             DeltaNet (Yang et al. 2024)
//   HeadDecay     g = -exp(A_log) softplus(Wa x + b)   a number a head    Gated DeltaNet (Yang et al. 2025, section 3.4)
//
// Each is a layer: x [tokens, width] -> g [tokens, heads `decays`], the logarithm of the decay, formed from what `project` saves. A_log, b
// [heads]. Saved: Wa x + b [tokens, heads].
#pragma once

#include <rondo/gate/softplus_step.hpp>
#include <rondo/layer/linear.hpp>

namespace rondo {

class NoDecay : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  constexpr NoDecay(const Shape&, Index) {}
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

class HeadDecay : public PlainLayer, public NoState {
 public:
  constexpr HeadDecay(const Shape& shape, Index) : input_(shape.width, shape.heads) {}
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

}  // namespace rondo
