// How a mixer makes its inputs from the residual stream.
//
//   Projection            y = W x
//   ConvolvedProjection   y = short_convolution(W x)      saves W x; carries the last inputs of the convolution
#pragma once

#include <rondo/layer/linear.hpp>
#include <rondo/layer/short_convolution.hpp>

namespace rondo {

class Projection : public PlainLayer, public NothingSaved, public NoState {
 public:
  constexpr Projection(const Shape&, Index in, Index out) : linear_(in, out) {}

  template <class S>
  using Weights = Linear<>::Weights<S>;
  constexpr auto weight_leaves(auto&... w) const { return linear_.weight_leaves(w...); }

  [[nodiscard]] constexpr Index out() const { return linear_.out(); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto&, const auto&) const {
    linear_.forward(c, w, x, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto&, const auto& dw, const auto&, Onto onto) const {
    linear_.backward(c, w, x, dy, dx, dw, onto);
  }

 private:
  Linear<> linear_;
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
    return leaves(buffer("projected", {extent.tokens, linear_.out()}, s.projected...));
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
