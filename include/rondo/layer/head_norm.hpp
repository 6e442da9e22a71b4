// HeadRmsNorm: an RMS norm of each head, all heads with the same weights.
//
//   y = x r w,   r = (mean over the head's channels of x^2 + epsilon)^-1/2
//
// x, y [tokens, heads V], without gaps between rows; w [V]. Saved: r [tokens, heads].
#pragma once

#include <rondo/layer/norm.hpp>

namespace rondo {

class HeadRmsNorm : public PlainLayer, public NoState {
 public:
  constexpr HeadRmsNorm(Index width, double epsilon, Index heads) : heads_(heads), norm_(width / heads, epsilon) {}

  template <class S>
  using Weights = RmsNorm::Weights<S>;
  constexpr auto weight_leaves(auto&... w) const { return norm_.weight_leaves(w...); }
  template <class S>
  using Saved = RmsNorm::Saved<S>;
  constexpr auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("reciprocal", {extent.tokens, heads_}, s.reciprocal...));
  }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto& saved) const {
    norm_.forward(c, w, by_head(x), by_head(y), by_head(saved));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw) const {
    norm_.backward(c, w, by_head(x), by_head(dy), by_head(dx), by_head(saved), dw);
  }

 private:
  // A row a head.
  [[nodiscard]] auto by_head(auto x) const {
    if constexpr (requires { x.reciprocal; })
      x.reciprocal = by_head(x.reciprocal);
    else
      x = x.reshaped(x.rows * heads_, x.columns / heads_);
    return x;
  }

  Index heads_;
  RmsNorm norm_;
};

}  // namespace rondo
