// Short causal depthwise convolution of each channel along its sequence (Fu et al. 2023, H3; HGRN2's option without activation).
//
//   y_t[c] = sum over j = 0 .. W-1 of w[c, j] x_{t-W+1+j}[c]        w [channels, 1, W]; w[c, W-1] multiplies the current token
//   dx_t = sum_j w[c, W-1-j] dy_{t+j},   dw[c, j] += sum_t dy_t x_{t-W+1+j}
//
// Inputs before a sequence are zero, or the carried window [sequences, (W-1) channels], oldest token first.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

class ShortConvolution : public PlainLayer, public NothingSaved {
 public:
  constexpr ShortConvolution(const Shape& shape, Index channels) : channels_(channels), taps_(shape.convolution) {}

  template <class S>
  struct Weights {
    S weight;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {channels_, 1, taps_}, normal(0.02), Decay::yes, w.weight...));
  }
  template <class S>
  struct State {
    S window;
  };
  constexpr auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("window", {extent.sequences, (taps_ - 1) * channels_}, s.window...));
  }

  // y must not be x's memory.
  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, CarriedFor<ShortConvolution, C> carried) const {
    using S = State<Out<C>>;
    c.short_convolution(x, w.weight, y, view_of(carried.initial, &S::window), view_of(carried.final, &S::window));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw,
                CarriedGradientFor<ShortConvolution, C> carried) const {
    using S = State<Out<C>>;
    c.short_convolution_gradient(x, w.weight, dy, dx, dw.weight, view_of(carried.initial, &S::window),
                                 view_of(carried.d_final, &S::window), view_of(carried.d_initial, &S::window));
  }

 private:
  Index channels_, taps_;
};

}  // namespace rondo
