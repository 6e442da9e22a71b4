// Block-diagonal products with many small blocks: rows of x are cut into blocks of `in` channels, each multiplied by a matrix of
// its own.
//
//   y[t, b out + o] = sum over i of w[b, o, i] x[t, b in + i]        x [tokens, blocks in], w [blocks, out in], y [tokens, blocks out]
//   dx[t, b in + i] (+)= sum over o of w[b, o, i] dy[t, b out + o]
//   dw[b, o, i] += sum over t of dy[t, b out + o] x[t, b in + i]
//
// Threads own tokens (y, dx) or blocks (dw). Blocks of 4 x 4 (mLSTM's) work on whole registers, each entry of a block broadcast to its
// four lanes; large ones are matrix products (half_weights.hpp). Throws Error where the sizes disagree.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/backend/options.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

struct BlockSizes {
  Index in, out;
  [[nodiscard]] bool quads() const { return in == 4 && out == 4; }
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

// Each four lanes filled with their number `place`.
template <Index place>
[[gnu::always_inline]] inline Lanes broadcast_in_quads(Lanes x) {
  constexpr int p = static_cast<int>(place);
#if defined(__AVX512F__)
  return __builtin_shufflevector(x, x, p, p, p, p, p + 4, p + 4, p + 4, p + 4, p + 8, p + 8, p + 8, p + 8, p + 12, p + 12, p + 12,
                                 p + 12);
#elif defined(__AVX__)
  return __builtin_shufflevector(x, x, p, p, p, p, p + 4, p + 4, p + 4, p + 4);
#else
  return __builtin_shufflevector(x, x, p, p, p, p);
#endif
}

// Four rows [blocks 4]: row i holds what entry i of each block's input is multiplied by, for its four outputs.
inline View<float> quad_rows(View<const float> weight, bool transposed, Arena& arena) {
  const View<float> rows{arena.take<float>(weight.size()), 4, 4 * weight.rows};
  for (Index b = 0; b < weight.rows; ++b)
    for (Index o = 0; o < 4; ++o)
      for (Index i = 0; i < 4; ++i) rows(i, 4 * b + o) = weight(b, transposed ? 4 * i + o : 4 * o + i);
  return rows;
}

// y (+)= x by blocks of 4 x 4.
inline void quad_product(View<const float> x, View<const float> rows, View<float> y, Onto onto) {
  const Index width = x.columns, whole = width / lane_count * lane_count;
  each_row_range(x.rows, width, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const float* from = x.row(t);
      float* to = y.row(t);
      for (Index c = 0; c < whole; c += lane_count) {
        const Lanes input = load_lanes(from + c);
        Lanes sum = onto == Onto::add ? load_lanes(to + c) : Lanes{};
        unrolled<4>([&](auto i) { sum += load_lanes(rows.row(i) + c) * broadcast_in_quads<i>(input); });
        store_lanes(to + c, sum);
      }
      for (Index c = whole; c < width; ++c) {
        float sum = onto == Onto::add ? to[c] : 0.0F;
        for (Index i = 0; i < 4; ++i) sum += rows(i, c) * from[c / 4 * 4 + i];
        to[c] = sum;
      }
    }
  });
}
inline void quad_weight_gradient(View<const float> dy, View<const float> x, View<float> d_weight, Arena& arena) {
  const Arena::Mark mark{arena};
  const View<float> sums{arena.take<float>(d_weight.size()), 4, x.columns};
  std::fill_n(sums.data, sums.size(), 0.0F);
  constexpr Index rows_at_once = 8;
  each_column_range(x.rows, x.columns, [&](Index begin, Index end) {
    const Index whole = begin + (end - begin) / lane_count * lane_count;
    for (Index first = 0; first < x.rows; first += rows_at_once) {
      const Index last = std::min(x.rows, first + rows_at_once);
      for (Index c = begin; c < whole; c += lane_count) {
        Lanes sum[4];
        unrolled<4>([&](auto i) { sum[i] = load_lanes(sums.row(i) + c); });
        for (Index t = first; t < last; ++t) {
          const Lanes input = load_lanes(x.row(t) + c), d = load_lanes(dy.row(t) + c);
          unrolled<4>([&](auto i) { sum[i] += d * broadcast_in_quads<i>(input); });
        }
        unrolled<4>([&](auto i) { store_lanes(sums.row(i) + c, sum[i]); });
      }
      for (Index t = first; t < last; ++t)
        for (Index c = whole; c < end; ++c)
          for (Index i = 0; i < 4; ++i) sums(i, c) += dy(t, c) * x(t, c / 4 * 4 + i);
    }
  });
  for (Index b = 0; b < d_weight.rows; ++b)
    for (Index o = 0; o < 4; ++o)
      for (Index i = 0; i < 4; ++i) d_weight(b, 4 * o + i) += sums(i, 4 * b + o);
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
