// Short causal depthwise convolution of each channel along its sequence (Fu et al. 2023, H3; HGRN2's option without activation).
//
//   y_t[c] = sum over j = 0 .. W-1 of w[c, j] x_{t-W+1+j}[c]        w [channels, 1, W]; w[c, W-1] multiplies the current token
//   with a bias, y_t[c] + b[c]
//   dx_t = sum_j w[c, W-1-j] dy_{t+j},   dw[c, j] += sum_t dy_t x_{t-W+1+j}
//
// Inputs before a sequence are zero, or the carried window [sequences, (W-1) channels], oldest token first.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <Bias with_bias = Bias::no>
class ShortConvolution : public PlainLayer, public NothingSaved {
 public:
  constexpr ShortConvolution(const Shape& shape, Index channels, Initial initial = normal(0.02), Initial bias_initial = zeros(),
                             bool biased = true)
      : channels_(channels), taps_(shape.convolution), initial_(initial), bias_initial_(bias_initial), biased_(biased) {}

  template <class S>
  using Weights = WeightAndBias<S, with_bias>;
  constexpr auto weight_leaves(auto&... w) const {
    return weight_and_bias<with_bias>({"weight", {channels_, 1, taps_}, initial_, Decay::yes, Role::taps}, biased_ ? channels_ : 0,
                                      bias_initial_, w...);
  }
  template <class S>
  struct State {
    S window;
  };
  constexpr auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("window", {extent.sequences, count_of(taps_ - 1, channels_)}, s.window...));
  }

  // y must not be x's memory.
  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, CarriedFor<ShortConvolution, C> carried) const {
    c.short_convolution(x, w.weight, y, or_none(carried.initial).window, or_none(carried.final).window);
    if constexpr (with_bias != Bias::no)
      if (w.bias) c.add_bias(w.bias, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw,
                CarriedGradientFor<ShortConvolution, C> carried) const {
    c.short_convolution_gradient(x, w.weight, dy, dx, dw.weight, or_none(carried.initial).window,
                                 or_none(carried.d_final).window, or_none(carried.d_initial).window);
    if constexpr (with_bias != Bias::no)
      if (dw.bias) c.bias_gradient(dy, dw.bias);
  }

 private:
  Index channels_, taps_;
  Initial initial_, bias_initial_;
  bool biased_;
};

}  // namespace rondo
