// Product of matrices that fit into a core's own cache, by the calling thread alone.
//
//   c [m, n] = beta c + alpha op(a) op(b),   op(a) [m, k], op(b) [k, n]
//
// Any strides. beta = 0 writes (c may hold anything, NaN included), beta = 1 adds. c overlaps neither a nor b.
#pragma once

#include <cassert>

#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void small_product(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float alpha = 1,
                          float beta = 0) {
  const index inner = columns_of(a, ta);
  assert(rows_of(a, ta) == c.rows && columns_of(b, tb) == c.columns && rows_of(b, tb) == inner);
  for (index i = 0; i < c.rows; ++i) {
    for (index j = 0; j < c.columns; ++j) {
      float sum = 0;
      for (index l = 0; l < inner; ++l)
        sum += (ta == Transpose::no ? a(i, l) : a(l, i)) * (tb == Transpose::no ? b(l, j) : b(j, l));
      c(i, j) = beta == 0 ? alpha * sum : beta * c(i, j) + alpha * sum;
    }
  }
}

}  // namespace rondo
