// How a mixer ends: from what its recurrence gives, o [tokens, in], to the residual stream, y [tokens, width].
//
//   NormedOutput         y = Wo norm(o)                       HGRN2
//   GatedOutput          y = Wo (norm(o) * silu(Wg x))        HGRN1, GLA; x [tokens, width] is the mixer's own input
//   HeadNormedOutput     NormedOutput, and                    DeltaNet
//   HeadGatedOutput      GatedOutput with one weight of the norm for all heads   Gated DeltaNet
//   LowRankGatedOutput   y = Wo (norm(o) * s(W2 (W1 x) + b))  Kimi delta attention, the norm as there; W1 [width of a head, width]
//   PlainOutput          y = Wo o (+ bo)                      Llama, GPT-2
//   SigmoidGatedOutput   y = Wo (o * s(Wg x)) (+ bo)          gated attention
//
// The norm is an RmsNorm over all channels or over each group of them (heads), or a HeadRmsNorm. Saved: its reciprocals, Wg x and W1 x;
// what is formed from them is formed again in the backward. `plus`, if it is there, is added to y. d_o is written; those that read the
// input (`reads_input`) write its part of dx.
#pragma once

#include <rondo/core/activation.hpp>
#include <rondo/layer/head_norm.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/mixer/projection.hpp>

namespace rondo {

template <class NormType>
class NormedOutputOf {
 public:
  static constexpr bool reads_input = false;
  constexpr NormedOutputOf(Index width, Index in, double epsilon, Index groups = 1)
      : norm_(in, epsilon, groups), output_(in, width) {}

  template <class S>
  struct Weights {
    typename NormType::template Weights<S> norm;
    Linear<>::Weights<S> output;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("output_norm", norm_, w.norm...), inside("output", output_, w.output...));
  }
  template <class S>
  using Saved = typename NormType::template Saved<S>;
  constexpr auto saved_leaves(Extent extent, auto&... s) const { return norm_.saved_leaves(extent, s...); }

  [[nodiscard]] constexpr Index in() const { return output_.in(); }

  template <class C>
  void forward(C& c, const auto& w, In<C>, In<C> o, Out<C> y, const auto& saved, In<C> plus) const {
    auto mark = c.mark();
    const Out<C> normalised = c.matrix(o.rows, o.columns);
    norm_.forward(c, w.norm, o, normalised, saved);
    output_.forward(c, w.output, normalised, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C>, In<C> o, In<C> dy, Out<C>, Out<C> d_o, const auto& saved, const auto& dw) const {
    auto mark = c.mark();
    const Out<C> normalised = c.matrix(o.rows, o.columns), d_normalised = c.matrix(o.rows, o.columns);
    norm_.forward(c, w.norm, o, normalised, saved);
    output_.backward(c, w.output, normalised, dy, d_normalised, dw.output);
    norm_.backward(c, w.norm, o, d_normalised, d_o, saved, dw.norm);
  }

 private:
  NormType norm_;
  Linear<> output_;
};

template <class NormType, class Activation = Silu, class Gate = Linear<>>
class GatedOutputOf {
 public:
  static constexpr bool reads_input = true;
  constexpr GatedOutputOf(Index width, Index in, double epsilon, Index groups = 1)
      : gate_(gate(width, in, groups)), norm_(in, epsilon, groups), output_(in, width) {}

  template <class S>
  struct Weights {
    typename Gate::template Weights<S> gate;
    typename NormType::template Weights<S> norm;
    Linear<>::Weights<S> output;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("gate", gate_, w.gate...), inside("output_norm", norm_, w.norm...),
                  inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S gate;
    typename Gate::template Saved<S> gate_input;
    typename NormType::template Saved<S> norm;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("gate", extent.kept(gate_.out()), s.gate...), inside("gate_input", gate_, s.gate_input...),
                  inside("output_norm", norm_, s.norm...));
  }

  [[nodiscard]] constexpr Index in() const { return output_.in(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, In<C> o, Out<C> y, const auto& saved, In<C> plus) const {
    auto mark = c.mark();
    const Out<C> normalised = c.matrix(o.rows, o.columns), product = c.matrix(o.rows, o.columns);
    if constexpr (has_low_rank)
      gate_.forward(c, w.gate, x, saved.gate, saved.gate_input);
    else
      gate_.forward(c, w.gate, x, saved.gate);
    norm_.forward(c, w.norm, o, normalised, saved.norm);
    c.template gated<Activation>(saved.gate, normalised, product);
    output_.forward(c, w.output, product, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> o, In<C> dy, Out<C> dx, Out<C> d_o, const auto& saved, const auto& dw) const {
    auto mark = c.mark();
    const Out<C> normalised = c.matrix(o.rows, o.columns), product = c.matrix(o.rows, o.columns);
    const Out<C> d_product = c.matrix(o.rows, o.columns);
    norm_.forward(c, w.norm, o, normalised, saved.norm);
    c.template gated<Activation>(saved.gate, normalised, product);
    output_.backward(c, w.output, product, dy, d_product, dw.output);
    const Out<C> d_gate = product;  // no longer needed
    c.template gated_gradient<Activation>(saved.gate, normalised, d_product, d_gate, d_product);
    if constexpr (has_low_rank)
      gate_.backward(c, w.gate, x, d_gate, dx, saved.gate_input, dw.gate, Onto::write);
    else
      gate_.backward(c, w.gate, x, d_gate, dx, dw.gate);
    norm_.backward(c, w.norm, o, d_product, d_o, saved.norm, dw.norm);
  }

 private:
  static constexpr bool has_low_rank = std::is_same_v<Gate, LowRankProjection>;
  static constexpr Gate gate(Index width, Index in, Index groups) {
    if constexpr (has_low_rank)
      return Gate(width, in / groups, in);
    else
      return Gate(width, in);
  }

  Gate gate_;
  NormType norm_;
  Linear<> output_;
};

template <Bias bias = Bias::no>
class PlainOutput : public NothingSaved {
 public:
  static constexpr bool reads_input = false;
  constexpr PlainOutput(Index width, Index in, Initial output) : output_(in, width, output) {}

  template <class S>
  struct Weights {
    typename Linear<bias>::template Weights<S> output;
  };
  constexpr auto weight_leaves(auto&... w) const { return leaves(inside("output", output_, w.output...)); }

  template <class C>
  void forward(C& c, const auto& w, In<C>, In<C> o, Out<C> y, const auto&, In<C> plus) const {
    output_.forward(c, w.output, o, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C>, In<C> o, In<C> dy, Out<C>, Out<C> d_o, const auto&, const auto& dw) const {
    output_.backward(c, w.output, o, dy, d_o, dw.output);
  }

 private:
  Linear<bias> output_;
};

template <Bias bias = Bias::no>
class SigmoidGatedOutput {
 public:
  static constexpr bool reads_input = true;
  constexpr SigmoidGatedOutput(Index width, Index in, Initial output) : gate_(width, in), output_(in, width, output) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> gate;
    typename Linear<bias>::template Weights<S> output;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("gate", gate_, w.gate...), inside("output", output_, w.output...));
  }
  template <class S>
  struct Saved {
    S gate;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("gate", extent.kept(gate_.out()), s.gate...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, In<C> o, Out<C> y, const auto& saved, In<C> plus) const {
    auto mark = c.mark();
    const Out<C> product = c.matrix(o.rows, o.columns);
    gate_.forward(c, w.gate, x, saved.gate);
    c.template gated<Sigmoid>(saved.gate, o, product);
    output_.forward(c, w.output, product, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> o, In<C> dy, Out<C> dx, Out<C> d_o, const auto& saved, const auto& dw) const {
    auto mark = c.mark();
    const Out<C> product = c.matrix(o.rows, o.columns), d_product = c.matrix(o.rows, o.columns);
    c.template gated<Sigmoid>(saved.gate, o, product);
    output_.backward(c, w.output, product, dy, d_product, dw.output);
    const Out<C> d_gate = product;  // no longer needed
    c.template gated_gradient<Sigmoid>(saved.gate, o, d_product, d_gate, d_o);
    gate_.backward(c, w.gate, x, d_gate, dx, dw.gate);
  }

 private:
  Linear<> gate_;
  Linear<bias> output_;
};
using NormedOutput = NormedOutputOf<RmsNorm>;
using GatedOutput = GatedOutputOf<RmsNorm>;
using HeadNormedOutput = NormedOutputOf<HeadRmsNorm>;
using HeadGatedOutput = GatedOutputOf<HeadRmsNorm>;
using LowRankGatedOutput = GatedOutputOf<HeadRmsNorm, Sigmoid, LowRankProjection>;

}  // namespace rondo
