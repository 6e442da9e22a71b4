// Rotary positions (Su et al. 2021), half-split layout: with angle_j = position theta^(-2j/d), j < d/2,
//
//   (x_j, x_{j + d/2}) -> (x_j cos - x_{j + d/2} sin, x_{j + d/2} cos + x_j sin)
//
// for every head of width d, in place. The transpose, which the backward needs, turns by the negative angle.
#pragma once

#include <cmath>

#include <rondo/layer/layer.hpp>

namespace rondo {

struct Rotary {
  index head_width = 0;
  double theta = 10000;

  constexpr Rotary(const Shape& shape) : head_width(shape.head_key_width()), theta(shape.rope_theta) {}
  static constexpr void check(const Shape& shape) {
    if (shape.head_key_width() % 2 != 0)
      throw error("shape: rotary positions need an even head width, found ", shape.head_key_width());
  }

  // Radians per token of pair j.
  [[nodiscard]] double frequency(index j) const {
    return std::pow(theta, -2.0 * static_cast<double>(j) / static_cast<double>(head_width));
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
