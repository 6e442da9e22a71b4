// Token embedding:  y_t = E[id_t]     E [vocabulary, width], ids of the context's batch, y [tokens, width];  dE[id_t] += dy_t
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

class Embedding : public PlainLayer, public NothingSaved, public NoState {
 public:
  constexpr Embedding(const Shape& shape, Initial initial)
      : vocabulary_(shape.vocabulary), width_(shape.embedding()), initial_(initial) {}

  template <class S>
  struct Weights {
    S weight;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {vocabulary_, width_}, initial_, Decay::yes, w.weight...).as(Role::embedding));
  }

  template <class C>
  void forward(C& c, const auto& w, Out<C> y) const {
    c.gather_rows(c.ids(), w.weight, y);
  }
  template <class C>
  void backward(C& c, In<C> dy, const auto& dw) const {
    c.scatter_rows(c.ids(), dy, dw.weight);
  }

 private:
  Index vocabulary_, width_;
  Initial initial_;
};

}  // namespace rondo
