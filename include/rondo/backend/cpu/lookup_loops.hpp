// Rows of a table by number, of float32 or of halves (contracts: rondo/backend/backend.hpp).
//
//   look_up                  y_t = E[ids_t]
//   add_rows_at_positions    y_t += E[first + position of token t]
#pragma once

#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

template <class W>
void look_up(View<const Token> ids, View<W> table, View<float> y) {
  each_row_range(y.rows, y.columns, [&](Index begin, Index end) {
    for (Index t = begin; t < end; ++t) {
      const auto* from = table.row(ids(0, t));
      float* to = y.row(t);
#pragma omp simd
      for (Index i = 0; i < y.columns; ++i) to[i] = static_cast<float>(from[i]);
    }
  });
}

template <class W>
void add_rows_at_positions(Sequences sequences, Index first, View<W> table, View<float> y) {
  each_column_range(y.rows, y.columns, [&](Index begin, Index end) {
    for (const Sequence& sequence : sequences)
      for (Index t = 0; t < sequence.length; ++t) {
        const auto* from = table.row(first + sequence.position + t);
        float* to = y.row(sequence.begin + t);
#pragma omp simd
        for (Index i = begin; i < end; ++i) to[i] += static_cast<float>(from[i]);
      }
  });
}

}  // namespace rondo
