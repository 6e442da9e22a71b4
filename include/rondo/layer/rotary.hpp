// Rotary positions (Su et al. 2021), half-split layout: with angle_j = position theta^(-2j/d), j < d/2,
//
//   (x_j, x_{j + d/2}) -> (x_j cos - x_{j + d/2} sin, x_{j + d/2} cos + x_j sin)
//
// for every head of width d, in place. The transpose, which the backward needs, turns by the negative angle.
#pragma once

#include <rondo/layer/layer.hpp>

namespace rondo {

struct Rotary : Rotation {
  constexpr Rotary(const Shape& shape) : Rotation{shape.head_key_width(), shape.rope_theta} {}
  static constexpr void check(const Shape& shape) {
    if (shape.head_key_width() % 2 != 0)
      throw error("shape: rotary positions need an even head width, found ", shape.head_key_width());
  }

  template <class C>
  void forward(C& c, Out<C> x) const {
    c.rotate(*this, x, +1);
  }
  template <class C>
  void backward(C& c, Out<C> dx) const {
    c.rotate(*this, dx, -1);
  }
};

struct NoPosition {
  constexpr NoPosition(const Shape&) {}
  static constexpr void check(const Shape&) {}
  template <class C>
  void forward(C&, Out<C>) const {}
  template <class C>
  void backward(C&, Out<C>) const {}
};

}  // namespace rondo
