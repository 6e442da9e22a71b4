// Short loops over rows of numbers, and of whole registers where it says so.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

[[nodiscard]] constexpr Index padded_width(Index width) { return (width + lane_count - 1) / lane_count * lane_count; }

// to[i] = x[i] y[i] for `width` elements, a multiple of lane_count; `to` may be x or y.
[[gnu::always_inline]] inline void multiply_elements(const float* x, const float* y, float* to, Index width) {
  for (Index i = 0; i < width; i += lane_count) store_lanes(to + i, load_lanes(x + i) * load_lanes(y + i));
}
// The sum of x_i y_i over whole rows.
inline float row_product(const float* x, const float* y, Index width) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < width; ++i) sum += x[i] * y[i];
  return sum;
}
// y += a x
inline void add_row(float a, const float* x, float* y, Index width) {
#pragma omp simd
  for (Index i = 0; i < width; ++i) y[i] += a * x[i];
}
// y = a x; y may be x
inline void scale_row(float a, const float* x, float* y, Index width) {
#pragma omp simd
  for (Index i = 0; i < width; ++i) y[i] = a * x[i];
}
// to = from; zero where it is absent.
inline void copy_or_zero(View<const float> from, View<float> to) {
  for (Index i = 0; i < to.rows; ++i)
    if (from)
      std::copy_n(from.row(i), to.columns, to.row(i));
    else
      std::fill_n(to.row(i), to.columns, 0.0F);
}
// Every row times its factor.
inline void scale_rows(View<float> x, const float* factors) {
  for (Index i = 0; i < x.rows; ++i) scale_row(factors[i], x.row(i), x.row(i), x.columns);
}

}  // namespace rondo
