// Nonlinear recurrences (rondo/recurrence/cell.hpp), forward: all teams are launched together and take a step of all sequences at a time.
//
//   A = U + H_{t-1} R^T          a team: `units` units of a head, all four gates; up to `batch` sequences
//
// in lock-step, the longest sequences first, so that those that have ended are the last rows. The rows of R that belong to a team's units
// stay in shared memory where they fit, cells in registers; outputs go from team to team through device memory, with a wait of all for
// each step. What follows for the gradient - cell, gates as the cell leaves them - is written as it is made. cell_gradient.hpp walks
// back.
#pragma once

#include <algorithm>
#include <numeric>

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/linear_chunk.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo::kernel {

// The sequences that take their steps together, and the heads' sizes.
struct CellSteps {
  View<const Sequence> sequences;
  Tokens order;      // [1, sequences], the longest first
  int first, count;  // which of them
  int steps;         // of the longest
  int width, heads;  // H; d = width / heads
  unsigned* counter;  // of waits; zero before

  [[nodiscard]] RONDO_ANYWHERE int d() const { return width / heads; }
  [[nodiscard]] RONDO_ANYWHERE int sequence(int b) const { return order(0, first + b); }
  // The row of step t of the b-th sequence, or -1.
  [[nodiscard]] RONDO_ANYWHERE Index row(int b, int t) const {
    if (b >= count) return -1;
    const Sequence& s = sequences(0, sequence(b));
    return t >= 0 && t < s.length ? s.begin + t : -1;
  }
};

// States of all sequences as kernels see them: hidden as it is stored, cell and normaliser in float32. Any may be absent.
template <class E, class F>
struct CellStates {
  View<E> hidden;
  View<F> cell, normaliser;
};

inline constexpr int cell_slice = 64;  // columns of R that a product takes at once

// Whether `tiles` tiles of R and what else a team needs fit into shared memory.
template <class E>
constexpr bool stays_in_shared_memory(int rows, int tiles) {
  return static_cast<std::size_t>(tiles * rows * (cell_slice * static_cast<int>(sizeof(E)) + 16)) <= most_shared_bytes - 64 * 1024;
}

template <class CellType, class E, int slices>
struct CellWalk {
  static constexpr int threads = 256, batch = 64, units = 8, rows = 4 * units, most = batch * units / threads;
  static constexpr bool resident = stays_in_shared_memory<E>(rows, slices);
  CellSteps in;
  View<const E> sums, recurrent;  // recurrent [heads 4 d, d]
  View<E> hidden, gates;
  View<float> cell;
  CellStates<const E, const float> initial;
  CellStates<E, float> final;

  [[nodiscard]] Index teams() const { return in.heads * parts_of(in.d(), units); }

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, rows, cell_slice> r[resident ? slices : 1];  // row gate * units + unit
    typename Team::template Tile<E, batch, cell_slice> h;
    typename Team::template Tile<float, batch, rows> sums;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int d = in.d(), blocks = (d + units - 1) / units, head = team.number() / blocks, first_unit = team.number() % blocks * units;
    const auto unit_of = [&](int i) { return head * d + first_unit + i % units; };
    const auto mine = [&](int i) { return first_unit + i % units < d && i / units < in.count; };
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Own<float, most> cells, normalisers, outputs;
    team.template each<most>(batch * units, [&](int i, int slot) {
      const bool there = mine(i);
      const int s = there ? in.sequence(i / units) : 0;
      cells(i, slot) = there && initial.cell ? initial.cell(s, unit_of(i)) : 0.0F;
      normalisers(i, slot) = there && initial.normaliser ? initial.normaliser(s, unit_of(i)) : 0.0F;
      outputs(i, slot) = there && initial.hidden ? number(initial.hidden(s, unit_of(i))) : 0.0F;
    });
    if (resident)
      for (int slice = 0; slice < slices; ++slice) load_recurrent(team, m.r[slice], slice, head, first_unit);
    for (int t = 0; t < in.steps; ++t) {
      typename Team::template Accumulator<batch, rows> acc;
      team.clear(acc);
      for (int slice = 0; slice * cell_slice < d; ++slice) {
        if (!resident) load_recurrent(team, m.r[0], slice, head, first_unit);
        team.each(batch * cell_slice, [&](int i) {
          const int b = i / cell_slice, k = slice * cell_slice + i % cell_slice;
          E before{};
          if (k < d && b < in.count) {
            if (t == 0 && initial.hidden) before = initial.hidden(in.sequence(b), head * d + k);
            if (const Index row = in.row(b, t - 1); row >= 0) before = hidden(row, head * d + k);
          }
          m.h(b, i % cell_slice) = before;
        });
        team.sync();
        team.multiply(acc, m.h, transposed(m.r[resident ? slice : 0]));
        team.sync();
      }
      team.each(acc, [&](int b, int r, float& value) { m.sums(b, r) = value; });
      team.sync();
      team.template each<most>(batch * units, [&](int i, int slot) {
        const int b = i / units, c = unit_of(i);
        const Index row = mine(i) ? in.row(b, t) : -1;
        if (row < 0) return;
        float a[4];
        RONDO_UNROLL
        for (int gate = 0; gate < 4; ++gate)
          a[gate] = number(sums(row, gate * in.width + c)) + float(m.sums(b, gate * units + i % units));
        typename CellType::template State<float> state{};
        state.cell = cells(i, slot);
        if constexpr (CellType::normalised) state.normaliser = normalisers(i, slot);
        CellType::forward(a[0], a[1], a[2], a[3], state);
        RONDO_UNROLL
        for (int gate = 0; gate < 4; ++gate) store(gates(row, gate * in.width + c), a[gate]);
        store(hidden(row, c), state.hidden);
        cell(row, c) = state.cell;
        cells(i, slot) = state.cell;
        outputs(i, slot) = state.hidden;
        if constexpr (CellType::normalised) normalisers(i, slot) = state.normaliser;
      });
      team.wait_for_all(in.counter);
    }
    team.template each<most>(batch * units, [&](int i, int slot) {
      if (!mine(i)) return;
      const int s = in.sequence(i / units), c = unit_of(i);
      if (final.hidden) store(final.hidden(s, c), outputs(i, slot));
      if (final.cell) final.cell(s, c) = cells(i, slot);
      if (final.normaliser) final.normaliser(s, c) = normalisers(i, slot);
    });
  }

 private:
  template <class Team, class T>
  RONDO_KERNEL void load_recurrent(Team& team, T& tile, int slice, int head, int first_unit) const {
    const int d = in.d();
    team.each(rows * cell_slice, [&](int i) {
      const int r = i / cell_slice, k = slice * cell_slice + i % cell_slice, unit = first_unit + r % units;
      tile(r, i % cell_slice) = unit < d && k < d ? recurrent(static_cast<Index>(head * 4 + r / units) * d + unit, k) : E{};
    });
  }
};

}  // namespace rondo::kernel
