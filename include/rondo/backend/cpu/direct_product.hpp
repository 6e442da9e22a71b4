// Product of matrices that already lie in the first-level cache: nothing is packed.
//
//   c [m, n] = alpha op(a) b  or, Onto::add,  c += alpha op(a) b,   op(a) [m, k], b [k, n]
//
// For tiles of attention, some tens of rows and columns each, used several times while they are hot. Where n is no
// multiple of tile_columns small_product does the work. c overlaps neither a nor b.
#pragma once

#include <cassert>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/recurrent_product.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Rows x tile_columns of c.
template <Index Rows, Transpose A>
void multiply_direct_tile(const float* a, Index a_stride, const float* b, Index b_stride, Index inner, float* c, Index c_stride,
                          float alpha, bool add) {
  Lanes sum[Rows][2] = {};
  for (Index l = 0; l < inner; ++l) {
    Lanes right[2];
    unrolled<2>([&](auto j) { right[j] = in_register(load_lanes(b + l * b_stride + j * lane_count)); });
    unrolled<Rows>([&](auto i) {
      const Lanes left = all_lanes(A == Transpose::no ? a[i * a_stride + l] : a[l * a_stride + i]);
      unrolled<2>([&](auto j) { sum[i][j] += left * right[j]; });
    });
  }
  unrolled<Rows>([&](auto i) {
    unrolled<2>([&](auto j) {
      float* at = c + i * c_stride + j * lane_count;
      store_lanes(at, add ? alpha * sum[i][j] + load_lanes(at) : alpha * sum[i][j]);
    });
  });
}

template <Transpose A>
void multiply_direct(View<const float> a, View<const float> b, View<float> c, float alpha, bool add) {
  const Index tiles = (c.rows + tile_rows - 1) / tile_rows;
  for (Index tile = 0; tile < tiles; ++tile) {
    const Index begin = tile * c.rows / tiles, rows = (tile + 1) * c.rows / tiles - begin;
    const float* left = A == Transpose::no ? a.row(begin) : a.data + begin;
    unrolled<tile_rows>([&](auto below) {
      if (rows != below + 1) return;
      for (Index column = 0; column < c.columns; column += tile_columns)
        multiply_direct_tile<below + 1, A>(left, a.stride, b.data + column, b.stride, b.rows, c.row(begin) + column, c.stride,
                                           alpha, add);
    });
  }
}

inline void direct_product(View<const float> a, Transpose ta, View<const float> b, View<float> c, float alpha, bool add) {
  assert(rows_of(a, ta) == c.rows && columns_of(a, ta) == b.rows && b.columns == c.columns);
  if (c.columns % tile_columns != 0) return small_product(a, ta, b, Transpose::no, c, alpha, add ? 1.0F : 0.0F);
  if (ta == Transpose::no)
    multiply_direct<Transpose::no>(a, b, c, alpha, add);
  else
    multiply_direct<Transpose::yes>(a, b, c, alpha, add);
}

// The same in the precision of a pass.
struct TileProduct {
  Precision precision{};
  void operator()(View<const float> a, Transpose ta, View<const float> b, View<float> c, float alpha, bool add) const {
    if (precision == Precision::bf16) return bf16_product(a, ta, b, Transpose::no, c, alpha, add ? 1.0F : 0.0F);
    direct_product(a, ta, b, c, alpha, add);
  }
};

}  // namespace rondo
