// Matrix product of float32 matrices whose operands are rounded to bf16 on the way in; sums and results are float32.
//
//   c [m, n] = beta c + alpha op(a) op(b),   op(a) [m, k], op(b) [k, n]
//
//   bf16_product     by the calling thread alone: also for matrices of a few tens of rows, those of a recurrence's chunk
//   multiply_bf16    by all OpenMP threads, as multiply of matrix_product.hpp: y = x w^T, dx = dy w, dw += dy^T x
//
// Row-major, any strides and sizes; c overlaps neither a nor b. beta = 0 writes (c may hold anything). The same operands give the same
// bits, however many threads there are. NaN and infinity stay what they are; subnormal numbers may count as zero.
//
// A word holds two neighbours along k, which one instruction multiplies and adds up (AVX512_BF16: twice the rate of float32). Operands are
// rounded while they are packed, so that nothing else is stored in bf16, and a weight is read once for some hundred rows. The method is
// that of Goto and van de Geijn (2008): a block of op(b) lies packed in the second-level cache, one of op(a) beside it, register tiles of
// c are computed by a run through both. Nothing is allocated: the blocks lie on the stack (750 kB).
//
// Elsewhere the two products of a word are taken apart and done in float32: the same numbers up to the order of sums, in 1.1 to 1.25 times
// the time of a product in float32 (measured with AVX-512).
#pragma once

#include <algorithm>
#include <cassert>
#include <cstring>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/matrix_product.hpp>
#include <rondo/backend/cpu/recurrent_product.hpp>
#include <rondo/backend/cpu/words.hpp>

namespace rondo {

// Register tile: word_rows x (up to word_registers registers) accumulators.
inline constexpr Index word_rows = lane_count == 16 ? 8 : 4;
inline constexpr Index word_registers = lane_count == 16 ? 3 : 2;
inline constexpr Index block_words = 256;  // of a packed block, along k
inline constexpr Index word_block_rows = 192;
inline constexpr Index word_block_registers = 33;  // columns of a packed block of op(b), in registers

// The first `count` of a register's numbers, zeros behind them.
[[gnu::always_inline]] inline Lanes load_some(const float* from, Index count) {
  if (count >= lane_count) return load_lanes(from);
  Lanes lanes{};
  if (count > 0) std::memcpy(&lanes, from, static_cast<std::size_t>(count) * sizeof(float));
  return lanes;
}

#if defined(__AVX512BF16__)
// 32 numbers of 8 rows as 16 words of each, transposed: word l of row i goes to to[l stride + i].
[[gnu::always_inline]] inline void pack_eight_rows(const float* x, Index x_stride, float* to, Index stride) {
  Lanes r[8], s[8];
  unrolled<8>([&](auto i) __attribute__((always_inline)) {
    const float* row = x + i * x_stride;
    r[i] = reinterpret_cast<Lanes>(_mm512_cvtne2ps_pbh(_mm512_loadu_ps(row + 16), _mm512_loadu_ps(row)));
  });
  unrolled<4>([&](auto i) __attribute__((always_inline)) {
    s[2 * i] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    s[2 * i + 1] = __builtin_shufflevector(r[2 * i], r[2 * i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  });
  unrolled<4>([&](auto i) __attribute__((always_inline)) {
    constexpr Index first = i / 2 * 4 + i % 2, second = first + 2;
    r[i / 2 * 4 + i % 2 * 2] = __builtin_shufflevector(s[first], s[second], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    r[i / 2 * 4 + i % 2 * 2 + 1] = __builtin_shufflevector(s[first], s[second], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  });
  unrolled<4>([&](auto j) __attribute__((always_inline)) {
    const Lanes low = __builtin_shufflevector(r[j], r[4 + j], 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const Lanes high = __builtin_shufflevector(r[j], r[4 + j], 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    unrolled<2>([&](auto half) __attribute__((always_inline)) {
      std::memcpy(to + (4 * half + j) * stride, reinterpret_cast<const char*>(&low) + 32 * half, 32);
      std::memcpy(to + (8 + 4 * half + j) * stride, reinterpret_cast<const char*>(&high) + 32 * half, 32);
    });
  });
}
#endif

// `height` rows, of which x has some and the rest is zero, paired along their columns and transposed: word l of row i goes to
// to[l stride + i].
inline void pack_along(View<const float> x, Index height, float* to, Index stride) {
  alignas(64) float rounded[8 * block_words];
  for (Index begin = 0; begin < height; begin += 8) {
    const Index rows = std::min<Index>(8, height - begin);
    Index done = 0;
#if defined(__AVX512BF16__)
    if (begin + 8 <= std::min(x.rows, height))
      for (; done + 32 <= x.columns; done += 32) pack_eight_rows(x.row(begin) + done, x.stride, to + begin + done / 2 * stride, stride);
#endif
    const Index rest = x.columns - done, words = words_of(rest);
    for (Index i = 0; i < rows; ++i) {
      if (begin + i < x.rows)
        pair_neighbours(x.row(begin + i) + done, rest, rounded + i * words);
      else
        std::fill_n(rounded + i * words, words, 0.0F);
    }
    transpose_matrix(View<const float>{rounded, rows, words}, View<float>{to + begin + done / 2 * stride, words, rows, stride});
  }
}
// Rows of x, paired with the row below: to[l stride + r lane_count ...], r < Registers; zeros beyond x.
template <Index Registers>
void pair_rows(View<const float> x, float* to, Index stride) {
  const Index whole = x.columns >= Registers * lane_count ? x.rows / 2 : 0;
  for (Index l = 0; l < whole; ++l) {
    const float* row = x.row(2 * l);
    unrolled<Registers>([&](auto r) __attribute__((always_inline)) {
      store_words(to + l * stride + r * lane_count, paired(load_lanes(row + r * lane_count), load_lanes(row + x.stride + r * lane_count)));
    });
  }
  for (Index l = whole; l < words_of(x.rows); ++l) {
    const float* row = x.row(2 * l);
    const bool both = 2 * l + 1 < x.rows;
    unrolled<Registers>([&](auto r) {
      const Index column = r * lane_count, count = x.columns - column;
      const Lanes below = both ? load_some(row + x.stride + column, count) : Lanes{};
      store_words(to + l * stride + column, paired(load_some(row + column, count), below));
    });
  }
}

// Registers of columns dealt out to panels of nearly equal width.
struct WordPanels {
  explicit constexpr WordPanels(Index registers_, Index most = word_registers)
      : registers(registers_), count((registers_ + most - 1) / most) {}
  [[nodiscard]] constexpr Index begin(Index panel) const { return panel * registers / count; }
  [[nodiscard]] constexpr Index width(Index panel) const { return begin(panel + 1) - begin(panel); }

  Index registers, count;
};

// Panel by panel: [words, width of the panel].
inline void pack_right(View<const float> b, Transpose tb, Index words, const WordPanels& panels, float* to) {
  const auto at = [&](Index panel) { return to + panels.begin(panel) * lane_count * words; };
  if (tb == Transpose::yes) {
    for (Index panel = 0; panel < panels.count; ++panel) {
      const Index begin = panels.begin(panel) * lane_count, width = panels.width(panel) * lane_count;
      pack_along(b.middle_rows(begin, std::min(width, b.rows - begin)), width, at(panel), width);
    }
    return;
  }
  for (Index panel = 0; panel < panels.count; ++panel) {
    const Index begin = panels.begin(panel) * lane_count, width = panels.width(panel);
    const View<const float> part = b.middle_columns(begin, std::min(width * lane_count, b.columns - begin));
    unrolled<word_registers>([&](auto below) {
      if (width == below + 1) pair_rows<below + 1>(part, at(panel), width * lane_count);
    });
  }
}
// Tile by tile: [words, word_rows].
inline void pack_left(View<const float> a, Transpose ta, Index words, float* to) {
  if (ta == Transpose::no) {
    for (Index begin = 0; begin < a.rows; begin += word_rows)
      pack_along(a.middle_rows(begin, std::min(word_rows, a.rows - begin)), word_rows, to + begin * words, word_rows);
    return;
  }
  constexpr Index tiles = lane_count / word_rows;
  alignas(64) float paired_rows[block_words * lane_count];
  for (Index begin = 0; begin < a.columns; begin += lane_count) {
    pair_rows<1>(a.middle_columns(begin, std::min(lane_count, a.columns - begin)), paired_rows, lane_count);
    unrolled<tiles>([&](auto tile) {
      if (begin + tile * word_rows >= a.columns) return;
      float* tile_to = to + (begin + tile * word_rows) * words;
      for (Index l = 0; l < words; ++l)
        std::memcpy(tile_to + l * word_rows, paired_rows + l * lane_count + tile * word_rows, word_rows * sizeof(float));
    });
  }
}

// c [rows, columns] = beta c + alpha left^T panel,  left [words, word_rows], panel [words, Registers lane_count]
template <Index Registers>
void multiply_word_tile(const float* left, const float* panel, Index words, View<float> c, float alpha, float beta) {
  if (beta != 0)
    for (Index i = 0; i < c.rows; ++i)
      unrolled<Registers>([&](auto j) __attribute__((always_inline)) { __builtin_prefetch(c.row(i) + j * lane_count, 1); });
  Lanes sum[word_rows][Registers] = {};
  for (Index l = 0; l < words; ++l) {
    Words right[Registers];
    unrolled<Registers>([&](auto j) __attribute__((always_inline)) {
      right[j] = as_words(in_register(load_lanes(panel + (l * Registers + j) * lane_count)));
    });
    unrolled<word_rows>([&](auto i) __attribute__((always_inline)) {
      const Words both = all_words(left + l * word_rows + i);
      unrolled<Registers>([&](auto j) __attribute__((always_inline)) { sum[i][j] = add_products(sum[i][j], both, right[j]); });
    });
  }
  const bool whole = c.columns == Registers * lane_count;
  unrolled<word_rows>([&](auto i) __attribute__((always_inline)) {
    if (i >= c.rows) return;
    float* to = c.row(i);
    if (whole) {
      unrolled<Registers>([&](auto j) __attribute__((always_inline)) {
        float* at = to + j * lane_count;
        store_lanes(at, beta == 0 ? alpha * sum[i][j] : alpha * sum[i][j] + beta * load_lanes(at));
      });
      return;
    }
    float row[Registers * lane_count];
    unrolled<Registers>([&](auto j) __attribute__((always_inline)) { store_lanes(row + j * lane_count, alpha * sum[i][j]); });
    for (Index j = 0; j < c.columns; ++j) to[j] = beta == 0 ? row[j] : row[j] + beta * to[j];
  });
}

RONDO_DEFINED_ONCE void bf16_product(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float alpha,
                                     float beta) {
  const Index inner = columns_of(a, ta);
  assert(rows_of(a, ta) == c.rows && columns_of(b, tb) == c.columns && rows_of(b, tb) == inner);
  const auto part = [](View<const float> x, Transpose transpose, Index row, Index rows, Index column, Index columns) {
    return transpose == Transpose::no ? x.middle_rows(row, rows).middle_columns(column, columns)
                                      : x.middle_rows(column, columns).middle_columns(row, rows);
  };
  if (inner == 0)
    for (Index i = 0; i < c.rows; ++i)
      for (Index j = 0; j < c.columns; ++j) c(i, j) = beta == 0 ? 0 : beta * c(i, j);
  alignas(64) float right[block_words * word_block_registers * lane_count];
  alignas(64) float left[block_words * word_block_rows];
  const WordPanels blocks{(c.columns + lane_count - 1) / lane_count, word_block_registers};
  for (Index block = 0; block < blocks.count; ++block) {
    const Index column = blocks.begin(block) * lane_count, columns = std::min(blocks.width(block) * lane_count, c.columns - column);
    const WordPanels panels{blocks.width(block)};
    float more = beta;
    for (Index done = 0; done < inner; done += 2 * block_words, more = 1) {
      const Index depth = std::min(2 * block_words, inner - done), words = words_of(depth);
      pack_right(part(b, tb, done, depth, column, columns), tb, words, panels, right);
      for (Index row = 0; row < c.rows; row += word_block_rows) {
        const Index rows = std::min(word_block_rows, c.rows - row);
        pack_left(part(a, ta, row, rows, done, depth), ta, words, left);
        for (Index panel = 0; panel < panels.count; ++panel) {
          const Index begin = panels.begin(panel) * lane_count, width = panels.width(panel);
          for (Index tile = 0; tile < rows; tile += word_rows) {
            const View<float> to{c.row(row + tile) + column + begin, std::min(word_rows, rows - tile),
                                 std::min(width * lane_count, columns - begin), c.stride};
            unrolled<word_registers>([&](auto below) {
              if (width == below + 1)
                multiply_word_tile<below + 1>(left + tile * words, right + begin * words, words, to, alpha, more);
            });
          }
        }
      }
    }
  }
}

RONDO_DEFINED_ONCE void multiply_bf16(View<const float> a, Transpose ta, View<const float> b, Transpose tb, View<float> c, float beta) {
  if (c.rows == 0 || c.columns == 0) return;
  multiply_pieces(a, ta, b, tb, c, beta,
                  [](auto x, auto tx, auto y, auto ty, auto z, float more) { bf16_product(x, tx, y, ty, z, 1, more); });
}

}  // namespace rondo
