// Nonlinear cells, backward (equations, layouts and contract: rondo/recurrence/cell.hpp).
//
// The gradients of R are products over all tokens: dR += da^T h_previous, head by head.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lock_step.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/recurrent_product.hpp>
#include <rondo/recurrence/cell.hpp>

namespace rondo {

// One sequence's da of `count` units; dh holds what the step after sent back, dc (and dn) are carried on.
template <class CellType, class Count>
[[gnu::always_inline]] inline void cell_units_backward(const float* gates, Index width, const float* c, const float* c_before,
                                                       const float* d_h, const float* dh_recurrent, float* dc, float* dn,
                                                       float* da, float* da_again, Index apart, Count count) {
#pragma omp simd
  for (Index j = 0; j < count; ++j) {
    float i = gates[j], f = gates[width + j], z = gates[2 * width + j], o = gates[3 * width + j];
    typename CellType::template State<float> d{};
    d.hidden = d_h[j] + dh_recurrent[j];
    d.cell = dc[j];
    if constexpr (CellType::normalised) d.normaliser = dn[j];
    CellType::backward(i, f, z, o, c[j], c_before[j], d);
    da[j] = da_again[j] = i;
    da[width + j] = da_again[apart + j] = f;
    da[2 * width + j] = da_again[2 * apart + j] = z;
    da[3 * width + j] = da_again[3 * apart + j] = o;
    dc[j] = d.cell;
    if constexpr (CellType::normalised) dn[j] = d.normaliser;
  }
}

// h_previous [tokens, H] = the state before each token. Zero in rows of no sequence.
inline void previous_rows(Sequences sequences, View<const float> h, View<const float> initial, View<float> previous) {
  zero_padding(sequences, previous);
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const Index begin = sequences[s].begin, length = sequences[s].length;
    if (length == 0) continue;
    if (initial)
      std::copy_n(initial.row(static_cast<Index>(s)), h.columns, previous.row(begin));
    else
      std::fill_n(previous.row(begin), h.columns, 0.0F);
#pragma omp parallel for schedule(static)
    for (Index t = 1; t < length; ++t) std::copy_n(h.row(begin + t - 1), h.columns, previous.row(begin + t));
  }
}

// Everything but the gradient of R.
template <Precision precision, class CellType>
void cell_steps_backward(const CpuGradient<Cell<CellType>>& pass, Arena& arena) {
  constexpr bool rounds = precision == Precision::bf16;
  const Cell<CellType>& p = pass.tag;
  const View<const float> gates = pass.out.gates, c = pass.out.cell, d_h = pass.d_out.hidden;
  const View<float> da = pass.d_in.sums;
  const auto initial = or_none(pass.carried.initial), d_final = or_none(pass.carried.d_final), d_initial = or_none(pass.carried.d_initial);
  const Index width = p.width, heads = p.heads, d = p.head_width(), panels = (d + panel_columns - 1) / panel_columns;
  Arena::Mark mark{arena};
  const Index count = std::ssize(pass.sequences);
  [[maybe_unused]] const Index threads = step_threads(heads * panels, 4 * width * d * count);
  const Index parts = sequence_parts(count, heads, threads, CellType::gates * d * d / (rounds ? 2 : 1));
  const LockStep lock_step{pass.sequences, parts, arena};
  const Index inner = inner_floats<precision>(d), panel_floats = 4 * inner * panel_columns, carried_floats = count * panel_columns;
  float* packed = arena.take<float>(heads * panels * panel_floats);         // [heads, panels, 4 inner, panel_columns]
  float* dh_recurrent = arena.take<float>(heads * panels * carried_floats);  // [heads, panels, sequences, panel_columns]
  float* dc = arena.take<float>(heads * panels * carried_floats);            // the same
  float* dn = CellType::normalised ? arena.take<float>(heads * panels * carried_floats) : nullptr;
  const Index stride = recurrent_stride(4 * inner);
  float* all_rows = arena.take<float>(heads * 2 * count * stride);  // da of this step and of the one after, by turns
  float* zero = arena.take<float>(width);
  std::fill_n(zero, width, 0.0F);
  const View<const float> initial_c = initial.cell;
  SpinBarrier* barriers = take_barriers(std::min(threads, heads), arena);
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const Team team = Team::mine(heads);
    for (Index head = team.heads.begin; head < team.heads.end; ++head) {
      const Range share = share_of(panels, team.members, team.member), own = parts > 1 ? Range{0, panels} : share;
      const View<const float> weight_here = p.of_head(pass.weights.recurrent, head);
      float* rows = all_rows + head * 2 * count * stride;
      for (Index panel = share.begin; panel < share.end; ++panel) {
        const Index inside = panel * panel_columns, valid = std::min(panel_columns, d - inside);
        float* to = packed + (head * panels + panel) * panel_floats;
        for (Index l = 0; l < 4 * inner; ++l) {
          float* row = to + l * panel_columns;
          if constexpr (rounds) {
            const Index number = l / inner * d + l % inner * 2;
            const float* even = weight_here.row(number) + inside;
            const float* odd = l % inner * 2 + 1 < d ? even + weight_here.stride : nullptr;
            for (Index j = 0; j < valid; ++j) {
              const float neighbours[2]{even[j], odd ? odd[j] : 0.0F};
              pair_neighbours(neighbours, 2, row + j);
            }
          } else {
            std::copy_n(weight_here.row(l) + inside, valid, row);
          }
          std::fill_n(row + valid, panel_columns - valid, 0.0F);
        }
        const auto start = [&](View<const float> states, float* carried_on) {
          for (Index i = 0; i < count; ++i)
            for (Index j = 0; j < panel_columns; ++j)
              carried_on[((head * panels + panel) * count + i) * panel_columns + j] =
                  states && j < valid ? states(lock_step.number(i), head * d + inside + j) : 0.0F;
        };
        start(d_final.hidden, dh_recurrent);
        start(d_final.cell, dc);
        if constexpr (CellType::normalised) start(d_final.normaliser, dn);
      }
      if (parts > 1) barriers[team.number].wait(team.members);
      // What step t + 1 sends back to a panel and the pointwise part of step t there, panel by panel.
      const Range mine = parts > 1 ? share_of(parts, team.members, team.member) : Range{0, 1};
      for (Index number = mine.begin; number < mine.end; ++number) {
        const Range part = lock_step.part(number);
        const Index from = part.begin, steps = lock_step.steps(part);
        for (Index step = steps - 1; step >= (d_initial.hidden ? -1 : 0); --step) {
          const Index running = step >= 0 ? lock_step.running(part, step, part.end) : from;
          const Index after = step + 1 < steps ? lock_step.running(part, step + 1, part.end) : from;
          const float* da_after = rows + (step + 1) % 2 * count * stride;
          float* now = rows + (step + 2) % 2 * count * stride;
          for (Index panel = own.begin; panel < own.end; ++panel) {
            const Index inside = panel * panel_columns, valid = std::min(panel_columns, d - inside), first = head * d + inside;
            for (Index i = from; i < running; ++i) {
              const Index row = lock_step.at(i).begin + step;
              fetch_soon(gates.row(row) + first, valid, 4, width);
              fetch_soon(da.row(row) + first, valid, 4, width);
              fetch_soon(c.row(row) + first, valid);
              if (step > 0) fetch_soon(c.row(row - 1) + first, valid);
              fetch_soon(d_h.row(row) + first, valid);
            }
            float* sent_back = dh_recurrent + (head * panels + panel) * carried_floats;
            std::fill_n(sent_back + from * panel_columns, (after - from) * panel_columns, 0.0F);
            multiply_recurrent<precision>(da_after + from * stride, stride, after - from, packed + (head * panels + panel) * panel_floats,
                                          4 * inner, sent_back + from * panel_columns);
            for (Index i = from; i < running; ++i) {
              const Index row = lock_step.at(i).begin + step, at = ((head * panels + panel) * count + i) * panel_columns;
              const float* c_before = step > 0 ? c.row(row - 1) : initial_c ? initial_c.row(lock_step.number(i)) : zero;
              float again[4 * panel_columns];
              const auto update = [&](auto units) __attribute__((always_inline)) {
                cell_units_backward<CellType>(gates.row(row) + first, width, c.row(row) + first, c_before + first,
                                              d_h.row(row) + first, sent_back + i * panel_columns, dc + at, dn + at,
                                              da.row(row) + first, rounds ? again : now + i * stride + inside,
                                              rounds ? panel_columns : d, units);
              };
              if (valid == panel_columns)
                update(std::integral_constant<Index, panel_columns>{});
              else
                update(valid);
              for (Index gate = 0; rounds && gate < 4; ++gate)
                pair_neighbours(again + gate * panel_columns, valid, now + i * stride + gate * inner + inside / 2);
            }
          }
          if (parts == 1) barriers[team.number].wait(team.members);
        }
      }
    }
  }
  zero_padding(pass.sequences, da);
  if (!d_initial.hidden) return;
  const auto finish = [&](const float* carried_on, View<float> states) {
    for (Index head = 0; head < heads; ++head)
      for (Index i = 0; i < count; ++i)
        for (Index j = 0; j < d; ++j)
          states(lock_step.number(i), head * d + j) =
              carried_on[((head * panels + j / panel_columns) * count + i) * panel_columns + j % panel_columns];
  };
  finish(dh_recurrent, d_initial.hidden);
  finish(dc, d_initial.cell);
  if constexpr (CellType::normalised) finish(dn, d_initial.normaliser);
}

template <class CellType>
void run_cell(const CpuGradient<Cell<CellType>>& pass, Arena& scratch) {
  const Cell<CellType>& p = pass.tag;
  const View<const float> d_gates = pass.d_in.sums, hidden = pass.out.hidden;
  const bool rounds = pass.precision == Precision::bf16;
  (rounds ? cell_steps_backward<Precision::bf16, CellType> : cell_steps_backward<Precision::float32, CellType>)(pass, scratch);
  const Arena::Mark mark{scratch};
  const View<float> previous{scratch.take<float>(hidden.size()), hidden.rows, hidden.columns};
  previous_rows(pass.sequences, hidden, or_none(pass.carried.initial).hidden, previous);
  const auto add_product = [rounds](View<const float> da, View<const float> before, View<float> to) {
    (rounds ? multiply_bf16 : multiply)(da, Transpose::yes, before, Transpose::no, to, 1);
  };
  if (p.heads == 1) return add_product(d_gates, previous, p.of_head(pass.d_weights.recurrent, 0));
  const Index d = p.head_width();
  for (Index head = 0; head < p.heads; ++head)
    for (Index gate = 0; gate < CellType::gates; ++gate)
      add_product(d_gates.middle_columns(gate * p.width + head * d, d), previous.middle_columns(head * d, d),
                  p.of_head(pass.d_weights.recurrent, head).middle_rows(gate * d, d));
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<Cell<LstmCell>>& pass, Arena& scratch) { run_cell(pass, scratch); }
RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<Cell<SlstmCell>>& pass, Arena& scratch) { run_cell(pass, scratch); }

}  // namespace rondo
