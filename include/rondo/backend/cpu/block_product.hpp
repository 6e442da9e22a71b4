// Block-diagonal products with many small blocks: rows of x are cut into blocks of `in` channels, each multiplied by a matrix of
// its own.
//
//   y[t, b out + o] = sum over i of w[b, o, i] x[t, b in + i]        x [tokens, blocks in], w [blocks, out in], y [tokens, blocks out]
//   dx[t, b in + i] (+)= sum over o of w[b, o, i] dy[t, b out + o]
//   dw[b, o, i] += sum over t of dy[t, b out + o] x[t, b in + i]
//
// Threads own tokens (y, dx) or blocks (dw). Throws Error where the sizes disagree.
#pragma once

#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

struct BlockSizes {
  Index in, out;
  // Whether a block is worth a matrix product of its own.
  [[nodiscard]] bool large() const { return in * out >= 256; }
};
inline BlockSizes block_sizes(View<const float> x, View<const float> weight, View<const float> y) {
  const Index blocks = weight.rows;
  require(blocks > 0 && x.columns % blocks == 0 && y.columns % blocks == 0 &&
              weight.columns == x.columns / blocks * (y.columns / blocks),
          "block product: weight [", weight.rows, ", ", weight.columns, "] for ", x.columns, " to ", y.columns, " channels");
  return {x.columns / blocks, y.columns / blocks};
}
template <class T>
[[nodiscard]] View<T> block_of(View<T> weight, Index block, const BlockSizes& sizes) {
  return {weight.row(block), sizes.out, sizes.in};
}

inline void block_linear_small(View<const float> x, View<const float> weight, View<float> y) {
  const BlockSizes sizes = block_sizes(x, weight, y);
  each_row_range(x.rows, x.columns, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index b = 0; b < weight.rows; ++b) {
        const float *from = x.row(t) + b * sizes.in, *w = weight.row(b);
        float* to = y.row(t) + b * sizes.out;
        for (Index o = 0; o < sizes.out; ++o) {
          float sum = 0;
          for (Index i = 0; i < sizes.in; ++i) sum += w[o * sizes.in + i] * from[i];
          to[o] = sum;
        }
      }
  });
}
inline void block_linear_small_input_gradient(View<const float> dy, View<const float> weight, View<float> dx, Onto onto) {
  const BlockSizes sizes = block_sizes(dx, weight, dy);
  each_row_range(dx.rows, dx.columns, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t)
      for (Index b = 0; b < weight.rows; ++b) {
        const float *from = dy.row(t) + b * sizes.out, *w = weight.row(b);
        float* to = dx.row(t) + b * sizes.in;
        for (Index i = 0; i < sizes.in; ++i) {
          float sum = onto == Onto::add ? to[i] : 0.0F;
          for (Index o = 0; o < sizes.out; ++o) sum += w[o * sizes.in + i] * from[o];
          to[i] = sum;
        }
      }
  });
}
inline void block_linear_small_weight_gradient(View<const float> dy, View<const float> x, View<float> d_weight) {
  const BlockSizes sizes = block_sizes(x, d_weight, dy);
  each_part(d_weight.rows, 4, x.size(), [&](Index begin, Index end) {
    for (Index t = 0; t < x.rows; ++t)
      for (Index b = begin; b < end; ++b) {
        const float *from = x.row(t) + b * sizes.in, *d = dy.row(t) + b * sizes.out;
        float* to = d_weight.row(b);
        for (Index o = 0; o < sizes.out; ++o)
          for (Index i = 0; i < sizes.in; ++i) to[o * sizes.in + i] += d[o] * from[i];
      }
  });
}

}  // namespace rondo
