// The forget gates' lower bounds of all blocks, from one learned matrix (HGRN2; Qin et al. 2024, section 3.1).
//
//   P = softmax(Lambda, over the depth),  beta = cumulative sum of P over the depth - P[0]      Lambda, beta [depth, width]
//
// so beta[0] = 0 and the bounds grow towards the last block; Lambda = 0 gives beta[l] = l / depth. Backward adds
//   dLambda = P (dP - sum_j P_j dP_j),   dP_j = sum over l >= j of dbeta_l for j >= 1,  dP_0 = 0.
//
// The stack makes the bounds once a pass; `share` is row l, which the gate of block l is handed.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

class LowerBounds {
 public:
  constexpr LowerBounds(const Shape& shape, Index depth) : depth_(depth), width_(shape.heads * shape.head_key_width()) {}

  template <class S>
  struct Weights {
    S lower_bounds;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("lower_bounds", {depth_, width_}, zeros(), Decay::no, w.lower_bounds...).as(Role::vector));
  }
  template <class S>
  struct Saved {
    Wide<S> bounds, d_bounds;
  };
  constexpr auto saved_leaves(Extent, auto&... s) const {
    return leaves(buffer("bounds", {depth_, width_}, s.bounds...), buffer("d_bounds", {depth_, width_}, s.d_bounds...));
  }

  template <class C>
  void forward(C& c, const auto& w, const auto& saved) const {
    c.lower_bounds(w.lower_bounds, saved.bounds);
    c.zero(saved.d_bounds);
  }
  template <class C>
  void backward(C& c, const auto& w, const auto& saved, const auto& dw) const {
    c.lower_bounds_gradient(w.lower_bounds, saved.d_bounds, dw.lower_bounds);
  }
  template <class S>
  static constexpr Share<S> share(const auto& saved, Index l) {
    return {saved.bounds.middle_rows(l, 1), saved.d_bounds.middle_rows(l, 1)};
  }

 private:
  Index depth_, width_;
};

}  // namespace rondo
