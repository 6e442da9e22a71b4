// Diagonal linear recurrence, forward and backward.
//
//   h_t = exp(g_t) h_{t-1} + x_t
//   dx_t = d_h_t + s_{t+1},   s_t = exp(g_t) dx_t,   dg_t = s_t h_{t-1};   s_{T+1} = d_final,  d_initial = s_1
//
// Shapes and contract: rondo/recurrence/diagonal.hpp; here d_h and dx may be the same memory. Threads own channels. Each of g, x and h
// goes through the processor once: the row before is still in its cache.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/recurrence/diagonal.hpp>

namespace rondo {

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<Diagonal>& pass, Arena&) {
  const View<const float> g = pass.in.g, x = pass.in.x;
  const View<float> h = pass.out.h, initial = or_none(pass.carried.initial).memory, final = or_none(pass.carried.final).memory;
  zero_padding(pass.sequences, h);
  each_column_range(h.rows, h.columns, [&](Index begin, Index end) {
    for (Index s = 0; s < std::ssize(pass.sequences); ++s) {
      const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
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

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<Diagonal>& pass, Arena& scratch) {
  const View<const float> g = pass.in.g, h = pass.out.h, d_h = pass.d_out.h;
  const View<float> dg = pass.d_in.g, dx = pass.d_in.x, initial = or_none(pass.carried.initial).memory;
  const View<float> d_final = or_none(pass.carried.d_final).memory, d_initial = or_none(pass.carried.d_initial).memory;
  zero_padding(pass.sequences, dg);
  zero_padding(pass.sequences, dx);
  const Arena::Mark mark{scratch};
  float* zero = scratch.take<float>(2 * h.columns);  // the state before a fresh sequence
  float* carried = zero + h.columns;               // s_t
  std::fill_n(zero, h.columns, 0.0F);
  each_column_range(h.rows, h.columns, [&](Index begin, Index end) {
    for (Index s = 0; s < std::ssize(pass.sequences); ++s) {
      const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
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
