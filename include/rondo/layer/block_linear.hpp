// Block-diagonal linear map: the channels are cut into equal blocks, each with a matrix of its own.
//
//   y[b out + o] = sum over i of W[b, o, i] x[b in + i] (+ bias)        W [blocks, out, in], x [tokens, blocks in], y [tokens, blocks out]
//
// The query, key and value maps of xLSTM's mLSTM (blocks of 4 x 4) and the gates of its sLSTM (a block a head); Beck et al. 2024.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <Bias with_bias = Bias::no>
class BlockLinear : public PlainLayer, public NothingSaved, public NoState {
 public:
  // in and out: all channels, multiples of blocks.
  constexpr BlockLinear(Index blocks, Index in, Index out, Initial initial = normal(0.02), Initial bias_initial = zeros())
      : blocks_(blocks), in_(in), out_(out), initial_(initial), bias_initial_(bias_initial) {}

  template <class S>
  using Weights = WeightAndBias<S, with_bias>;
  constexpr auto weight_leaves(auto&... w) const {
    const Dimensions dimensions{blocks_, out_ / blocks_, in_ / blocks_};
    return weight_and_bias<with_bias>({"weight", dimensions, initial_, Decay::yes, Role::block_diagonal}, out_, bias_initial_, w...);
  }

  [[nodiscard]] constexpr Index in() const { return in_; }
  [[nodiscard]] constexpr Index out() const { return out_; }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y) const {
    c.block_linear(x, w.weight, y);
    if constexpr (with_bias == Bias::yes) c.add_bias(w.bias, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw, Onto onto = Onto::write) const {
    c.block_linear_input_gradient(dy, w.weight, dx, onto);
    c.block_linear_weight_gradient(dy, x, dw.weight);
    if constexpr (with_bias == Bias::yes) c.bias_gradient(dy, dw.bias);
  }

 private:
  Index blocks_, in_, out_;
  Initial initial_, bias_initial_;
};

}  // namespace rondo
