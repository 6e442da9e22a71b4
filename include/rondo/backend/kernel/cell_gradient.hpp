// The gradient of nonlinear recurrences (rondo/recurrence/cell.hpp): the teams of cell.hpp from the last step to the first,
//
//   da_t from dh_t, dc_t (and dn_t);   dH_{t-1} = dA_t R          the columns of R that belong to a team's units
//
// da goes from team to team through device memory. What the recurrent weights get is one product of all tokens afterwards: dR += dA^T
// H_prev.
#pragma once

#include <rondo/backend/kernel/cell.hpp>

namespace rondo::kernel {

template <class CellType, class E, int slices>
struct CellBack {
  static constexpr int threads = 256, batch = 64, units = 16, most = batch * units / threads;
  static constexpr bool resident = stays_in_shared_memory<E>(units, 4 * slices);
  CellSteps in;
  View<const E> recurrent, gates, d_hidden;
  View<const float> cell;
  View<E> d_sums;
  CellStates<const E, const float> initial, d_final;
  CellStates<E, float> d_initial;

  [[nodiscard]] Index teams() const { return in.heads * parts_of(in.d(), units); }

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, units, cell_slice> r[resident ? 4 * slices : 1];  // R's columns: (unit, row of a gate)
    typename Team::template Tile<E, batch, cell_slice> d_a;
    typename Team::template Tile<float, batch, units> d_h;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int d = in.d(), blocks = (d + units - 1) / units, head = team.number() / blocks, first_unit = team.number() % blocks * units;
    const int of_gate = (d + cell_slice - 1) / cell_slice;  // slices of a gate's rows
    const auto unit_of = [&](int i) { return head * d + first_unit + i % units; };
    const auto mine = [&](int i) { return first_unit + i % units < d && i / units < in.count; };
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Own<float, most> d_cells, d_normalisers;
    team.template each<most>(batch * units, [&](int i, int slot) {
      const bool there = mine(i);
      const int s = there ? in.sequence(i / units) : 0;
      d_cells(i, slot) = there && d_final.cell ? d_final.cell(s, unit_of(i)) : 0.0F;
      d_normalisers(i, slot) = there && d_final.normaliser ? d_final.normaliser(s, unit_of(i)) : 0.0F;
      m.d_h(i / units, i % units) = 0;
    });
    if (resident)
      for (int slice = 0; slice < 4 * of_gate; ++slice) load_recurrent(team, m.r[slice], slice, head, first_unit, of_gate);
    team.sync();
    for (int t = in.steps - 1; t >= 0; --t) {
      team.template each<most>(batch * units, [&](int i, int slot) {
        const int b = i / units, c = unit_of(i);
        const Index row = mine(i) ? in.row(b, t) : -1;
        if (row < 0) return;
        const int s = in.sequence(b);
        const bool last = in.row(b, t + 1) < 0;
        float a[4];
        RONDO_UNROLL
        for (int gate = 0; gate < 4; ++gate) a[gate] = number(gates(row, gate * in.width + c));
        typename CellType::template State<float> state{};
        state.hidden =
            number(d_hidden(row, c)) + (last ? d_final.hidden ? number(d_final.hidden(s, c)) : 0.0F : float(m.d_h(b, i % units)));
        state.cell = d_cells(i, slot);
        if constexpr (CellType::normalised) state.normaliser = d_normalisers(i, slot);
        const float before = t > 0 ? cell(in.row(b, t - 1), c) : initial.cell ? initial.cell(s, c) : 0.0F;
        CellType::backward(a[0], a[1], a[2], a[3], cell(row, c), before, state);
        RONDO_UNROLL
        for (int gate = 0; gate < 4; ++gate) store(d_sums(row, gate * in.width + c), a[gate]);
        d_cells(i, slot) = state.cell;
        if constexpr (CellType::normalised) d_normalisers(i, slot) = state.normaliser;
      });
      team.wait_for_all(in.counter);
      typename Team::template Accumulator<batch, units> acc;
      team.clear(acc);
      for (int slice = 0; slice < 4 * of_gate; ++slice) {
        if (!resident) load_recurrent(team, m.r[0], slice, head, first_unit, of_gate);
        team.each(batch * cell_slice, [&](int i) {
          const int b = i / cell_slice, gate = slice / of_gate, k = slice % of_gate * cell_slice + i % cell_slice;
          const Index row = in.row(b, t);
          m.d_a(b, i % cell_slice) = k < d && row >= 0 ? E(d_sums(row, gate * in.width + head * d + k)) : E{};
        });
        team.sync();
        team.multiply(acc, m.d_a, transposed(m.r[resident ? slice : 0]));
        team.sync();
      }
      team.each(acc, [&](int b, int unit, float& value) { m.d_h(b, unit) = value; });
      team.sync();
    }
    team.template each<most>(batch * units, [&](int i, int slot) {
      if (!mine(i)) return;
      const int s = in.sequence(i / units), c = unit_of(i);
      const bool empty = in.row(i / units, 0) < 0;
      if (d_initial.hidden)
        store(d_initial.hidden(s, c), !empty ? float(m.d_h(i / units, i % units)) : d_final.hidden ? number(d_final.hidden(s, c)) : 0.0F);
      if (d_initial.cell) d_initial.cell(s, c) = d_cells(i, slot);
      if (d_initial.normaliser) d_initial.normaliser(s, c) = d_normalisers(i, slot);
    });
  }

 private:
  template <class Team, class T>
  RONDO_KERNEL void load_recurrent(Team& team, T& tile, int slice, int head, int first_unit, int of_gate) const {
    const int d = in.d();
    team.each(units * cell_slice, [&](int i) {
      const int unit = first_unit + i / cell_slice, k = slice % of_gate * cell_slice + i % cell_slice;
      tile(i / cell_slice, i % cell_slice) =
          unit < d && k < d ? recurrent((static_cast<Index>(head) * 4 + slice / of_gate) * d + k, unit) : E{};
    });
  }
};

// h_{t-1} of every row; zero in rows of no sequence.
template <class E>
struct PreviousHidden {
  Owners work;
  View<const E> hidden, initial;
  View<E> before;
  RONDO_ANYWHERE void operator()(Index row, Index c) const {
    const Token s = work.owners(0, row);
    E value{};
    if (s != of_no_sequence) {
      if (row > work.sequences(0, s).begin)
        value = hidden(row - 1, c);
      else if (initial)
        value = initial(s, c);
    }
    before(row, c) = value;
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <class CellType>
struct KernelRecurrence<Cell<CellType>> {
  static bool fits(const Cell<CellType>& tag) { return tag.head_width() <= 1024; }
  template <class C>
  static void forward(C& c, const auto& pass) {
    using E = typename C::Scalar;
    c.zero(pass.out.hidden);  // padding
    c.zero(pass.out.cell);
    each_part(c, pass, [&](auto slices, const kernel::CellSteps& steps) {
      const kernel::CellWalk<CellType, E, slices> walk{steps,
                                                       c.here(pass.in.sums),
                                                       c.here(recurrent_of(pass)),
                                                       c.here(pass.out.hidden),
                                                       c.here(pass.out.gates),
                                                       c.here(pass.out.cell),
                                                       states<const E, const float>(pass.carried.initial),
                                                       states<E, float>(pass.carried.final)};
      c.device().template launch_together<walk.threads>(walk.teams(), walk);
    });
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    const auto& tag = pass.tag;
    const Index H = tag.width, d = tag.head_width();
    const auto gates = c.matrix(pass.out.gates.rows, 4 * H);  // du may be the memory of the gates
    c.copy(pass.out.gates, gates);
    c.zero(pass.d_in.sums);
    each_part(c, pass, [&](auto slices, const kernel::CellSteps& steps) {
      const kernel::CellBack<CellType, E, slices> walk{steps,
                                                       c.here(recurrent_of(pass)),
                                                       c.here(gates),
                                                       c.here(pass.d_out.hidden),
                                                       c.here(pass.out.cell),
                                                       c.here(pass.d_in.sums),
                                                       states<const E, const float>(pass.carried.initial),
                                                       states<const E, const float>(pass.carried.d_final),
                                                       states<E, float>(pass.carried.d_initial)};
      c.device().template launch_together<walk.threads>(walk.teams(), walk);
    });
    const auto before = c.matrix(pass.out.hidden.rows, H);
    c.each_place(kernel::PreviousHidden<E>{c.work(), c.here(pass.out.hidden), c.here(hidden_of(pass.carried.initial)), c.here(before)},
                 before);
    const typename C::Input d_sums = pass.d_in.sums;
    for (Index head = 0; head < tag.heads; ++head)
      for (Index gate = 0; gate < 4; ++gate) {
        auto d_weight = pass.d_weights.recurrent;  // [d, d] of a head and gate
        d_weight.data += (head * 4 + gate) * d * d;
        d_weight.rows = d_weight.columns = d_weight.stride = d;
        c.linear_weight_gradient(d_sums.middle_columns(gate * H + head * d, d), typename C::Input(before).middle_columns(head * d, d),
                                 d_weight);
      }
  }

 private:
  // act(slices, steps) for parts of the sequences that are walked together, the longest first.
  static void each_part(auto& c, const auto& pass, auto act) {
    constexpr Index batch = 64;
    const Index count = c.extent().sequences;
    std::vector<Token> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), Token{0});
    const auto length = [&](Token s) { return c.sequences()[static_cast<std::size_t>(s)].length; };
    std::stable_sort(order.begin(), order.end(), [&](Token a, Token b) { return length(a) > length(b); });
    const auto placed = c.here(c.placed(Tokens{order.data(), 1, count}));
    for (Index first = 0; first < count; first += batch) {
      auto mark = c.mark();
      const View<unsigned, Place::device> counter{c.scratch.template take<unsigned>(1), 1, 1};
      const unsigned none = 0;
      c.upload(std::span<const unsigned>{&none, 1}, counter);
      const kernel::CellSteps steps{c.work().sequences, placed, static_cast<int>(first), static_cast<int>(std::min(batch, count - first)),
                                    static_cast<int>(length(order[static_cast<std::size_t>(first)])), static_cast<int>(pass.tag.width),
                                    static_cast<int>(pass.tag.heads), counter.data};
      if (pass.tag.head_width() <= kernel::cell_slice)
        act(std::integral_constant<int, 1>{}, steps);
      else
        act(std::integral_constant<int, 16>{}, steps);
    }
  }
  template <class E, class F, class Record>
  static kernel::CellStates<E, F> states(const Record* record) {
    if (!record) return {};
    const auto here = [](const auto& view) {
      return View<std::remove_reference_t<decltype(*view.data)>>{view.data, view.rows, view.columns, view.stride};
    };
    kernel::CellStates<E, F> result{here(record->hidden), here(record->cell), {}};
    if constexpr (CellType::normalised) result.normaliser = here(record->normaliser);
    return result;
  }
  static auto recurrent_of(const auto& pass) {
    return pass.weights.recurrent.reshaped(4 * pass.tag.width, pass.tag.head_width());
  }
  template <class Record>
  static auto hidden_of(const Record* record) {
    using V = decltype(record->hidden);
    return View<const std::remove_reference_t<decltype(*V{}.data)>, Place::device>(record ? record->hidden : V{});
  }
};

}  // namespace rondo
