// Which thread holds what of a matrix product: mma.sync.m16n8k16, d [16, 8] += a [16, 16] b [16, 8] of bf16 with float sums, and
// ldmatrix.x4, which loads its operands from shared memory (PTX ISA, "Matrix fragments for mma.m16n8k16" and "ldmatrix").
//
// A warp is 32 lanes; lane = 4 g + t. A register of an operand holds two neighbours:
//   a: 4 registers   (g, 2t) (g + 8, 2t) (g, 2t + 8) (g + 8, 2t + 8)       rows, columns; the second number is one column further
//   b: 2 registers   (2t, g) (2t + 8, g)                                   the second number is one row further
//   d: 4 numbers     (g, 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
// ldmatrix.x4 loads four 8 x 8 matrices, one a register; lanes 8j .. 8j + 7 give the addresses of the rows of matrix j. A lane then has
// elements (g, 2t), (g, 2t + 1) of each, with .trans elements (2t, g), (2t + 1, g). Where an operand lies in its tile by rows or by
// columns, with or without .trans, the addresses below give each lane its registers; one load serves a left operand [16, 16] or two right
// ones, [16, 8 + 8].
//
// Spread<R, C, threads>: an accumulator of R x C over a team. Warp w holds slabs of 16 rows w % down, w % down + down, ... and a share of
// the columns. Everything here is constexpr, used by device code and proven lane by lane on the host.
#pragma once

#include <rondo/core/device.hpp>

namespace rondo::kernel {

struct Position {
  int row, column;
};

// The element of d that number i (0 .. 3) of a lane is.
RONDO_ANYWHERE constexpr Position accumulator_cell(int lane, int i) { return {lane / 4 + 8 * (i / 2), 2 * (lane % 4) + i % 2}; }
// The elements of operands: register i, number n (0, 1).
RONDO_ANYWHERE constexpr Position left_cell(int lane, int i, int n) { return {lane / 4 + 8 * (i % 2), 2 * (lane % 4) + n + 8 * (i / 2)}; }
RONDO_ANYWHERE constexpr Position right_cell(int lane, int i, int n) { return {2 * (lane % 4) + n + 8 * i, lane / 4}; }

// Where in its tile, from the operand's corner on, a lane's row of eight for ldmatrix.x4 begins; whether it loads with .trans.
// `by_columns`: the tile holds the operand transposed. Registers 0 and 1 of a right load are those of the first eight columns, 2 and 3 of
// the next.
RONDO_ANYWHERE constexpr Position left_address(int lane, bool by_columns) {
  const int inner = lane % 8 + 8 * (lane / 16), other = 8 * (lane / 8 % 2);
  return by_columns ? Position{inner, other} : Position{lane % 8 + other, 8 * (lane / 16)};
}
RONDO_ANYWHERE constexpr bool left_transposes(bool by_columns) { return by_columns; }
RONDO_ANYWHERE constexpr Position right_address(int lane, bool by_columns) {
  const int half = 8 * (lane / 8 % 2), next = 8 * (lane / 16);
  return by_columns ? Position{lane % 8 + next, half} : Position{lane % 8 + half, next};
}
RONDO_ANYWHERE constexpr bool right_transposes(bool by_columns) { return !by_columns; }

template <int R, int C, int threads>
struct Spread {
  static_assert(R % 16 == 0 && C % 16 == 0, "rondo: an accumulator is of 16 x 16 pieces");
  static constexpr int warps = threads / 32, slabs = R / 16;
  static constexpr int down = slabs < warps ? slabs : warps;
  static constexpr int across = warps / down < C / 16 ? warps / down : C / 16;  // warps beyond down x across hold nothing
  static_assert(slabs % down == 0 && C % (16 * across) == 0, "rondo: an accumulator that warps cannot share evenly");
  static constexpr int share = C / across;                      // columns of a warp
  static constexpr int own_slabs = slabs / down, own_columns = share / 8;  // and how many pieces of 16 x 8
  static constexpr int numbers = own_slabs * own_columns * 4;   // that a lane holds

  // The thread that holds element (r, c), and which of its numbers it is.
  RONDO_ANYWHERE static constexpr int owner(int r, int c) {
    return 32 * (r / 16 % down + down * (c / share)) + 4 * (r % 8) + c % 8 / 2;
  }
  RONDO_ANYWHERE static constexpr int number(int r, int c) {
    return (r / 16 / down * own_columns + c % share / 8) * 4 + r % 16 / 8 * 2 + c % 2;
  }
  // The element that number i of a thread is; of no element where the thread's warp holds nothing.
  RONDO_ANYWHERE static constexpr bool holds(int thread) { return thread / 32 < down * across; }
  RONDO_ANYWHERE static constexpr Position cell(int thread, int i) {
    const int warp = thread / 32, piece = i / 4;
    const Position inside = accumulator_cell(thread % 32, i % 4);
    return {16 * (warp % down + down * (piece / own_columns)) + inside.row,
            warp / down * share + 8 * (piece % own_columns) + inside.column};
  }
};

// acc += a b by one warp, K numbers at a time deep. What a machine does - a device's warp, or a test that replays one lane by lane:
//   left(row, k)  right(k, column)      the registers of a's 16 x 16 at that corner, of b's 16 x 16
//   multiply(slab, piece, a, b, half)   mma.sync onto piece `piece` of 16 x 8 of slab `slab`; half 0, 1: which eight columns of b
template <class Spread, int K, class Machine>
RONDO_ANYWHERE void multiply_fragments(Machine& machine, int warp) {
  const int row = 16 * (warp % Spread::down), column = warp / Spread::down * Spread::share;
  if (!Spread::holds(32 * warp)) return;
  RONDO_UNROLL
  for (int k = 0; k < K; k += 16) {
    typename Machine::Left a[Spread::own_slabs];
RONDO_UNROLL
    for (int slab = 0; slab < Spread::own_slabs; ++slab) a[slab] = machine.left(row + 16 * Spread::down * slab, k);
RONDO_UNROLL
    for (int piece = 0; piece < Spread::own_columns; piece += 2) {
      const typename Machine::Right b = machine.right(k, column + 8 * piece);
RONDO_UNROLL
      for (int slab = 0; slab < Spread::own_slabs; ++slab) {
        machine.multiply(slab, piece, a[slab], b, 0);
        machine.multiply(slab, piece + 1, a[slab], b, 1);
      }
    }
  }
}

}  // namespace rondo::kernel
