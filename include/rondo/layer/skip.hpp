// Learned skip past a recurrence:  y += w x     x, y [tokens, channels], w [groups], one for each group of channels / groups channels
//
//   dx += w dy,   dw += sum over the group's channels and tokens of x dy
//
// Mamba's D (Gu and Dao 2023) and xLSTM's learnable skip (Beck et al. 2024). Starts at one.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

class Skip : public PlainLayer, public NothingSaved, public NoState {
 public:
  constexpr explicit Skip(Index groups) : groups_(groups) {}

  template <class S>
  struct Weights {
    S weight;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {groups_}, ones(), Decay::no, w.weight...));
  }

  // y, dx and dw are added to.
  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y) const {
    c.add_scaled(w.weight, x, y);
  }
  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto& dw) const {
    c.add_scaled_gradient(w.weight, x, dy, dx, dw.weight);
  }

 private:
  Index groups_;
};

}  // namespace rondo
