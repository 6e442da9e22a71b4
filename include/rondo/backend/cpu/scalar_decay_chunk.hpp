// Chunks of recurrences with one decay a head and token (mLSTM, Mamba-2):   S_t = keep_t S_{t-1} + write_t k_t v_t^T
//
// Within a chunk of n rows everything is a product of factors keep <= 1, so that nothing overflows and a product that underflows
// stands for a contribution that is lost anyway:
//
//   weights [n, n]   write_j prod keep_u, j < u <= i, for j <= i; zero above the diagonal. The last row brings keys to the end.
//   through [n]      prod keep_u, u <= i: what is left of the chunk's first state
//
// Products with lower triangular matrices go by blocks of rows, each with the columns up to its end (Dao and Gu 2024, section 6).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/head_chunks.hpp>
#include <rondo/backend/cpu/rows.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void decay_weights(const float* keep, const float* write, View<float> weights, float* through) {
  float product = 1;
  for (Index i = 0; i < weights.rows; ++i) {
    float* row = weights.row(i);
    const float factor = keep[i];
    through[i] = product *= factor;
    if (i > 0) {
      const float* above = weights.row(i - 1);
#pragma omp simd
      for (Index j = 0; j < i; ++j) row[j] = factor * above[j];
    }
    row[i] = write[i];
    std::fill(row + i + 1, row + weights.columns, 0.0F);
  }
}

inline constexpr Index triangle_rows = 32;

// act(begin, end, whether it is the first) for blocks of rows, the last one first: it alone touches all columns.
template <class Act>
void each_triangle_block(Index rows, Act act) {
  for (Index block = (rows + triangle_rows - 1) / triangle_rows, first = block; block-- > 0;)
    act(block * triangle_rows, std::min(rows, (block + 1) * triangle_rows), block + 1 == first);
}

}  // namespace rondo
