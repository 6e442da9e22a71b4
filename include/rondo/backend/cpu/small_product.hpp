// Product of matrices that fit into a core's own cache, by the calling thread alone.
//
//   c [m, n] = beta c + alpha op(a) op(b),   op(a) [m, k], op(b) [k, n]
//
// Any sizes and strides; fastest where n is a multiple of 2 lane_count. beta = 0 writes (c may hold anything, NaN included),
// any other beta scales what is there. c overlaps neither a nor b. Nothing is allocated: panels of the operands are
// copied to the stack (up to 230 kB).
//
// The method is that of Goto and van de Geijn (2008): a panel of op(b), 2 lane_count columns wide, lies packed in the first-level
// cache; a register tile of up to `tile_rows` rows of c is computed per run through the panel.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/transpose.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Register tile: rows x (2 registers) accumulators, plus the two registers of b and one of a.
inline constexpr Index tile_rows = lane_count == 16 ? 12 : 6;
inline constexpr Index tile_columns = 2 * lane_count;
inline constexpr Index block_inner = 256;  // length of a packed panel
inline constexpr Index block_rows = 192;   // rows of op(a) that stay in the second-level cache meanwhile

// to [8 columns, 8 rows] = from [8 rows, 8 columns] transposed.
[[gnu::always_inline]] inline void transpose_8x8(const float* from, Index from_stride, float* to, Index to_stride) {
  typedef float Eight __attribute__((vector_size(32)));
  Eight r[8], s[8];
  unrolled<8>([&](auto i) { std::memcpy(&r[i], from + i * from_stride, sizeof(Eight)); });
  unrolled<4>([&](auto i) {
    s[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  });
  unrolled<2>([&](auto i) {
    r[4 * i] = __builtin_shufflevector(s[4 * i], s[4 * i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    r[4 * i + 1] = __builtin_shufflevector(s[4 * i], s[4 * i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    r[4 * i + 2] = __builtin_shufflevector(s[4 * i + 1], s[4 * i + 3], 0, 1, 8, 9, 4, 5, 12, 13);
    r[4 * i + 3] = __builtin_shufflevector(s[4 * i + 1], s[4 * i + 3], 2, 3, 10, 11, 6, 7, 14, 15);
  });
  unrolled<4>([&](auto i) {
    s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  });
  unrolled<8>([&](auto i) { std::memcpy(to + i * to_stride, &s[i], sizeof(Eight)); });
}

// to [columns, rows] = from^T; both contiguous in their rows.
inline void transpose_matrix(View<const float> from, View<float> to) {
  Index r = 0;
  for (; r + 8 <= from.rows; r += 8) {
    Index c = 0;
    for (; c + 8 <= from.columns; c += 8) transpose_8x8(&from(r, c), from.stride, &to(c, r), to.stride);
    for (; c < from.columns; ++c)
      for (Index i = r; i < r + 8; ++i) to(c, i) = from(i, c);
  }
  for (; r < from.rows; ++r)
    for (Index c = 0; c < from.columns; ++c) to(c, r) = from(r, c);
}

// panel [inner, tile_columns] = op(b) [inner, columns], columns <= tile_columns, filled up with zeros.
inline void pack_panel(const float* b, Index stride, Transpose transpose, Index inner, Index columns, float* panel) {
  if (transpose == Transpose::no) {
    if (columns == tile_columns) {
      for (Index l = 0; l < inner; ++l)
        unrolled<2>(
            [&](auto j) { store_lanes(panel + l * tile_columns + j * lane_count, load_lanes(b + l * stride + j * lane_count)); });
      return;
    }
    for (Index l = 0; l < inner; ++l) {
      std::copy_n(b + l * stride, columns, panel + l * tile_columns);
      std::fill_n(panel + l * tile_columns + columns, tile_columns - columns, 0.0f);
    }
    return;
  }
  Index j = 0;
  for (; j + 8 <= columns; j += 8) {
    Index l = 0;
    for (; l + 8 <= inner; l += 8) transpose_8x8(b + j * stride + l, stride, panel + l * tile_columns + j, tile_columns);
    for (; l < inner; ++l)
      for (Index i = 0; i < 8; ++i) panel[l * tile_columns + j + i] = b[(j + i) * stride + l];
  }
  for (; j < tile_columns; ++j)
    for (Index l = 0; l < inner; ++l) panel[l * tile_columns + j] = j < columns ? b[j * stride + l] : 0.0f;
}

// c [Rows, columns] = beta c + alpha op(a) [Rows, inner] panel [inner, tile_columns], columns <= Registers lane_count.
// Element (i, l) of op(a) lies at a[i * row_step + l * inner_step].
template <Index Rows, Index Registers>
void multiply_tile(const float* a, Index row_step, Index inner_step, const float* panel, Index inner, float* c, Index c_stride,
                   Index columns, float alpha, float beta) {
  Lanes sum[Rows][Registers] = {};
  for (Index l = 0; l < inner; ++l) {
    Lanes right[Registers];
    unrolled<Registers>([&](auto j) { right[j] = load_lanes(panel + l * tile_columns + j * lane_count); });
    unrolled<Rows>([&](auto i) {
      const Lanes left = all_lanes(a[i * row_step + l * inner_step]);
      unrolled<Registers>([&](auto j) { sum[i][j] += left * right[j]; });
    });
  }
  if (columns == Registers * lane_count) {
    unrolled<Rows>([&](auto i) {
      unrolled<Registers>([&](auto j) {
        float* at = c + i * c_stride + j * lane_count;
        store_lanes(at, beta == 0 ? alpha * sum[i][j] : alpha * sum[i][j] + beta * load_lanes(at));
      });
    });
    return;
  }
  float row[Registers * lane_count];
  unrolled<Rows>([&](auto i) {
    unrolled<Registers>([&](auto j) { store_lanes(row + j * lane_count, alpha * sum[i][j]); });
    for (Index j = 0; j < columns; ++j) c[i * c_stride + j] = beta == 0 ? row[j] : row[j] + beta * c[i * c_stride + j];
  });
}

// Rows are dealt out in tiles that differ by one row at most: `longer` tiles of rows + 1, the rest of `rows`.
struct Tiles {
  explicit constexpr Tiles(Index all)
      : count((all + tile_rows - 1) / tile_rows), rows(count ? all / count : 0), longer(all - count * rows) {}
  [[nodiscard]] constexpr Index begin(Index tile) const { return tile * rows + std::min(tile, longer); }

  Index count;
  Index rows;
  Index longer;
};

// left = a^T, a [inner, rows], in the order in which the tiles read it: for each tile [inner, rows of the tile].
template <Index Rows>
void pack_transposed_tiles(const float* a, Index stride, Index inner, Tiles tiles, float* left) {
  for (Index l = 0; l < inner; ++l) {
    const float* from = a + l * stride;
    Index tile = 0;
    for (; tile < tiles.longer; ++tile)
      std::memcpy(left + tiles.begin(tile) * inner + l * (Rows + 1), from + tiles.begin(tile), sizeof(float) * (Rows + 1));
    for (; tile < tiles.count; ++tile)
      std::memcpy(left + tiles.begin(tile) * inner + l * Rows, from + tiles.begin(tile), sizeof(float) * Rows);
  }
}

// op(a) [rows, inner] as the tiles read it: row by row, `stride` apart, or in the order of pack_transposed_tiles.
struct LeftOperand {
  const float* data;
  Index stride;
  bool tiled;
};

// All rows of c against one packed panel.
template <Index Registers>
void multiply_panel(LeftOperand a, const float* panel, Index inner, View<float> c, float alpha, float beta) {
  const Tiles tiles{c.rows};
  for (Index tile = 0; tile < tiles.count; ++tile) {
    const Index begin = tiles.begin(tile), rows = tiles.rows + (tile < tiles.longer);
    const float* left = a.data + begin * (a.tiled ? inner : a.stride);
    const Index row_step = a.tiled ? 1 : a.stride, inner_step = a.tiled ? rows : 1;
    unrolled<tile_rows>([&](auto below) {
      if (rows == below + 1)
        multiply_tile<below + 1, Registers>(left, row_step, inner_step, panel, inner, c.row(begin), c.stride, c.columns, alpha,
                                            beta);
    });
  }
}

inline void small_product(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float alpha = 1,
                          float beta = 0) {
  const Index inner = columns_of(a, ta);
  assert(rows_of(a, ta) == c.rows && columns_of(b, tb) == c.columns && rows_of(b, tb) == inner);
  if (inner == 0) {
    for (Index i = 0; i < c.rows; ++i)
      for (Index j = 0; j < c.columns; ++j) c(i, j) = beta == 0 ? 0 : beta * c(i, j);
    return;
  }
  // Rows of op(a) are read once per panel: where there are many panels, from a copy without gaps that stays in the cache.
  const bool copied = ta == Transpose::yes || (c.columns > 8 * tile_columns && c.rows > 2 * tile_rows);
  alignas(64) float panel[block_inner * tile_columns];
  alignas(64) float left[block_inner * block_rows];
  for (Index done = 0; done < inner; done += block_inner) {
    const Index depth = std::min(block_inner, inner - done);
    for (Index row = 0; row < c.rows; row += block_rows) {
      const Index rows = std::min(block_rows, c.rows - row);
      LeftOperand operand{ta == Transpose::yes ? &a(done, row) : &a(row, done), a.stride, ta == Transpose::yes};
      if (operand.tiled)
        unrolled<tile_rows>([&](auto below) {
          const Tiles tiles{rows};
          if (tiles.rows == below + 1) pack_transposed_tiles<below + 1>(operand.data, a.stride, depth, tiles, left);
        });
      else if (copied)
        for (Index i = 0; i < rows; ++i) std::copy_n(&a(row + i, done), depth, left + i * depth);
      if (copied) operand.data = left, operand.stride = depth;
      for (Index column = 0; column < c.columns; column += tile_columns) {
        const Index columns = std::min(tile_columns, c.columns - column);
        pack_panel(tb == Transpose::no ? &b(done, column) : &b(column, done), b.stride, tb, depth, columns, panel);
        (columns <= lane_count ? multiply_panel<1> : multiply_panel<2>)(operand, panel, depth,
                                                                        {c.row(row) + column, rows, columns, c.stride}, alpha,
                                                                        beta);
      }
    }
    beta = 1;
  }
}

}  // namespace rondo
