// Norms over the channels of a token, or over equal groups of them.
//
//   rms    y = x r we,               r = (mean(x^2) + epsilon)^-1/2
//   layer  y = (x - mean) r we + b,  r = (mean((x - mean)^2) + epsilon)^-1/2      we = weight_offset + w
//   dx = r (g - [mean(g)] - xh mean(g xh)),  g = dy we,  xh = (x - [mean]) r;   dw += sum dy xh,  db += sum dy
//   (Zhang and Sennrich 2019; Ba, Kiros and Hinton 2016; in brackets what the layer norm has alone)
//
//   x, y, dy, dx [tokens, n];  w, b, dw, db [1, n] (b, db: no data for none);  r, mean [tokens, groups]; means run over
//   n / groups channels. y, r, mean, dx are written; dw, db added to; dx may be dy's memory. Mean::no is the rms norm.
//
// Threads own rows; their shares of dw and db are added up in the order of the threads. Throws Error where groups do not divide
// n.
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

template <Mean mean_too>
void normalise(const NormSizes& sizes, View<const float> x, View<const float> weight, View<const float> bias, View<float> y,
               View<float> mean, View<float> reciprocal) {
  const Index groups = sizes.groups;
  check_norm(x.columns, groups);
  const Index n = x.columns / groups;
  const auto count = static_cast<float>(n), epsilon = static_cast<float>(sizes.epsilon);
  const auto offset = static_cast<float>(sizes.weight_offset);
  each_row_range(x.rows, x.columns, [&](Index first, Index last) {
    for (Index t = first; t < last; ++t)
      for (Index group = 0; group < groups; ++group) {
        const float *from = x.row(t) + group * n, *w = weight.data + group * n, *b = bias ? bias.data + group * n : nullptr;
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
          for (Index i = 0; i < n; ++i) to[i] = (from[i] - middle) * r * (w[i] + offset) + b[i];
        } else {
#pragma omp simd
          for (Index i = 0; i < n; ++i) to[i] = (from[i] - middle) * r * (w[i] + offset);
        }
      }
  });
}

template <Mean mean_too>
void normalise_gradient(const NormSizes& sizes, View<const float> x, View<const float> weight, View<const float> mean,
                        View<const float> reciprocal, View<const float> dy, View<float> dx, View<float> d_weight,
                        View<float> d_bias, Arena& arena) {
  const Index groups = sizes.groups;
  check_norm(x.columns, groups);
  const auto offset = static_cast<float>(sizes.weight_offset);
  const Index n = x.columns / groups, threads = threads_for(x.size()), columns = x.columns;
  const auto count = static_cast<float>(n);
  Arena::Mark mark{arena};
  float* partial = arena.take<float>(2 * threads * columns);  // [threads, dw and db, columns]
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index part = 0; part < threads; ++part) {
    float *dw = partial + 2 * part * columns, *db = dw + columns;
    std::fill_n(dw, 2 * columns, 0.0F);
    const Range rows = share_of(x.rows, threads, part);
    for (Index t = rows.begin; t < rows.end; ++t)
      for (Index group = 0; group < groups; ++group) {
        const Index begin = group * n;
        const float *from = x.row(t) + begin, *d = dy.row(t) + begin, *w = weight.data + begin;
        float *to = dx.row(t) + begin, *dw_here = dw + begin, *db_here = db + begin;
        const float r = reciprocal(t, group), middle = mean_too == Mean::yes ? mean(t, group) : 0.0F;
        float product = 0, average = 0;
#pragma omp simd reduction(+ : product, average)
        for (Index i = 0; i < n; ++i) {
          const float g = d[i] * (w[i] + offset);
          product += g * (from[i] - middle);
          average += g;
        }
        product *= r / count;
        average = mean_too == Mean::yes ? average / count : 0.0F;
#pragma omp simd
        for (Index i = 0; i < n; ++i) {
          const float xh = (from[i] - middle) * r, here = d[i];
          dw_here[i] += here * xh;
          if constexpr (mean_too == Mean::yes) db_here[i] += here;
          to[i] = r * (here * (w[i] + offset) - average - xh * product);
        }
      }
  }
  for (Index part = 0; part < threads; ++part) {
    const float *dw = partial + 2 * part * columns, *db = dw + columns;
#pragma omp simd
    for (Index i = 0; i < columns; ++i) d_weight.data[i] += dw[i];
    if constexpr (mean_too == Mean::yes) {
      if (!d_bias) continue;
#pragma omp simd
      for (Index i = 0; i < columns; ++i) d_bias.data[i] += db[i];
    }
  }
}

}  // namespace rondo
