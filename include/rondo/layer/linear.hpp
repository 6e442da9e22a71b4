// Linear map of every token:  y = x W^T (+ b)     W [out, in], b [out], x [tokens, in], y [tokens, out]
//
//   dx (+)= dy W,   dW += dy^T x,   db += sum over tokens of dy
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <Bias with_bias = Bias::no>
class Linear : public PlainLayer, public NothingSaved, public NoState {
 public:
  // `parts`: the rows of each map, where W is several (core/leaf.hpp).
  constexpr Linear(Index in, Index out, Initial initial = normal(0.02), Initial bias_initial = zeros(), Role role = Role::matrix,
                   Parts parts = {})
      : in_(in), out_(out), initial_(initial), bias_initial_(bias_initial), role_(role), parts_(parts) {}

  template <class S>
  using Weights = WeightAndBias<S, with_bias>;
  constexpr auto weight_leaves(auto&... w) const {
    return weight_and_bias<with_bias>({"weight", {out_, in_}, initial_, Decay::yes, role_, parts_}, out_, bias_initial_, w...);
  }

  [[nodiscard]] constexpr Index in() const { return in_; }
  [[nodiscard]] constexpr Index out() const { return out_; }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y) const {
    c.linear(x, w.weight, y);
    if constexpr (with_bias == Bias::yes) c.add_bias(w.bias, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw, Onto onto = Onto::write) const {
    c.linear_input_gradient(dy, w.weight, dx, onto);
    c.linear_weight_gradient(dy, x, dw.weight);
    if constexpr (with_bias == Bias::yes) c.bias_gradient(dy, dw.bias);
  }

 private:
  Index in_, out_;
  Initial initial_, bias_initial_;
  Role role_;
  Parts parts_;
};

}  // namespace rondo
