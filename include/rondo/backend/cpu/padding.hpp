// Rows that no sequence covers.
//
//   zero_padding(sequences, x)   x [tokens, n]: padding rows are written as zero; others may be written as zero too
//
// To be called before a kernel writes the rows of the sequences.
#pragma once

#include <algorithm>

#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

[[nodiscard]] inline index covered_rows(Sequences sequences) {
  index covered = 0;
  for (const Sequence& sequence : sequences) covered += sequence.length;
  return covered;
}

inline void zero_rows(View<float> x) {
  for (index t = 0; t < x.rows; ++t) std::fill_n(x.row(t), x.columns, 0.0F);
}

inline void zero_padding(Sequences sequences, View<float> x) {
  if (covered_rows(sequences) < x.rows) zero_rows(x);
}

}  // namespace rondo
