// LSTM recurrence, forward (Hochreiter and Schmidhuber 1997 with forget gates; the layout of PyTorch's nn.LSTM).
//
//   a_t = gates_t + W_hh h_{t-1};   i, f, o = s(a), g = tanh(a);   c_t = f c_{t-1} + i g;   h_t = o tanh(c_t)
//
//   gates [tokens, 4 H], blocks i, f, g, o: W_ih x + b_ih + b_hh on entry, the activated gates on return
//   weight W_hh [4 H, H];  initial h, c [sequences, H] (no data: zero);  h, c [tokens, H] written, zero in rows of no sequence
//   final h, c [sequences, H] written (no data: not wanted); an empty sequence passes its initial state on
//
// Sequences advance in lock step. A thread owns hidden units with all four of their gates, whose rows of W_hh it packs once
// into panels and streams at every step, so that one barrier a step is all the threads share. A single token a sequence is a
// plain product instead. Throws Error where sizes disagree.
#pragma once

#include <algorithm>
#include <type_traits>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/lock_step.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/recurrent_product.hpp>
#include <rondo/backend/cpu/spin_barrier.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/vector_math.hpp>
#include <rondo/core/view.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/backend/cpu/matrix_product.hpp>
#endif

namespace rondo {

// Threads worth starting for a loop of steps with `products` multiply-adds each; results do not depend on their number.
[[nodiscard]] inline Index step_threads(Index units, Index products) {
  return std::max<Index>(1, std::min({thread_count(), units, products / 20000}));
}

// A unit is lane_count hidden units: two panels, (i, f) and (g, o), each [H, 2 lane_count].
inline void pack_lstm_unit(View<const float> weight, Index first, float* panels) {
  const Index width = weight.columns, count = std::min(lane_count, width - first);
  for (Index gate = 0; gate < 4; ++gate) {
    float* panel = panels + gate / 2 * width * panel_columns + gate % 2 * lane_count;
    for (Index j = 0; j < lane_count; ++j) {
      const float* row = j < count ? weight.row(gate * width + first + j) : nullptr;
      for (Index l = 0; l < width; ++l) panel[l * panel_columns + j] = row ? row[l] : 0.0F;
    }
  }
}

// One sequence's gates, c and h of `count` hidden units, from the sums of i and g, with those of f and o `apart` after them.
template <class Count>
[[gnu::always_inline]] inline void lstm_units(const float* first_sum, const float* second_sum, Index apart, Index width,
                                              const float* c_before, float* gates, float* c, float* h, float* h_again,
                                              Count count) {
#pragma omp simd
  for (Index j = 0; j < count; ++j) {
    const float i = sigmoid(first_sum[j]), f = sigmoid(first_sum[apart + j]);
    const float g = hyperbolic_tangent(second_sum[j]), o = sigmoid(second_sum[apart + j]);
    const float cell = f * c_before[j] + i * g;
    gates[j] = i;
    gates[width + j] = f;
    gates[2 * width + j] = g;
    gates[3 * width + j] = o;
    c[j] = cell;
    h[j] = h_again[j] = o * hyperbolic_tangent(cell);
  }
}

inline void check_lstm(Sequences sequences, View<const float> gates, View<const float> weight, View<const float> h,
                       View<const float> c) {
  const Index width = weight.columns;
  require(weight.rows == 4 * width, "lstm: the recurrent weight is [", weight.rows, ", ", width, "], expected [", 4 * width, ", ",
          width, "]");
  require(gates.columns == 4 * width && h.columns == width && c.columns == width && h.rows == gates.rows && c.rows == gates.rows,
          "lstm: gates [", gates.rows, ", ", gates.columns, "], h [", h.rows, ", ", h.columns, "], c [", c.rows, ", ", c.columns,
          "] do not fit a width of ", width);
  for (const Sequence& sequence : sequences)
    require(sequence.begin >= 0 && sequence.begin + sequence.length <= gates.rows, "lstm: a sequence ends at row ",
            sequence.begin + sequence.length, " of ", gates.rows);
}

// Decoding: no sequence is longer than one token, and packing the weight would cost more than reading it once.
inline void lstm_one_token(Sequences sequences, View<float> gates, View<const float> weight, LstmState initial, View<float> h,
                           View<float> c, const float* zero, Arena& arena) {
  const Index width = weight.columns, count = static_cast<Index>(sequences.size());
  const View<float> sums{arena.take<float>(4 * width * count), count, 4 * width};
  if (initial.h) multiply(initial.h.middle_rows(0, count), Transpose::no, weight, Transpose::yes, sums);
  for (Index s = 0; s < count; ++s) {
    if (sequences[static_cast<std::size_t>(s)].length == 0) continue;
    const Index row = sequences[static_cast<std::size_t>(s)].begin;
    float *sum = sums.row(s), *gate = gates.row(row);
    if (initial.h) {
#pragma omp simd
      for (Index j = 0; j < 4 * width; ++j) sum[j] += gate[j];
    } else {
      std::copy_n(gate, 4 * width, sum);
    }
    lstm_units(sum, sum + 2 * width, width, width, initial.c ? initial.c.row(s) : zero, gate, c.row(row), h.row(row), h.row(row),
               width);
  }
}

inline void lstm_steps(const LockStep& lock_step, View<float> gates, View<const float> weight, LstmState initial, View<float> h,
                       View<float> c, const float* zero, Arena& arena) {
  const Index width = weight.columns, units = (width + lane_count - 1) / lane_count;
  const Index count = lock_step.count(), steps = lock_step.steps();
  const Index threads = step_threads(units, 4 * width * width * count);
  const Index unit_floats = 2 * width * panel_columns;
  float* packed = arena.take<float>(units * unit_floats);
  float* sums = arena.take<float>(threads * 2 * count * panel_columns);
  const Index stride = recurrent_stride(width);
  float* rows = arena.take<float>(2 * count * stride);  // h of the step before and of this one, by turns
  if (initial.h)
    for (Index i = 0; i < count; ++i) std::copy_n(initial.h.row(lock_step.number(i)), width, rows + i * stride);
  SpinBarrier barrier;
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const Index team = team_size(), me = thread_number();
    const Range own = share_of(units, team, me);
    float *first_sum = sums + me * 2 * count * panel_columns, *second_sum = first_sum + count * panel_columns;
    for (Index unit = own.begin; unit < own.end; ++unit) pack_lstm_unit(weight, unit * lane_count, packed + unit * unit_floats);
    Index running = count;
    for (Index step = 0; step < steps; ++step) {
      running = lock_step.running(step, running);
      const float* before = rows + step % 2 * count * stride;
      float* now = rows + (1 - step % 2) * count * stride;
      for (Index unit = own.begin; unit < own.end; ++unit) {
        const Index first = unit * lane_count, valid = std::min(lane_count, width - first);
        for (Index i = 0; i < running; ++i) {
          const Index row = lock_step.at(i).begin + step;
          const float* from = gates.row(row) + first;
          fetch_soon(c.row(row) + first, valid);
          fetch_soon(h.row(row) + first, valid);
          if (step > 0) fetch_soon(c.row(row - 1) + first, valid);
          if (unit + 1 < own.end) fetch_soon(from + lane_count, lane_count, 4, width);
          for (Index part = 0; part < 4; ++part) {
            float* to = (part < 2 ? first_sum : second_sum) + i * panel_columns + part % 2 * lane_count;
            if (valid == lane_count)
              store_lanes(to, load_lanes(from + part * width));
            else
              std::copy_n(from + part * width, valid, to);
          }
        }
        const float* panels = packed + unit * unit_floats;
        if (step > 0 || initial.h) {
          multiply_recurrent(before, stride, running, panels, width, first_sum);
          multiply_recurrent(before, stride, running, panels + width * panel_columns, width, second_sum);
        }
        for (Index i = 0; i < running; ++i) {
          const Index row = lock_step.at(i).begin + step;
          const float* c_before = step > 0 ? c.row(row - 1) : initial.c ? initial.c.row(lock_step.number(i)) : zero;
          const auto update = [&](auto units_here) __attribute__((always_inline)) {
            lstm_units(first_sum + i * panel_columns, second_sum + i * panel_columns, lane_count, width, c_before + first,
                       gates.row(row) + first, c.row(row) + first, h.row(row) + first, now + i * stride + first, units_here);
          };
          if (valid == lane_count)
            update(std::integral_constant<Index, lane_count>{});
          else
            update(valid);
        }
      }
      barrier.wait(team);
    }
  }
}

RONDO_DEFINED_ONCE void lstm_forward(Sequences sequences, View<float> gates, View<const float> weight, LstmState initial,
                                     View<float> h, View<float> c, LstmStateTarget final, Arena& arena) {
  check_lstm(sequences, gates, weight, h, c);
  const Index width = weight.columns;
  Arena::Mark mark{arena};
  float* zero = arena.take<float>(width);
  std::fill_n(zero, width, 0.0F);
  const LockStep lock_step{sequences, arena};
  if (lock_step.steps() == 1)
    lstm_one_token(sequences, gates, weight, initial, h, c, zero, arena);
  else
    lstm_steps(lock_step, gates, weight, initial, h, c, zero, arena);
  zero_padding(sequences, h);
  zero_padding(sequences, c);
  for (Index s = 0; s < lock_step.count(); ++s) {
    const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
    const auto last = [&](View<const float> states, View<const float> start) -> const float* {
      if (sequence.length > 0) return states.row(sequence.begin + sequence.length - 1);
      return start ? start.row(s) : zero;
    };
    if (final.h) std::copy_n(last(h, initial.h), width, final.h.row(s));
    if (final.c) std::copy_n(last(c, initial.c), width, final.c.row(s));
  }
}

// h_previous [tokens, H] = the state before each token: what dW_hh += da^T h_previous needs. Zero in rows of no sequence.
RONDO_DEFINED_ONCE void previous_rows(Sequences sequences, View<const float> h, View<const float> initial, View<float> previous) {
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

}  // namespace rondo
