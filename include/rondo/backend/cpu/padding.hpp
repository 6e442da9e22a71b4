// Rows that no sequence covers.
//
//   zero_padding(sequences, x)   x [tokens, n]: padding rows are written as zero, all others stay as they are
//
// Sequences may lie in any order; those that follow one another are passed over in one look each.
#pragma once

#include <algorithm>

#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void zero_rows(View<float> x) {
  for (Index t = 0; t < x.rows; ++t) std::fill_n(x.row(t), x.columns, 0.0F);
}

inline void zero_padding(Sequences sequences, View<float> x) {
  std::size_t next = 0;
  for (Index row = 0; row < x.rows;) {
    if (next < sequences.size() && sequences[next].begin == row) {
      row += sequences[next++].length;
      continue;
    }
    Index stop = x.rows;  // of the gap that begins at `row`
    std::size_t found = sequences.size();
    for (std::size_t s = 0; s < sequences.size(); ++s)
      if (sequences[s].length > 0 && sequences[s].begin >= row && sequences[s].begin < stop) {
        stop = sequences[s].begin;
        found = s;
      }
    zero_rows(x.middle_rows(row, stop - row));
    row = stop;
    next = found;
  }
}

}  // namespace rondo
