// Norms over groups of channels (rondo/layer/norm.hpp), a team for a row and group. Statistics are float32.
//
//   y = (x - m) r (w + offset) + b,   r = 1 / sqrt(mean (x - m)^2 + epsilon),   m the mean, or 0 where none is kept
//   dx = r (g - mean g - n mean(g n)) + plus,   g = dy (w + offset),   n = (x - m) r;   without m the middle term is left out
//   dw = column sums of dy n,   db = column sums of dy
#pragma once

#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/options.hpp>

namespace rondo::kernel {

// What every norm is told.
struct NormGroups {
  int groups, width;
  float epsilon, offset;
  NormGroups(const NormSizes& sizes, Index columns)
      : groups(static_cast<int>(sizes.groups)), width(static_cast<int>(columns / sizes.groups)),
        epsilon(static_cast<float>(sizes.epsilon)), offset(static_cast<float>(sizes.weight_offset)) {}
};

template <class T>
struct Norm {
  static constexpr int threads = 128;
  NormGroups sizes;
  View<const T> x, weight, bias;
  View<T> y;
  View<float> mean, reciprocal;

  template <class Team>
  using Memory = NoMemory;
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int width = sizes.width, group = team.number() % sizes.groups, first = group * width;
    const Index row = team.number() / sizes.groups;
    const T* const from = x.row(row) + first;
    T* const to = y.row(row) + first;
    const float share = 1.0F / static_cast<float>(width);
    const float m = mean ? team.sum(width, [&](int i) { return number(from[i]); }) * share : 0.0F;
    const float squares = team.sum(width, [&](int i) {
      const float d = number(from[i]) - m;
      return d * d;
    });
    const float r = reciprocal_root(squares * share + sizes.epsilon);
    team.each(width, [&](int i) {
      const float w = weight ? number(weight(0, first + i)) + sizes.offset : 1.0F, b = bias ? number(bias(0, first + i)) : 0.0F;
      store(to[i], (number(from[i]) - m) * r * w + b);
    });
    team.each(1, [&](int) {
      if (mean) mean(row, group) = m;
      reciprocal(row, group) = r;
    });
  }
};

template <class T>
struct NormGradient {
  static constexpr int threads = 128;
  NormGroups sizes;
  View<const T> x, weight;
  View<const float> mean, reciprocal;
  View<const T> dy;
  View<T> dx;
  View<const T> plus;

  template <class Team>
  using Memory = NoMemory;
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int width = sizes.width, group = team.number() % sizes.groups, first = group * width;
    const Index row = team.number() / sizes.groups;
    const T* const from = x.row(row) + first;
    const T* const d = dy.row(row) + first;
    T* const to = dx.row(row) + first;
    const float m = mean ? mean(row, group) : 0.0F, r = reciprocal(row, group), share = 1.0F / static_cast<float>(width);
    const auto scaled = [&](int i) { return number(d[i]) * (weight ? number(weight(0, first + i)) + sizes.offset : 1.0F); };
    const float average = mean ? team.sum(width, scaled) * share : 0.0F;
    const float product = team.sum(width, [&](int i) { return scaled(i) * (number(from[i]) - m) * r; }) * share;
    team.each(width, [&](int i) {
      const float more = plus ? number(plus(row, first + i)) : 0.0F;
      store(to[i], r * (scaled(i) - average - (number(from[i]) - m) * r * product) + more);
    });
  }
};

template <class T>
struct NormWeightGradient {  // of row r and channel c
  NormGroups sizes;
  View<const T> x, dy;
  View<const float> mean, reciprocal;
  RONDO_ANYWHERE float operator()(Index r, Index c) const {
    const Index group = c / sizes.width;
    return number(dy(r, c)) * (number(x(r, c)) - (mean ? mean(r, group) : 0.0F)) * reciprocal(r, group);
  }
};

}  // namespace rondo::kernel
