// HeadRmsNorm: an RMS norm of each head, all heads with the same weights.
//
//   y = x r w,   r = (mean over the head's channels of x^2 + epsilon)^-1/2
//
// x, y [tokens, heads V]; w [V]. Saved: r [tokens, heads]. dx may be dy's memory.
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
    if (x.contiguous() && y.contiguous()) return norm_.forward(c, w, a_row_a_head(x), a_row_a_head(y), a_row_a_head(saved));
    for (Index head = 0; head < heads_; ++head) norm_.forward(c, w, of(head, x), of(head, y), of(head, saved));
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& saved, const auto& dw) const {
    if (x.contiguous() && dy.contiguous() && dx.contiguous())
      return norm_.backward(c, w, a_row_a_head(x), a_row_a_head(dy), a_row_a_head(dx), a_row_a_head(saved), dw);
    for (Index head = 0; head < heads_; ++head)
      norm_.backward(c, w, of(head, x), of(head, dy), of(head, dx), of(head, saved), dw);
  }

 private:
  [[nodiscard]] auto a_row_a_head(auto x) const {
    if constexpr (requires { x.reciprocal; })
      x.reciprocal = a_row_a_head(x.reciprocal);
    else
      x = x.reshaped(x.rows * heads_, x.columns / heads_);
    return x;
  }
  [[nodiscard]] auto of(Index head, auto x) const {
    if constexpr (requires { x.reciprocal; })
      x.reciprocal = of(head, x.reciprocal);
    else
      x = x.middle_columns(head * (x.columns / heads_), x.columns / heads_);
    return x;
  }

  Index heads_;
  RmsNorm norm_;
};

}  // namespace rondo
