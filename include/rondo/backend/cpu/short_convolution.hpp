// Short causal depthwise convolution of each channel along its sequence.
//
//   y_t[c] = sum over j < W of w[c, j] x_{t-W+1+j}[c];   dx_t = sum over j of w[c, W-1-j] dy_{t+j};   dw[c, j] += sum_t dy_t
//   x_{t-W+1+j}
//
//   x, y, dy, dx [tokens, channels];  w, dw [channels, W];  windows [sequences, (W-1) channels]: the inputs before (after) a
//   sequence, oldest token first (no data: zero, or not wanted); the final window may be the initial one's memory
//
// y, dx, final and d_initial are written, y and dx as zero in rows of no sequence; dw is added to. y is not x's memory.
// Threads own channels. Throws Error where the sizes disagree.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

inline void check_convolution(View<const float> x, View<const float> weight) {
  require(weight.rows == x.columns && weight.columns > 0, "short convolution: weight [", weight.rows, ", ", weight.columns,
          "] for ", x.columns, " channels");
}

// to [W, channels] = weight transposed.
inline float* taps_first(View<const float> weight, Arena& arena) {
  float* to = arena.take<float>(weight.size());
  for (Index c = 0; c < weight.rows; ++c)
    for (Index j = 0; j < weight.columns; ++j) to[j * weight.rows + c] = weight(c, j);
  return to;
}

RONDO_DEFINED_ONCE void short_convolution(Sequences sequences, View<const float> x, View<const float> weight, View<float> y,
                                          View<const float> initial, View<float> final, Arena& arena) {
  check_convolution(x, weight);
  const Index taps = weight.columns, channels = x.columns;
  Arena::Mark mark{arena};
  const float* w = taps_first(weight, arena);
  zero_padding(sequences, y);
  each_column_range(x.rows, channels, [&](Index begin, Index end) {
    for (std::size_t number = 0; number < sequences.size(); ++number) {
      const Sequence& sequence = sequences[number];
      const auto s = static_cast<Index>(number);
      // The input of token t, or of the window before the sequence; null where there is none.
      const auto input = [&](Index t) -> const float* {
        if (t >= 0) return x.row(sequence.begin + t);
        return initial ? initial.row(s) + (t + taps - 1) * channels : nullptr;
      };
      for (Index t = 0; t < sequence.length; ++t) {
        float* to = y.row(sequence.begin + t);
        const float *now = x.row(sequence.begin + t), *last = w + (taps - 1) * channels;
#pragma omp simd
        for (Index c = begin; c < end; ++c) to[c] = last[c] * now[c];
        for (Index j = 0; j < taps - 1; ++j)
          if (const float* from = input(t - taps + 1 + j)) {
            const float* factor = w + j * channels;
#pragma omp simd
            for (Index c = begin; c < end; ++c) to[c] += factor[c] * from[c];
          }
      }
      if (!final) continue;
      for (Index j = 0; j < taps - 1; ++j) {
        const float* from = input(sequence.length - taps + 1 + j);
        float* to = final.row(s) + j * channels;
        for (Index c = begin; c < end; ++c) to[c] = from ? from[c] : 0.0F;
      }
    }
  });
}

RONDO_DEFINED_ONCE void short_convolution_gradient(Sequences sequences, View<const float> x, View<const float> weight,
                                                   View<const float> dy, View<float> dx, View<float> d_weight,
                                                   View<const float> initial, View<const float> d_final, View<float> d_initial,
                                                   Arena& arena) {
  check_convolution(x, weight);
  const Index taps = weight.columns, channels = x.columns;
  Arena::Mark mark{arena};
  const float* w = taps_first(weight, arena);
  float* dw = arena.take<float>(weight.size());  // [W, channels]
  zero_padding(sequences, dx);
  each_column_range(x.rows, channels, [&](Index begin, Index end) {
    for (Index j = 0; j < taps; ++j) std::fill(dw + j * channels + begin, dw + j * channels + end, 0.0F);
    for (std::size_t number = 0; number < sequences.size(); ++number) {
      const Sequence& sequence = sequences[number];
      const auto s = static_cast<Index>(number);
      // The gradient of the input at t (in the window before the sequence where t < 0): what the outputs t .. t+W-1 hand back.
      const auto give = [&](Index t, float* to) {
        std::fill(to + begin, to + end, 0.0F);
        if (const Index j = t - (sequence.length - taps + 1); d_final && j >= 0) {
          const float* from = d_final.row(s) + j * channels;
          for (Index c = begin; c < end; ++c) to[c] = from[c];
        }
        for (Index j = 0; j < taps; ++j) {
          const Index output = t + taps - 1 - j;
          if (output < 0 || output >= sequence.length) continue;
          const float *factor = w + j * channels, *from = dy.row(sequence.begin + output);
#pragma omp simd
          for (Index c = begin; c < end; ++c) to[c] += factor[c] * from[c];
        }
      };
      for (Index t = 0; t < sequence.length; ++t) give(t, dx.row(sequence.begin + t));
      if (d_initial)
        for (Index t = 1 - taps; t < 0; ++t) give(t, d_initial.row(s) + (t + taps - 1) * channels);
      for (Index t = 0; t < sequence.length; ++t) {
        const float* from = dy.row(sequence.begin + t);
        for (Index j = 0; j < taps; ++j) {
          const Index source = t - taps + 1 + j;
          if (source < 0 && !initial) continue;
          const float* input = source >= 0 ? x.row(sequence.begin + source) : initial.row(s) + (source + taps - 1) * channels;
          float* to = dw + j * channels;
#pragma omp simd
          for (Index c = begin; c < end; ++c) to[c] += from[c] * input[c];
        }
      }
    }
    for (Index c = begin; c < end; ++c)
      for (Index j = 0; j < taps; ++j) d_weight(c, j) += dw[j * channels + c];
  });
}

}  // namespace rondo
