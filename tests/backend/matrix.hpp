// Matrices for comparing kernels with plain double loops.
#pragma once

#include <rondo/core/view.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace rondo::test {

template <class T>
struct Matrix {
  Index rows, columns;
  std::vector<T> values;
  Matrix(Index rows_, Index columns_) : rows(rows_), columns(columns_), values(static_cast<std::size_t>(rows_ * columns_)) {}
  [[nodiscard]] View<T> view() { return {values.data(), rows, columns}; }
  [[nodiscard]] View<const T> view() const { return {values.data(), rows, columns}; }
  [[nodiscard]] T& operator()(Index r, Index c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  [[nodiscard]] T operator()(Index r, Index c) const { return values[static_cast<std::size_t>(r * columns + c)]; }
};

// Normal numbers, the same for the same seed.
inline void fill_random(Matrix<float>& m, unsigned seed, float scale = 1) {
  std::mt19937 engine{seed};
  std::normal_distribution<float> normal{0, scale};
  for (float& x : m.values) x = normal(engine);
}

inline void fill_nan(Matrix<float>& m) {
  std::fill(m.values.begin(), m.values.end(), std::numeric_limits<float>::quiet_NaN());
}

// max |a - b| / max(1, |b|); infinite where one of them is not a number.
template <class A, class B>
[[nodiscard]] double largest_difference(View<A> a, View<B> b) {
  double worst = 0;
  for (Index r = 0; r < b.rows; ++r)
    for (Index c = 0; c < b.columns; ++c) {
      const double error =
          std::abs(static_cast<double>(a(r, c)) - b(r, c)) / std::max(1.0, std::abs(static_cast<double>(b(r, c))));
      worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
    }
  return worst;
}

}  // namespace rondo::test
