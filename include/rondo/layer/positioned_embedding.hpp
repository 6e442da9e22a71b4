// Embedding of tokens and of their positions, both learned:  y_t = E[id_t] + P[first + position_t]
//
// E [vocabulary, width], P [first + Shape::context, width], ids of the context's batch, y [tokens, width];  dE[id_t] += dy_t,
// dP[first + position_t] += dy_t. position_t is the number of tokens of its sequence before token t, those of earlier parts of it
// included; a row of no sequence gets no position. GPT-2 (Radford et al. 2019) has first = 0; OPT (Zhang et al. 2022) leaves the
// first two rows of its table unused.
//
// Throws Error when a sequence goes beyond the table.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

template <Index first = 0>
class PositionedEmbedding : public PlainLayer, public NothingSaved, public NoState {
 public:
  constexpr PositionedEmbedding(const Shape& shape, Initial initial)
      : vocabulary_(shape.vocabulary), width_(shape.embedding()), context_(shape.context), initial_(initial) {}

  template <class S>
  struct Weights {
    S weight, position;
  };
  constexpr auto weight_leaves(auto&... w) const {
    return leaves(parameter("weight", {vocabulary_, width_}, initial_, Decay::yes, w.weight...).as(Role::embedding),
                  parameter("position", {first + context_, width_}, initial_, Decay::yes, w.position...).as(Role::positions));
  }

  template <class C>
  void forward(C& c, const auto& w, Out<C> y) const {
    for (const Sequence& sequence : c.sequences())
      require(sequence.position + sequence.length <= context_, "embedding: the table has ", context_, " positions, ",
              sequence.position + sequence.length, " are needed");
    c.gather_rows(c.ids(), w.weight, y);
    c.add_positions(first, w.position, y);
  }
  template <class C>
  void backward(C& c, In<C> dy, const auto& dw) const {
    c.scatter_rows(c.ids(), dy, dw.weight);
    c.positions_gradient(first, dy, dw.position);
  }

 private:
  Index vocabulary_, width_, context_;
  Initial initial_;
};

}  // namespace rondo
