// The matrix product of the CPU back-end.
//
//   c [m, n] = beta c + op(a) op(b),   op(a) [m, k], op(b) [k, n],   beta 0 (written, whatever c held) or 1 (added to)
//
// Row-major, any strides; c overlaps neither a nor b. All OpenMP threads work on it, the calling one alone inside a parallel
// region. The same operands give the same bits, however many threads there are, as long as rondo divides the work: Eigen does so by itself.
// The three products of a layer:
//
//   y = x w^T     multiply(x, Transpose::no, w, Transpose::yes, y)
//   dx = dy w     multiply(dy, Transpose::no, w, Transpose::no, dx)
//   dw += dy^T x  multiply(dy, Transpose::yes, x, Transpose::no, dw, 1)
//
// Who multiplies, by what was measured (bench/matrix.cpp):
//   up to four rows times w^T     few_rows_product.hpp
//   up to 64^3 multiply-adds      sliced_multiply, on the calling thread (oneDNN starts its threads, and takes memory for them)
//   RONDO_ONEDNN                  oneDNN, a piece for each thread (by itself it may divide the sums, as the number of threads is);
//                                 sliced_multiply where oneDNN would read its operands uncopied
//   RONDO_EIGEN                   Eigen
//   neither                       sliced_multiply, 1.3 to 1.6 times as fast as Eigen 3.4 (and 8 s less to compile)
#pragma once

#include <algorithm>
#include <cassert>

#include <rondo/backend/cpu/few_rows_product.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/view.hpp>
#if defined(RONDO_ONEDNN)
#include <rondo/backend/cpu/onednn_product.hpp>
#elif defined(RONDO_EIGEN)
#include <rondo/backend/cpu/eigen_product.hpp>
#endif

namespace rondo {

// Whether a product is over before a second thread has started.
inline bool small_work(View<const float> c, Index inner) {
  return static_cast<double>(c.size()) * static_cast<double>(inner) < 64.0 * 64 * 64;
}

// c cut into a grid of one piece per thread, each computed by product(a, ta, b, tb, c, beta). Of all grids the one whose pieces are
// nearest to squares reads least.
template <class Product>
void multiply_pieces(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta, Product product) {
  const Index threads = small_work(c, columns_of(a, ta)) ? 1 : thread_count();
  Index across = 1;
  for (Index columns = 1; columns <= threads; ++columns) {
    const auto edge = [&](Index parts) { return c.rows / (threads / parts) + c.columns / parts; };
    if (threads % columns == 0 && edge(columns) < edge(across)) across = columns;
  }
  const Index down = threads / across;
#pragma omp parallel for schedule(static) if (threads > 1)
  for (Index part = 0; part < threads; ++part) {
    const Range rows = share_of(c.rows, down, part / across, tile_rows);
    const Range columns = share_of(c.columns, across, part % across, tile_columns);
    const Index m = rows.end - rows.begin, n = columns.end - columns.begin;
    if (m == 0 || n == 0) continue;
    product(ta == Transpose::no ? a.middle_rows(rows.begin, m) : a.middle_columns(rows.begin, m), ta,
            tb == Transpose::no ? b.middle_columns(columns.begin, n) : b.middle_rows(columns.begin, n), tb,
            c.middle_rows(rows.begin, m).middle_columns(columns.begin, n), beta);
  }
}

inline void sliced_multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta) {
  multiply_pieces(a, ta, b, tb, c, beta,
                  [](auto x, auto tx, auto y, auto ty, auto z, float more) { small_product(x, tx, y, ty, z, 1, more); });
}

RONDO_DEFINED_ONCE void multiply(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c,
                                 float beta) {
  [[maybe_unused]] const Index inner = columns_of(a, ta);
  assert(rows_of(a, ta) == c.rows && columns_of(b, tb) == c.columns && rows_of(b, tb) == inner && (beta == 0 || beta == 1));
  if (c.rows == 0 || c.columns == 0) return;
  if (c.rows <= few_rows && ta == Transpose::no && tb == Transpose::yes) return multiply_few_rows(a, b, c, beta);
#if defined(RONDO_ONEDNN)
  if (!small_work(c, inner) && onednn_copies_operands(c.rows, c.columns, ta, tb))
    return multiply_pieces(a, ta, b, tb, c, beta, onednn_multiply);
#elif defined(RONDO_EIGEN)
  return eigen_multiply(a, ta, b, tb, c, beta);
#endif
  sliced_multiply(a, ta, b, tb, c, beta);
}

}  // namespace rondo
