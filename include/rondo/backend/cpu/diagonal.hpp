// Diagonal linear recurrence, forward and backward.
//
//   h_t = exp(g_t) h_{t-1} + x_t
//   dx_t = d_h_t + s_{t+1},   s_t = exp(g_t) dx_t,   dg_t = s_t h_{t-1};   s_{T+1} = d_final,  d_initial = s_1
//
//   g, x, h, d_h, dg, dx [tokens, width]; g <= 0; initial, d_final, final, d_initial [sequences, width], row s for sequence s. An
//   initial state or a gradient of a final one without data is zero; final and d_initial without data are not wanted; initial and
//   final may be the same memory, and so may d_h and dx.
//
// Writes h, dg and dx (zero in rows that no sequence covers), final and d_initial. Threads own channels. Each of g, x and h goes
// through the processor once: the row before is still in its cache. Throws Error where the sizes disagree.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/vector_math.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void check_diagonal(View<const float> g, View<const float> x, View<const float> h) {
  require(g.rows == h.rows && g.columns == h.columns && x.rows == h.rows && x.columns == h.columns,
          "diagonal recurrence: log decays [", g.rows, ", ", g.columns, "] and inputs [", x.rows, ", ", x.columns,
          "] for states [", h.rows, ", ", h.columns, "]");
}

RONDO_DEFINED_ONCE void diagonal_forward(Sequences sequences, View<const float> g, View<const float> x, View<float> h,
                                         View<const float> initial, View<float> final) {
  check_diagonal(g, x, h);
  zero_padding(sequences, h);
  each_column_range(h.rows, h.columns, [&](Index begin, Index end) {
    for (Index s = 0; s < std::ssize(sequences); ++s) {
      const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
      const float* before = initial ? initial.row(s) : nullptr;
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t) {
        const float *log_decay = g.row(t), *input = x.row(t);
        float* to = h.row(t);
        if (before) {
#pragma omp simd
          for (Index i = begin; i < end; ++i) to[i] = exponential(log_decay[i]) * before[i] + input[i];
        } else {
          std::copy(input + begin, input + end, to + begin);
        }
        before = to;
      }
      if (!final || before == final.row(s)) continue;
      if (before)
        std::copy(before + begin, before + end, final.row(s) + begin);
      else
        std::fill(final.row(s) + begin, final.row(s) + end, 0.0F);
    }
  });
}

RONDO_DEFINED_ONCE void diagonal_backward(Sequences sequences, View<const float> g, View<const float> h, View<const float> d_h,
                                          View<const float> initial, View<const float> d_final, View<float> dg, View<float> dx,
                                          View<float> d_initial, Arena& arena) {
  check_diagonal(g, d_h, h);
  zero_padding(sequences, dg);
  zero_padding(sequences, dx);
  const Arena::Mark mark{arena};
  float* zero = arena.take<float>(2 * h.columns);  // the state before a fresh sequence
  float* carried = zero + h.columns;               // s_t
  std::fill_n(zero, h.columns, 0.0F);
  each_column_range(h.rows, h.columns, [&](Index begin, Index end) {
    for (Index s = 0; s < std::ssize(sequences); ++s) {
      const Sequence& sequence = sequences[static_cast<std::size_t>(s)];
      const float* last = d_final ? d_final.row(s) : zero;
      std::copy(last + begin, last + end, carried + begin);
      for (Index t = sequence.begin + sequence.length - 1; t >= sequence.begin; --t) {
        const float *log_decay = g.row(t), *d_here = d_h.row(t);
        const float* before = t > sequence.begin ? h.row(t - 1) : initial ? initial.row(s) : zero;
        float *d_decay = dg.row(t), *d_input = dx.row(t);
#pragma omp simd
        for (Index i = begin; i < end; ++i) {
          const float d = d_here[i] + carried[i], back = d * exponential(log_decay[i]);
          d_input[i] = d;
          d_decay[i] = back * before[i];
          carried[i] = back;
        }
      }
      if (d_initial) std::copy(carried + begin, carried + end, d_initial.row(s) + begin);
    }
  });
}

}  // namespace rondo
