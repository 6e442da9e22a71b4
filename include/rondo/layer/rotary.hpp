// Rotary positions (Su et al. 2021), half-split layout: with angle_j = position f_j and the amplitude a of rondo/core/rotation.hpp,
//
//   (x_j, x_{j + r/2}) -> a (x_j cos - x_{j + r/2} sin, x_{j + r/2} cos + x_j sin),   j < r/2
//
// for every head of width d, in place; r = Shape::rope_share d channels of it, the others stay. The transpose, which the backward
// needs, turns by the negative angle.
//
// Scaled `dynamic`ally, frequencies go by the length of the sequence when the pass is over: all of it at once, or, while decoding, what
// has come so far; keys that are in the cache stay as they were turned. (So it is in transformers.)
//
// A Position acts on queries q [tokens, heads d] and keys k [tokens, key_value_heads d]; its backward turns their gradients back.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

struct Rotary : Rotation, NoWeights, NothingSaved {
  constexpr Rotary(const Shape& shape) : Rotation(shape.rotation()) {}
  static constexpr void check(const Shape& shape) { shape.rotation().check(); }

  template <class C>
  void forward(C& c, const auto&, Out<C> q, Out<C> k, const auto&) const {
    c.rotate(*this, q, +1);
    c.rotate(*this, k, +1);
  }
  template <class C>
  void backward(C& c, const auto&, Out<C> dq, Out<C> dk, const auto&, const auto&) const {
    c.rotate(*this, dq, -1);
    c.rotate(*this, dk, -1);
  }
};

struct NoPosition : NoWeights, NothingSaved {
  constexpr NoPosition(const Shape&) {}
  static constexpr void check(const Shape&) {}
  template <class C>
  void forward(C&, const auto&, Out<C>, Out<C>, const auto&) const {}
  template <class C>
  void backward(C&, const auto&, Out<C>, Out<C>, const auto&, const auto&) const {}
};

}  // namespace rondo
