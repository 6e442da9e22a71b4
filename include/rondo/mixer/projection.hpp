// How a mixer makes its inputs from the residual stream.
//
//   Projection            y = W x
//   ConvolvedProjection   y = short_convolution(W x)      saves W x; carries the last inputs of the convolution
//   LowRankProjection     y = W2 (W1 x) + b               saves W1 x [tokens, rank]; on its own, not a choice of mixers
#pragma once

#include <rondo/layer/linear.hpp>
#include <rondo/layer/short_convolution.hpp>

namespace rondo {

class Projection : public RecordsOf<Linear<>> {
 public:
  constexpr Projection(const Shape&, Index in, Index out) : RecordsOf(Linear<>(in, out)) {}

  [[nodiscard]] constexpr Index out() const { return inner_.out(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto&, const auto&) const {
    inner_.forward(c, w, x, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto&, const auto& dw, const auto&, Onto onto) const {
    inner_.backward(c, w, x, dy, dx, dw, onto);
  }
};

class LowRankProjection : public PlainLayer, public NoState {
 public:
  constexpr LowRankProjection(Index in, Index rank, Index out, Initial bias_initial = zeros())
      : down_(in, rank), up_(rank, out, normal(0.02), bias_initial) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> down;
    Linear<Bias::yes>::Weights<S> up;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("down", down_, w.down...), inside("up", up_, w.up...));
  }
  template <class S>
  struct Saved {
    S low;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("low", extent.kept(down_.out()), s.low...));
  }

  [[nodiscard]] constexpr Index out() const { return up_.out(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    down_.forward(c, w.down, x, saved.low);
    up_.forward(c, w.up, saved.low, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, Onto onto) const {
    auto mark = c.mark();
    const Out<C> d_low = c.matrix(x.rows, down_.out());
    up_.backward(c, w.up, saved.low, dy, d_low, dw.up);
    down_.backward(c, w.down, x, d_low, dx, dw.down, onto);
  }

 private:
  Linear<> down_;
  Linear<Bias::yes> up_;
};

class ConvolvedProjection : public PlainLayer {
 public:
  constexpr ConvolvedProjection(const Shape& shape, Index in, Index out) : linear_(in, out), convolution_(shape, out) {}

  template <class S>
  struct Weights {
    Linear<>::Weights<S> linear;
    ShortConvolution<>::Weights<S> convolution;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(inside("", linear_, w.linear...), inside("convolution", convolution_, w.convolution...));
  }
  template <class S>
  struct Saved {
    S projected;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("projected", extent.kept(linear_.out()), s.projected...));
  }
  template <class S>
  using State = ShortConvolution<>::State<S>;
  constexpr auto state_leaves(Extent extent, auto&... s) const { return convolution_.state_leaves(extent, s...); }

  [[nodiscard]] constexpr Index out() const { return linear_.out(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved, const auto& carried) const {
    linear_.forward(c, w.linear, x, saved.projected);
    convolution_.forward(c, w.convolution, saved.projected, y, carried);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, const auto& carried,
                Onto onto) const {
    auto mark = c.mark();
    Out<C> d_projected = c.matrix(x.rows, linear_.out());
    convolution_.backward(c, w.convolution, saved.projected, dy, d_projected, dw.convolution, carried);
    linear_.backward(c, w.linear, x, d_projected, dx, dw.linear, onto);
  }

 private:
  Linear<> linear_;
  ShortConvolution<> convolution_;
};

}  // namespace rondo
