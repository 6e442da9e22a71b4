// The product inside a recurrent step: a few rows times a matrix that is the same at every step.
//
//   sum [rows, panel_columns] += a [rows, inner] panel [inner, panel_columns],   panel_columns = 2 lane_count
//
// A panel is a strip of the matrix, packed once per pass over a sequence and then read in order at every step. It is wider
// than the strips of small_product, and the register tile lower, because there are few rows (one a sequence): each number
// loaded from the panel, which comes from the outer caches, serves as many rows as registers allow. `a` should lie close
// together (`recurrent_stride`): rows a power of two apart would drive each other out of the first-level cache.
//
// In bf16 both are words of two numbers along `inner` (words.hpp), which then counts words.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/backend/cpu/words.hpp>
#include <rondo/core/precision.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline constexpr Index panel_registers = 2;
inline constexpr Index panel_columns = panel_registers * lane_count;
inline constexpr Index panel_rows = lane_count == 16 ? 12 : 6;
inline constexpr Index panel_inner = 256;  // this much of a panel stays in the first-level cache for all rows

// gcc 12 would otherwise read the number from memory again for each of its uses, and loads are what this loop is short of.
[[gnu::always_inline]] inline Lanes in_register(Lanes lanes) {
#if defined(__x86_64__)
  asm("" : "+v"(lanes));
#endif
  return lanes;
}

// Floats that hold d numbers of a row, or of a column of a panel: words in bf16.
template <Precision precision>
[[nodiscard]] constexpr Index inner_floats(Index d) {
  return precision == Precision::bf16 ? words_of(d) : d;
}

// Distance of the rows of `a` that keeps them in different places of the cache.
[[nodiscard]] constexpr Index recurrent_stride(Index inner) {
  return (inner + 15) / 16 * 16 + 16;
}

// Fetches `columns` numbers in `parts` blocks `apart`, to be read or written after the next product: rows of many sequences are
// more streams than the processor follows by itself.
[[gnu::always_inline]] inline void fetch_soon(const float* from, Index columns, Index parts = 1, Index apart = 0) {
  for (Index part = 0; part < parts; ++part)
    for (Index c = 0; c < columns; c += 16) __builtin_prefetch(from + part * apart + c);
}

template <Index Rows, Precision precision>
void multiply_recurrent_tile(const float* a, Index stride, const float* panel, Index inner, float* sum) {
  Lanes total[Rows][panel_registers];
  unrolled<Rows>([&](auto i) {
    unrolled<panel_registers>([&](auto j) { total[i][j] = load_lanes(sum + i * panel_columns + j * lane_count); });
  });
  for (Index l = 0; l < inner; ++l) {
    Lanes right[panel_registers];
    unrolled<panel_registers>([&](auto j) { right[j] = in_register(load_lanes(panel + l * panel_columns + j * lane_count)); });
    unrolled<Rows>([&](auto i) {
      if constexpr (precision == Precision::bf16) {
        const Words factor = all_words(a + i * stride + l);
        unrolled<panel_registers>([&](auto j) { total[i][j] = add_products(total[i][j], factor, as_words(right[j])); });
      } else {
        const Lanes factor = all_lanes(a[i * stride + l]);
        unrolled<panel_registers>([&](auto j) { total[i][j] += factor * right[j]; });
      }
    });
  }
  unrolled<Rows>([&](auto i) {
    unrolled<panel_registers>([&](auto j) { store_lanes(sum + i * panel_columns + j * lane_count, total[i][j]); });
  });
}

// a [rows, inner], row r at a + r stride.
template <Precision precision>
void multiply_recurrent(const float* a, Index stride, Index rows, const float* panel, Index inner, float* sum) {
  const Index tiles = (rows + panel_rows - 1) / panel_rows;
  for (Index done = 0; done < inner; done += panel_inner) {
    const Index depth = std::min(panel_inner, inner - done);
    for (Index tile = 0; tile < tiles; ++tile) {
      const Index begin = tile * rows / tiles, count = (tile + 1) * rows / tiles - begin;
      unrolled<panel_rows>([&](auto below) {
        if (count == below + 1)
          multiply_recurrent_tile<below + 1, precision>(a + begin * stride + done, stride, panel + done * panel_columns, depth,
                                             sum + begin * panel_columns);
      });
    }
  }
}

}  // namespace rondo
