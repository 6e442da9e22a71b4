// mLSTM's token mixer as the small xLSTM has it (Beck et al. 2024, "xLSTM", figure 11; Di = inner channels):
//
//   [u, z] = Wup x                                       x [tokens, width], u, z [tokens, Di]
//   a = short_convolution(u) + b,  uc = silu(a)
//   q = Bq uc,  k = Bk uc,  v = Bv u                     block-diagonal, Shape::block_width channels a block
//   i = Wi [q k v] + bi,  f = Wf [q k v] + bf            one number a head, from all heads' channels
//   h = MatrixMemory(q, k, v, i, f),  scale K^-1/2       per head; keys and values Di / heads wide
//   y = Wdown ((norm(h) + skip uc) silu(z))              norm per head, weight 1 + w; skip learned, one number a channel
//
// Di is Shape::inner_width, or twice the width rounded up to a multiple of 64. MlstmMixer<Bias::yes> has biases in Wup, Wdown and B.
// Saved: u, z, a, [q k v], i, f, h; everything else is formed again in the backward.
#pragma once

#include <cmath>

#include <rondo/core/activation.hpp>
#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/short_convolution.hpp>
#include <rondo/layer/skip.hpp>
#include <rondo/layer/small_initial.hpp>
#include <rondo/recurrence/matrix_memory.hpp>

namespace rondo {

template <Bias bias = Bias::no>
class MlstmMixer {
 public:
  using Shared = NothingShared;

  [[nodiscard]] static constexpr Index inner(const Shape& shape) {
    return shape.inner_width ? shape.inner_width : (2 * shape.width + 63) / 64 * 64;
  }
  static constexpr void check(const Shape& shape) {
    require_divides(shape.heads, inner(shape), "heads", "inner_width");
    require_divides(shape.block_width, inner(shape), "block_width", "inner_width");
  }
  MlstmMixer(const Shape& shape, Index)
      : inner_(inner(shape)),
        memory_{shape.heads, inner_ / shape.heads, inner_ / shape.heads,
                1.0 / std::sqrt(static_cast<double>(inner_ / shape.heads)), 1e-6, MatrixMemory::Start::unbounded},
        up_(shape.width, 2 * inner_, small_initial(shape.width), zeros(), Role::matrix, {inner_}),
        convolution_(shape, inner_, taps_initial(shape), taps_initial(shape)),
        projection_(inner_ / shape.block_width, inner_, inner_, small_initial(shape.width)),
        input_gate_(3 * inner_, shape.heads, zeros(), normal(0.1), Role::gate),
        forget_gate_(3 * inner_, shape.heads, zeros(), ramp(3, 6), Role::gate),
        norm_(inner_, shape.mixer_norm_epsilon, shape.heads),
        skip_(inner_),
        down_(inner_, shape.width, output_initial(shape.width, shape.depth)) {}

  template <class S>
  struct Weights {
    typename Linear<bias>::template Weights<S> up;
    ShortConvolution<Bias::yes>::Weights<S> convolution;
    typename BlockLinear<bias>::template Weights<S> query, key, value;
    Linear<Bias::yes>::Weights<S> input_gate, forget_gate;
    OffsetLayerNorm::Weights<S> norm;
    Skip::Weights<S> skip;
    typename Linear<bias>::template Weights<S> down;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(inside("up", up_, w.up...), inside("convolution", convolution_, w.convolution...),
                  inside("query", projection_, w.query...), inside("key", projection_, w.key...),
                  inside("value", projection_, w.value...), inside("input_gate", input_gate_, w.input_gate...),
                  inside("forget_gate", forget_gate_, w.forget_gate...), inside("output_norm", norm_, w.norm...),
                  inside("skip", skip_, w.skip...), inside("down", down_, w.down...));
  }
  template <class S>
  struct Saved {
    S up, convolved, projected, input_gate, forget_gate, hidden;
    OffsetLayerNorm::Saved<S> norm;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("up", extent.kept(2 * inner_), s.up...), buffer("convolved", extent.kept(inner_), s.convolved...),
                  buffer("projected", {extent.tokens, 3 * inner_}, s.projected...),
                  buffer("input_gate", {extent.tokens, memory_.heads}, s.input_gate...),
                  buffer("forget_gate", {extent.tokens, memory_.heads}, s.forget_gate...),
                  buffer("hidden", {extent.tokens, inner_}, s.hidden...), inside("output_norm", norm_, s.norm...));
  }
  template <class S>
  struct State {
    ShortConvolution<Bias::yes>::State<S> convolution;
    MatrixMemory::State<S> memory;
  };
  auto state_leaves(Extent, auto&... s) const {
    return leaves(inside("convolution", convolution_, s.convolution...), inside("", memory_, s.memory...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, CarriedFor<MlstmMixer, C> carried, In<C> plus = {}) const {
    using S = State<Out<C>>;
    const In<C> branch = part(saved.up, 0);
    up_.forward(c, w.up, x, saved.up);
    convolution_.forward(c, w.convolution, branch, saved.convolved, carried.at(&S::convolution));
    auto mark = c.mark();
    const Out<C> active = c.matrix(x.rows, inner_);
    c.template map<Silu>(saved.convolved, active);
    projection_.forward(c, w.query, active, part(saved.projected, 0));
    projection_.forward(c, w.key, active, part(saved.projected, 1));
    projection_.forward(c, w.value, branch, part(saved.projected, 2));
    input_gate_.forward(c, w.input_gate, saved.projected, saved.input_gate);
    forget_gate_.forward(c, w.forget_gate, saved.projected, saved.forget_gate);
    c.recurrence(memory_, {}, inputs<In<C>>(saved.projected, saved.input_gate, saved.forget_gate), {saved.hidden},
                 carried.at(&S::memory));
    const Out<C> mixed = c.matrix(x.rows, inner_);
    norm_.forward(c, w.norm, saved.hidden, mixed, saved.norm);
    skip_.forward(c, w.skip, active, mixed);
    c.template gated<Silu>(part(saved.up, 1), mixed, mixed);
    down_.forward(c, w.down, mixed, y, plus);
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw,
                CarriedGradientFor<MlstmMixer, C> carried) const {
    using S = State<Out<C>>;
    auto mark = c.mark();
    const In<C> branch = part(saved.up, 0);
    const Out<C> d_up = c.matrix(x.rows, 2 * inner_);
    const Out<C> active = c.matrix(x.rows, inner_), d_active = c.matrix(x.rows, inner_);
    const Out<C> d_hidden = c.matrix(x.rows, inner_);
    c.template map<Silu>(saved.convolved, active);
    c.zero(d_active);
    {
      auto inner = c.mark();
      const Out<C> mixed = c.matrix(x.rows, inner_), product = c.matrix(x.rows, inner_), d_product = c.matrix(x.rows, inner_);
      norm_.forward(c, w.norm, saved.hidden, mixed, saved.norm);
      skip_.forward(c, w.skip, active, mixed);
      c.template gated<Silu>(part(saved.up, 1), mixed, product);
      down_.backward(c, w.down, product, dy, d_product, dw.down);
      const Out<C> d_mixed = product;  // no longer needed
      c.template gated_gradient<Silu>(part(saved.up, 1), mixed, d_product, part(d_up, 1), d_mixed);
      skip_.backward(c, w.skip, active, d_mixed, d_active, dw.skip);
      norm_.backward(c, w.norm, saved.hidden, d_mixed, d_hidden, saved.norm, dw.norm);
    }
    {
      auto inner = c.mark();
      const Out<C> d_projected = c.matrix(x.rows, 3 * inner_);
      const Out<C> d_input_gate = c.matrix(x.rows, memory_.heads), d_forget_gate = c.matrix(x.rows, memory_.heads);
      c.recurrence_gradient(memory_, {}, inputs<In<C>>(saved.projected, saved.input_gate, saved.forget_gate), {saved.hidden},
                            {d_hidden}, {}, inputs<Out<C>>(d_projected, d_input_gate, d_forget_gate), carried.at(&S::memory));
      input_gate_.backward(c, w.input_gate, saved.projected, d_input_gate, d_projected, dw.input_gate, Onto::add);
      forget_gate_.backward(c, w.forget_gate, saved.projected, d_forget_gate, d_projected, dw.forget_gate, Onto::add);
      projection_.backward(c, w.query, active, part(d_projected, 0), d_active, dw.query, Onto::add);
      projection_.backward(c, w.key, active, part(d_projected, 1), d_active, dw.key, Onto::add);
      c.template map_gradient<Silu>(saved.convolved, d_active, d_active);
      convolution_.backward(c, w.convolution, branch, d_active, part(d_up, 0), dw.convolution, carried.at(&S::convolution));
      projection_.backward(c, w.value, branch, part(d_projected, 2), part(d_up, 0), dw.value, Onto::add);
    }
    up_.backward(c, w.up, x, d_up, dx, dw.up);
  }

 private:
  static Initial taps_initial(const Shape& shape) { return uniform(1.0 / std::sqrt(static_cast<double>(shape.convolution))); }
  // The columns of u and z, or of q, k and v.
  [[nodiscard]] auto part(auto all, Index number) const {
    return all.middle_columns(number * inner_, inner_);
  }
  template <class V>
  [[nodiscard]] MatrixMemory::Inputs<V> inputs(V projected, V input_gate, V forget_gate) const {
    return {.q = part(projected, 0), .k = part(projected, 1), .v = part(projected, 2), .i = input_gate, .f = forget_gate};
  }

  Index inner_;
  MatrixMemory memory_;
  Linear<bias> up_;
  ShortConvolution<Bias::yes> convolution_;
  BlockLinear<bias> projection_;
  Linear<Bias::yes> input_gate_, forget_gate_;
  OffsetLayerNorm norm_;
  Skip skip_;
  Linear<bias> down_;
};

}  // namespace rondo
