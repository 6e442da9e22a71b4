// Norms over the channels of a token, or over equal groups of them (heads).
//
//   RmsNorm    y = x r w,               r = (mean(x^2) + epsilon)^-1/2                   Zhang and Sennrich 2019
//   LayerNorm  y = (x - mean) r w + b,  r = (variance + epsilon)^-1/2, biased variance   Ba, Kiros, Hinton 2016
//   UnbiasedLayerNorm   without b                    OffsetLayerNorm   without b, with 1 + w in place of w (xLSTM, Beck et al. 2024)
//   NoNorm              y = x
//
// x, y [tokens, width]; w, b [width]; means run over width / groups channels. Saved: r (and mean) [tokens, groups].
//   dx = r (g - [mean(g)] - xh mean(g xh)),  g = dy w,  xh the normalised x;   dw += sum dy xh,  db += sum dy
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

class RmsNorm : public PlainLayer, public NoState {
 public:
  constexpr explicit RmsNorm(Index width, double epsilon, Index groups = 1) : width_(width), sizes_{groups, epsilon} {}

  template <class S>
  struct Weights {
    S weight;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {width_}, ones(), Decay::no, w.weight...));
  }
  template <class S>
  struct Saved {
    S reciprocal;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("reciprocal", {extent.tokens, sizes_.groups}, s.reciprocal...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    c.rms_norm(sizes_, x, w.weight, y, saved.reciprocal);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw) const {
    c.rms_norm_gradient(sizes_, x, w.weight, saved.reciprocal, dy, dx, dw.weight);
  }

 private:
  Index width_;
  NormSizes sizes_;
};

// `offset` is added to every weight: 1 where w starts at zero.
template <Bias with_bias, int offset>
class AnyLayerNorm : public PlainLayer, public NoState {
 public:
  constexpr explicit AnyLayerNorm(Index width, double epsilon, Index groups = 1) : width_(width), sizes_{groups, epsilon, offset} {}

  template <class S>
  using Weights = WeightAndBias<S, with_bias>;
  constexpr auto weight_leaves(auto&... w) const {
    return weight_and_bias<with_bias>({"weight", {width_}, offset == 0 ? ones() : zeros()}, width_, zeros(), w...);
  }
  template <class S>
  struct Saved {
    S mean, reciprocal;
  };
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("mean", {extent.tokens, sizes_.groups}, s.mean...),
                  buffer("reciprocal", {extent.tokens, sizes_.groups}, s.reciprocal...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    if constexpr (with_bias == Bias::yes)
      c.layer_norm(sizes_, x, w.weight, w.bias, y, saved.mean, saved.reciprocal);
    else
      c.layer_norm(sizes_, x, w.weight, decltype(w.weight){}, y, saved.mean, saved.reciprocal);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw) const {
    if constexpr (with_bias == Bias::yes)
      c.layer_norm_gradient(sizes_, x, w.weight, saved.mean, saved.reciprocal, dy, dx, dw.weight, dw.bias);
    else
      c.layer_norm_gradient(sizes_, x, w.weight, saved.mean, saved.reciprocal, dy, dx, dw.weight, Out<C>{});
  }

 private:
  Index width_;
  NormSizes sizes_;
};

struct LayerNorm : AnyLayerNorm<Bias::yes, 0> {
  using AnyLayerNorm::AnyLayerNorm;
};
struct UnbiasedLayerNorm : AnyLayerNorm<Bias::no, 0> {
  using AnyLayerNorm::AnyLayerNorm;
};
struct OffsetLayerNorm : AnyLayerNorm<Bias::no, 1> {
  using AnyLayerNorm::AnyLayerNorm;
};

class NoNorm : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  constexpr explicit NoNorm(Index, double, Index = 1) {}
  template <class C>
  void forward(C& c, const auto&, In<C> x, Out<C> y, const auto&) const {
    c.copy(x, y);
  }
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, Out<C> dx, const auto&, const auto&) const {
    c.copy(dy, dx);
  }
};

}  // namespace rondo
