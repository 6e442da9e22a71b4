// Linear map of every token:  y = x W^T (+ b)     W [out, in], b [out], x [tokens, in], y [tokens, out]
//
//   dx (+)= dy W,   dW += dy^T x,   db += sum over tokens of dy
#pragma once

#include <array>

#include <rondo/layer/layer.hpp>

namespace rondo {

template <Bias with_bias = Bias::no>
class Linear : public PlainLayer, public NothingSaved, public NoState {
 public:
  // `parts`: the rows of each map, where W is several (core/leaf.hpp). `biased`: whether there is a chosen bias.
  constexpr Linear(Index in, Index out, Initial initial = normal(0.02), Initial bias_initial = zeros(), Role role = Role::matrix,
                   Parts parts = {}, bool biased = true)
      : in_(in), out_(out), initial_(initial), bias_initial_(bias_initial), role_(role), parts_(parts), biased_(biased) {}

  template <class S>
  using Weights = WeightAndBias<S, with_bias>;
  constexpr auto weight_leaves(auto&... w) const {
    return weight_and_bias<with_bias>({"weight", {out_, in_}, initial_, Decay::yes, role_, parts_}, biased_ ? out_ : 0,
                                      bias_initial_, w...);
  }

  [[nodiscard]] constexpr Index in() const { return in_; }
  [[nodiscard]] constexpr Index out() const { return out_; }

  // `plus` is added to y.
  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, In<C> plus = {}) const {
    c.linear(x, w.weight, bias_of(w), y, plus);
  }
  // before = x W^T + b,  y = F(before)
  template <class F, class C>
  void forward_map(C& c, const auto& w, In<C> x, Out<C> before, Out<C> y) const {
    c.template linear_map<F>(x, w.weight, bias_of(w), before, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw, Onto onto = Onto::write) const {
    c.linear_input_gradient(dy, w.weight, dx, onto);
    c.linear_weight_gradient(dy, x, dw.weight);
    if constexpr (with_bias != Bias::no)
      if (dw.bias) c.bias_gradient(dy, dw.bias);
  }

 private:
  static auto bias_of(const auto& w) {
    if constexpr (with_bias != Bias::no)
      return w.bias;
    else
      return decltype(w.weight){};
  }

  Index in_, out_;
  Initial initial_, bias_initial_;
  Role role_;
  Parts parts_;
  bool biased_;
};

// Several maps of one x, their results side by side: y = [x W1^T + b1, x W2^T + b2, ...], one product where a back-end makes it one.
// w and dw: arrays of the maps' records.
template <class W, std::size_t n>
auto matrices_of(const std::array<W, n>& w) {
  std::array<decltype(W::weight), n> result;
  for (std::size_t i = 0; i < n; ++i) result[i] = w[i].weight;
  return result;
}
template <class W, std::size_t n>
void each_bias(const std::array<W, n>& w, auto y, auto act) {
  Index begin = 0;
  for (const W& one : w) {
    if (one.bias) act(one.bias, y.middle_columns(begin, one.bias.columns));
    begin += one.weight.rows;
  }
}
template <class C, class W, std::size_t n>
void maps_forward(C& c, const std::array<W, n>& w, In<C> x, Out<C> y) {
  c.linear(x, matrices_of(w), y);
  if constexpr (requires { w[0].bias; }) each_bias(w, y, [&](auto bias, Out<C> part) { c.add_bias(bias, part); });
}
template <class C, class W, class DW, std::size_t n>
void maps_backward(C& c, const std::array<W, n>& w, In<C> x, In<C> dy, Out<C> dx, const std::array<DW, n>& dw,
                   Onto onto = Onto::write) {
  c.linear_input_gradient(dy, matrices_of(w), dx, onto);
  c.linear_weight_gradient(dy, x, matrices_of(dw));
  if constexpr (requires { dw[0].bias; }) each_bias(dw, dy, [&](auto d_bias, In<C> part) { c.bias_gradient(part, d_bias); });
}

}  // namespace rondo
