// LSTM recurrence, backward.
//
//   dh = d_h_t + W_hh^T da_{t+1};   tc = tanh c_t;   dc += dh o (1 - tc^2)
//   da_t = [dc g i (1 - i), dc c_{t-1} f (1 - f), dc i (1 - g^2), dh tc o (1 - o)];   dc = dc f for the step before
//
//   gates [tokens, 4 H] the activated gates of the forward, c [tokens, H], weight W_hh [4 H, H], d_h [tokens, H]
//   d_final h, c [sequences, H] (no data: zero);  da [tokens, 4 H] written (may be the place of gates), zero in rows of no
//   sequence;  d_initial h, c [sequences, H] written (no data: not wanted)
//
// The gradients of the weights are products over all tokens and made by the caller: dW_ih += da^T x,
// dW_hh += da^T h_previous (previous_rows), db_ih and db_hh += sum da, dx = da W_ih. Throws Error where the sizes disagree.
#pragma once

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lstm_cell.hpp>

namespace rondo {

// One sequence's da of `count` hidden units; dh holds what the step after sent back, dc is carried on.
template <class Count>
[[gnu::always_inline]] inline void lstm_units_backward(const float* gates, Index width, const float* c, const float* c_before,
                                                       const float* d_h, const float* dh_recurrent, float* dc, float* da,
                                                       float* da_again, Count count) {
#pragma omp simd
  for (Index j = 0; j < count; ++j) {
    const float i = gates[j], f = gates[width + j], g = gates[2 * width + j], o = gates[3 * width + j];
    const float dh = d_h[j] + dh_recurrent[j], tc = hyperbolic_tangent(c[j]);
    const float cell = dc[j] + dh * o * (1.0F - tc * tc);
    da[j] = da_again[j] = cell * g * i * (1.0F - i);
    da[width + j] = da_again[width + j] = cell * c_before[j] * f * (1.0F - f);
    da[2 * width + j] = da_again[2 * width + j] = cell * i * (1.0F - g * g);
    da[3 * width + j] = da_again[3 * width + j] = dh * tc * o * (1.0F - o);
    dc[j] = cell * f;
  }
}

RONDO_DEFINED_ONCE void lstm_backward(Sequences sequences, View<const float> gates, View<const float> weight, LstmState initial,
                                      View<const float> c, View<const float> d_h, LstmState d_final, View<float> da,
                                      LstmStateTarget d_initial, Arena& arena) {
  check_lstm(sequences, gates, weight, d_h, c);
  require(da.rows == gates.rows && da.columns == gates.columns, "lstm: da is [", da.rows, ", ", da.columns, "], gates are [",
          gates.rows, ", ", gates.columns, "]");
  const Index width = weight.columns, panels = (width + panel_columns - 1) / panel_columns, padded = panels * panel_columns;
  Arena::Mark mark{arena};
  const LockStep lock_step{sequences, arena};
  const Index count = lock_step.count(), steps = lock_step.steps();
  [[maybe_unused]] const Index threads = step_threads(panels, 4 * width * width * count);
  float* packed = arena.take<float>(4 * width * padded);    // [panels, 4 H, panel_columns]
  float* dh_recurrent = arena.take<float>(count * padded);  // [panels, sequences, panel_columns]
  float* dc = arena.take<float>(count * padded);            // the same
  const Index stride = recurrent_stride(4 * width);
  float* rows = arena.take<float>(2 * count * stride);  // da of this step and of the one after, by turns
  float* zero = arena.take<float>(width);
  std::fill_n(zero, width, 0.0F);
  SpinBarrier barrier;
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const Index team = team_size(), me = thread_number();
    const Range own = share_of(panels, team, me);
    for (Index panel = own.begin; panel < own.end; ++panel) {
      const Index first = panel * panel_columns, valid = std::min(panel_columns, width - first);
      float* to = packed + panel * 4 * width * panel_columns;
      for (Index l = 0; l < 4 * width; ++l) {
        std::copy_n(weight.row(l) + first, valid, to + l * panel_columns);
        std::fill_n(to + l * panel_columns + valid, panel_columns - valid, 0.0F);
      }
      for (Index i = 0; i < count; ++i) {
        const Index at = (panel * count + i) * panel_columns, s = lock_step.number(i);
        for (Index j = 0; j < panel_columns; ++j) {
          dh_recurrent[at + j] = d_final.h && j < valid ? d_final.h(s, first + j) : 0.0F;
          dc[at + j] = d_final.c && j < valid ? d_final.c(s, first + j) : 0.0F;
        }
      }
    }
    // What step t + 1 sends back to a panel and the pointwise part of step t there, panel by panel.
    for (Index step = steps - 1; step >= (d_initial.h ? -1 : 0); --step) {
      const Index running = step >= 0 ? lock_step.running(step, count) : 0;
      const Index after = step + 1 < steps ? lock_step.running(step + 1, count) : 0;
      const float* da_after = rows + (step + 1) % 2 * count * stride;
      float* now = rows + (step + 2) % 2 * count * stride;
      for (Index panel = own.begin; panel < own.end; ++panel) {
        const Index first = panel * panel_columns, valid = std::min(panel_columns, width - first);
        for (Index i = 0; i < running; ++i) {
          const Index row = lock_step.at(i).begin + step;
          fetch_soon(gates.row(row) + first, valid, 4, width);
          fetch_soon(da.row(row) + first, valid, 4, width);
          fetch_soon(c.row(row) + first, valid);
          if (step > 0) fetch_soon(c.row(row - 1) + first, valid);
          fetch_soon(d_h.row(row) + first, valid);
        }
        float* sent_back = dh_recurrent + panel * count * panel_columns;
        std::fill_n(sent_back, after * panel_columns, 0.0F);
        multiply_recurrent(da_after, stride, after, packed + panel * 4 * width * panel_columns, 4 * width, sent_back);
        for (Index i = 0; i < running; ++i) {
          const Index row = lock_step.at(i).begin + step;
          const float* c_before = step > 0 ? c.row(row - 1) : initial.c ? initial.c.row(lock_step.number(i)) : zero;
          const auto update = [&](auto units_here) __attribute__((always_inline)) {
            lstm_units_backward(gates.row(row) + first, width, c.row(row) + first, c_before + first, d_h.row(row) + first,
                                sent_back + i * panel_columns, dc + (panel * count + i) * panel_columns, da.row(row) + first,
                                now + i * stride + first, units_here);
          };
          if (valid == panel_columns)
            update(std::integral_constant<Index, panel_columns>{});
          else
            update(valid);
        }
      }
      barrier.wait(team);
    }
  }
  zero_padding(sequences, da);
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < width; ++j) {
      const Index at = (j / panel_columns * count + i) * panel_columns + j % panel_columns, s = lock_step.number(i);
      if (d_initial.h) d_initial.h(s, j) = dh_recurrent[at];
      if (d_initial.c) d_initial.c(s, j) = dc[at];
    }
}

}  // namespace rondo
