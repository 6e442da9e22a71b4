// Channel mixers: what a block does to each token alone.
//
//   GatedMlp<F>   y = Wd (F(Wg x) * (Wu x))      Shazeer 2020 ("GLU variants"); F = Silu: HGRN2, Llama; each map with a bias where
//                                                Shape::mlp_bias
//   Mlp<F, bias>  y = Wd F(Wu x + bu) + bd       GPT-2
//   NoMlp         the block has none
//   OptionalMlp   the block has none where Shape::second_mlp is false (the small xLSTM's sLSTM)
//
// Wg, Wu [mlp width, width], Wd [width, mlp width]. Saved: the pre-activations; the product is formed again in the backward.
#pragma once

#include <array>

#include <rondo/core/activation.hpp>
#include <rondo/layer/linear.hpp>

namespace rondo {

template <class Activation>
class GatedMlp : public PlainLayer, public NoState {
 public:
  static constexpr Apart apart = Apart::tokens;
  constexpr GatedMlp(const Shape& shape, Index, Initial output = normal(0.02), Initial up = normal(0.02),
                     Initial gate = normal(0.02))
      : gate_(shape.width, shape.mlp(), gate, zeros(), Role::matrix, {}, shape.mlp_bias),
        up_(shape.width, shape.mlp(), up, zeros(), Role::matrix, {}, shape.mlp_bias),
        down_(shape.mlp(), shape.width, output, zeros(), Role::matrix, {}, shape.mlp_bias) {}

  template <class S>
  struct Weights {
    Linear<Bias::chosen>::Weights<S> gate, up, down;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("gate", gate_, w.gate...), inside("up", up_, w.up...), inside("down", down_, w.down...));
  }
  template <class S>
  struct Saved {
    S projected;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", extent.kept(2 * up_.out()), s.projected...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto&, In<C> plus = {}) const {
    maps_forward(c, std::array{w.gate, w.up}, x, saved.projected);
    auto mark = c.mark();
    Out<C> product = c.matrix(x.rows, up_.out());
    c.template gated<Activation>(gate(saved.projected), up(saved.projected), product);
    down_.forward(c, w.down, product, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, const auto&) const {
    auto mark = c.mark();
    const Out<C> d_projected = c.matrix(x.rows, 2 * up_.out());
    const Out<C> product = gate(d_projected), d_product = up(d_projected);  // memory that is not needed at the same time
    c.template gated<Activation>(gate(saved.projected), up(saved.projected), product);
    down_.backward(c, w.down, product, dy, d_product, dw.down);
    c.template gated_gradient<Activation>(gate(saved.projected), up(saved.projected), d_product, gate(d_projected), up(d_projected));
    maps_backward(c, std::array{w.gate, w.up}, x, d_projected, dx, std::array{dw.gate, dw.up});
  }

 private:
  template <class V>
  [[nodiscard]] V gate(V both) const { return both.middle_columns(0, up_.out()); }
  template <class V>
  [[nodiscard]] V up(V both) const { return both.middle_columns(up_.out(), up_.out()); }

  Linear<Bias::chosen> gate_, up_, down_;
};

template <class Activation, Bias bias = Bias::no>
class Mlp : public PlainLayer, public NoState {
 public:
  static constexpr Apart apart = Apart::tokens;
  constexpr Mlp(const Shape& shape, Index, Initial output = normal(0.02))
      : up_(shape.width, shape.mlp()), down_(shape.mlp(), shape.width, output) {}

  template <class S>
  struct Weights {
    typename Linear<bias>::template Weights<S> up, down;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("up", up_, w.up...), inside("down", down_, w.down...));
  }
  template <class S>
  struct Saved {
    S up;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("up", extent.kept(up_.out()), s.up...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto&, In<C> plus = {}) const {
    auto mark = c.mark();
    Out<C> active = c.matrix(x.rows, up_.out());
    up_.template forward_map<Activation>(c, w.up, x, saved.up, active);
    down_.forward(c, w.down, active, y, plus);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, const auto&) const {
    auto mark = c.mark();
    Out<C> active = c.matrix(x.rows, up_.out());
    Out<C> d_active = c.matrix(x.rows, up_.out());
    c.template map<Activation>(saved.up, active);
    down_.backward(c, w.down, active, dy, d_active, dw.down);
    c.template map_gradient<Activation>(saved.up, d_active, d_active);
    up_.backward(c, w.up, x, d_active, dx, dw.up);
  }

 private:
  Linear<bias> up_, down_;
};

struct NoMlp {};

template <class ChannelMixer>
class OptionalMlp : public ChannelMixer {
 public:
  using ChannelMixer::ChannelMixer;
  [[nodiscard]] static constexpr bool present(const Shape& shape) { return shape.second_mlp; }
};

}  // namespace rondo
