// Norms over the channels of a token, or over equal groups of them (heads).
//
//   RmsNorm    y = x r w,               r = (mean(x^2) + epsilon)^-1/2                   Zhang and Sennrich 2019
//   LayerNorm  y = (x - mean) r w + b,  r = (variance + epsilon)^-1/2, biased variance   Ba, Kiros, Hinton 2016
//   UnbiasedLayerNorm   without b                    OffsetLayerNorm   without b, with 1 + w in place of w (xLSTM, Beck et al. 2024)
//   UnweightedRmsNorm   y = x r                      NoNorm            y = x
//
// x, y [tokens, width]; w, b [width]; means run over width / groups channels. Saved: r (and mean) [tokens, groups].
//   dx = plus + r (g - [mean(g)] - xh mean(g xh)),  g = dy w,  xh the normalised x;   dw += sum dy xh,  db += sum dy
// `plus`, if it is there, is the gradient that reaches x past the norm.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

// What a norm is made of; `offset` is added to every weight: 1 where weights start at zero.
struct NormForm {
  bool centred;
  bool weighted = true;
  Bias bias = Bias::no;
  int offset = 0;
};

template <NormForm form>
class Norm : public PlainLayer, public NoState {
 public:
  constexpr explicit Norm(Index width, double epsilon, Index groups = 1) : width_(width), sizes_{groups, epsilon, form.offset} {}

  template <class S>
  using Weights = std::conditional_t<form.weighted, WeightAndBias<S, form.bias>, NoWeights::Weights<S>>;
  constexpr auto weight_leaves(auto&... w) const {
    if constexpr (form.weighted)
      return weight_and_bias<form.bias>({"weight", {width_}, form.offset == 0 ? ones() : zeros()}, width_, zeros(), w...);
    else
      return leaves();
  }
  template <class S>
  struct Reciprocal {
    Wide<S> reciprocal;
  };
  template <class S>
  struct MeanAndReciprocal {
    Wide<S> mean, reciprocal;
  };
  template <class S>
  using Saved = std::conditional_t<form.centred, MeanAndReciprocal<S>, Reciprocal<S>>;
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    const Dimensions dimensions{extent.tokens, sizes_.groups};
    if constexpr (form.centred)
      return leaves(buffer("mean", dimensions, s.mean...), buffer("reciprocal", dimensions, s.reciprocal...));
    else
      return leaves(buffer("reciprocal", dimensions, s.reciprocal...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    c.norm(sizes_, x, weight<In<C>>(w), bias<In<C>>(w), y, mean<C>(saved), saved.reciprocal);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw, In<C> plus = {}) const {
    c.norm_gradient(sizes_, x, weight<In<C>>(w), mean<C>(saved), saved.reciprocal, dy, dx, weight<WideOut<C>>(dw),
                    bias<WideOut<C>>(dw), plus);
  }

 private:
  // The views of a record, none where it has no such member.
  template <class None>
  static auto weight(const auto& w) {
    if constexpr (form.weighted)
      return w.weight;
    else
      return None{};
  }
  template <class None>
  static auto bias(const auto& w) {
    if constexpr (form.bias == Bias::yes)
      return w.bias;
    else
      return decltype(weight<None>(w)){};
  }
  template <class C>
  static WideOut<C> mean(const auto& saved) {
    if constexpr (form.centred)
      return saved.mean;
    else
      return {};
  }

  Index width_;
  NormSizes sizes_;
};

struct RmsNorm : Norm<NormForm{.centred = false}> {
  using Norm::Norm;
};
struct UnweightedRmsNorm : Norm<NormForm{.centred = false, .weighted = false}> {
  using Norm::Norm;
};
struct LayerNorm : Norm<NormForm{.centred = true, .bias = Bias::yes}> {
  using Norm::Norm;
};
struct UnbiasedLayerNorm : Norm<NormForm{.centred = true}> {
  using Norm::Norm;
};
struct OffsetLayerNorm : Norm<NormForm{.centred = true, .offset = 1}> {
  using Norm::Norm;
};

class NoNorm : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  constexpr explicit NoNorm(Index, double, Index = 1) {}
  template <class C>
  void forward(C& c, const auto&, In<C> x, Out<C> y, const auto&) const {
    c.copy(x, y);
  }
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, Out<C> dx, const auto&, const auto&, In<C> plus = {}) const {
    c.copy(dy, dx);
    if (plus) c.add(plus, dx);
  }
};

}  // namespace rondo
