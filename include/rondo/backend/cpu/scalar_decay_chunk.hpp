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
#include <rondo/core/arena.hpp>
#include <rondo/core/math.hpp>
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

// One head's decay in one chunk; the memory is taken once and used for every chunk.
struct HeadDecay {
  HeadDecay() = default;
  explicit HeadDecay(Arena& arena) {
    for (float** array : {&keep, &write, &through}) *array = arena.take<float>(chunk_rows);
    weights_memory = arena.take<float>(chunk_rows * chunk_rows);
  }

  // Weights with the write strengths in them, or without. Without g nothing decays; without w all write with 1.
  void open(Index count, View<const float> g, View<const float> w, bool with_write) {
    rows = count;
    float ones[chunk_rows];
    for (Index t = 0; t < rows; ++t) {
      keep[t] = g ? g(t, 0) : 0.0F;
      write[t] = w ? w(t, 0) : 1.0F;
      ones[t] = 1;
    }
#pragma omp simd
    for (Index t = 0; t < rows; ++t) keep[t] = exponential(keep[t]);
    decay_weights(keep, with_write ? write : ones, weights(), through);
  }
  [[nodiscard]] View<float> weights() const { return {weights_memory, rows, rows, chunk_rows}; }
  // What is left at the end: of each row, and of the chunk's first state.
  [[nodiscard]] const float* to_end() const { return weights().row(rows - 1); }
  [[nodiscard]] float whole() const { return through[rows - 1]; }

  Index rows = 0;
  float *keep = nullptr, *write = nullptr, *through = nullptr;

 private:
  float* weights_memory = nullptr;
};

inline constexpr Index triangle_rows = 32;

// act(begin, end, whether it is the first) for blocks of rows, the last one first: it alone touches all columns.
template <class Act>
void each_triangle_block(Index rows, Act act) {
  for (Index block = (rows + triangle_rows - 1) / triangle_rows, first = block; block-- > 0;)
    act(block * triangle_rows, std::min(rows, (block + 1) * triangle_rows), block + 1 == first);
}

}  // namespace rondo
