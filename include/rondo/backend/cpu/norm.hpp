// Norms over the channels of a token, or over equal groups of them.
//
//   rms    y = x r we,               r = (mean(x^2) + epsilon)^-1/2
//   layer  y = (x - mean) r we + b,  r = (mean((x - mean)^2) + epsilon)^-1/2      we = weight_offset + w
//   dx = plus + r (g - [mean(g)] - xh mean(g xh)),  g = dy we,  xh = (x - [mean]) r;   dw += sum dy xh,  db += sum dy
//   (Zhang and Sennrich 2019; Ba, Kiros and Hinton 2016; in brackets what the layer norm has alone)
//
//   x, y, dy, dx, plus [tokens, n];  w, b, dw, db [1, n];  r, mean [tokens, groups]; means run over n / groups channels. y, r, mean,
//   dx are written; dw, db added to; dx may be dy's memory. Views without data: w (we = 1), b, plus, dw, db. Mean::no is the rms norm.
//
// Threads own rows of y and dx, and columns of dw and db: the results do not depend on their number. Throws Error where groups do
// not divide n.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

enum class Mean { no, yes };

inline void check_norm(Index columns, Index groups) {
  require(groups > 0 && columns % groups == 0, "norm: ", columns, " channels do not divide into ", groups, " groups");
}

// What each channel is multiplied by, in the arena.
inline const float* norm_factors(const NormSizes& sizes, View<const float> weight, Index columns, Arena& arena) {
  float* factors = arena.take<float>(columns);
  const auto offset = static_cast<float>(sizes.weight_offset);
  for (Index i = 0; i < columns; ++i) factors[i] = weight ? weight.data[i] + offset : 1.0F;
  return factors;
}

template <Mean mean_too>
void normalise(const NormSizes& sizes, View<const float> x, View<const float> weight, View<const float> bias, View<float> y,
               View<float> mean, View<float> reciprocal, Arena& arena) {
  const Index groups = sizes.groups;
  check_norm(x.columns, groups);
  const Index n = x.columns / groups;
  const auto count = static_cast<float>(n), epsilon = static_cast<float>(sizes.epsilon);
  const Arena::Mark mark{arena};
  const float* factors = norm_factors(sizes, weight, x.columns, arena);
  each_row_range(x.rows, x.columns, [&](Index first, Index last) {
    for (Index t = first; t < last; ++t)
      for (Index group = 0; group < groups; ++group) {
        const float *from = x.row(t) + group * n, *w = factors + group * n, *b = bias ? bias.data + group * n : nullptr;
        float* to = y.row(t) + group * n;
        float middle = 0, squares = 0;
        if constexpr (mean_too == Mean::yes) {
#pragma omp simd reduction(+ : middle)
          for (Index i = 0; i < n; ++i) middle += from[i];
          middle /= count;
          mean(t, group) = middle;
        }
#pragma omp simd reduction(+ : squares)
        for (Index i = 0; i < n; ++i) squares += (from[i] - middle) * (from[i] - middle);
        const float r = 1 / std::sqrt(squares / count + epsilon);
        reciprocal(t, group) = r;
        if (b) {
#pragma omp simd
          for (Index i = 0; i < n; ++i) to[i] = (from[i] - middle) * r * w[i] + b[i];
        } else {
#pragma omp simd
          for (Index i = 0; i < n; ++i) to[i] = (from[i] - middle) * r * w[i];
        }
      }
  });
}

// The gradients of weight and bias: every column's sum runs over the tokens in order.
template <Mean mean_too>
void normalise_weight_gradient(Index groups, View<const float> x, View<const float> mean, View<const float> reciprocal,
                               View<const float> dy, View<float> d_weight, View<float> d_bias, Arena& arena) {
  const Index columns = x.columns, n = columns / groups;
  const Arena::Mark mark{arena};
  float *dw = arena.take<float>(2 * columns), *db = dw + columns;
  std::fill_n(dw, 2 * columns, 0.0F);
  each_column_range(x.rows, columns, [&](Index first, Index last) {
    for (Index t = 0; t < x.rows; ++t)
      for (Index group = first / n; group * n < last; ++group) {
        const float *from = x.row(t), *d = dy.row(t);
        const float r = reciprocal(t, group), middle = mean_too == Mean::yes ? mean(t, group) : 0.0F;
        const Index begin = std::max(first, group * n), end = std::min(last, (group + 1) * n);
#pragma omp simd
        for (Index i = begin; i < end; ++i) {
          const float xh = (from[i] - middle) * r, here = d[i];
          dw[i] += here * xh;
          if constexpr (mean_too == Mean::yes) db[i] += here;
        }
      }
    const auto add = [&](const float* from, View<float> to) {
      if (to)
        for (Index i = first; i < last; ++i) to.data[i] += from[i];
    };
    add(dw, d_weight);
    add(db, d_bias);
  });
}

template <Mean mean_too>
void normalise_gradient(const NormSizes& sizes, View<const float> x, View<const float> weight, View<const float> mean,
                        View<const float> reciprocal, View<const float> dy, View<float> dx, View<float> d_weight,
                        View<float> d_bias, View<const float> plus, Arena& arena) {
  const Index groups = sizes.groups;
  check_norm(x.columns, groups);
  const Index n = x.columns / groups;
  const auto count = static_cast<float>(n);
  if (d_weight) normalise_weight_gradient<mean_too>(groups, x, mean, reciprocal, dy, d_weight, d_bias, arena);
  const Arena::Mark mark{arena};
  const float* factors = norm_factors(sizes, weight, x.columns, arena);
  each_row_range(x.rows, x.columns, [&](Index first, Index last) {
    for (Index t = first; t < last; ++t) {
      for (Index group = 0; group < groups; ++group) {
        const Index begin = group * n;
        const float *from = x.row(t) + begin, *d = dy.row(t) + begin, *w = factors + begin;
        float* to = dx.row(t) + begin;
        const float r = reciprocal(t, group), middle = mean_too == Mean::yes ? mean(t, group) : 0.0F;
        float product = 0, average = 0;
#pragma omp simd reduction(+ : product, average)
        for (Index i = 0; i < n; ++i) {
          const float g = d[i] * w[i];
          product += g * (from[i] - middle);
          average += g;
        }
        product *= r / count;
        average = mean_too == Mean::yes ? average / count : 0.0F;
#pragma omp simd
        for (Index i = 0; i < n; ++i) to[i] = r * (d[i] * w[i] - average - (from[i] - middle) * r * product);
      }
      if (!plus) continue;
      const float* more = plus.row(t);
      float* to = dx.row(t);
#pragma omp simd
      for (Index i = 0; i < x.columns; ++i) to[i] += more[i];
    }
  });
}

}  // namespace rondo
