// The loops of the Cpu back-end's losses (loss_operations.hpp), compiled once.
//
// A row of logits is taken three times through the cache of one core: maximum, exponentials with their sum, gradient.
#pragma once

#include <algorithm>
#include <cmath>

#include <rondo/backend/cpu/loss_operations.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

inline float row_maximum(const float* z, Index count) {
  float highest = z[0];
#pragma omp simd reduction(max : highest)
  for (Index v = 0; v < count; ++v) highest = z[v] > highest ? z[v] : highest;
  return highest;
}
inline void cap_row(float* z, Index count, float cap) {
#pragma omp simd
  for (Index v = 0; v < count; ++v) z[v] = cap * hyperbolic_tangent(z[v] / cap);
}

RONDO_DEFINED_ONCE void CpuLosses::cross_entropy(Output logits, Tokens labels, double soft_cap_at, const CrossEntropyOptions& options,
                                                 double weight, Output losses) {
  const auto smoothing = static_cast<float>(options.label_smoothing), z_loss = static_cast<float>(options.z_loss);
  const auto cap = static_cast<float>(soft_cap_at), factor = static_cast<float>(weight);
  const Index V = logits.columns;
  const float share = smoothing / static_cast<float>(V);
  each_row_range(logits.rows, V, [&](Index first, Index last) {
    for (Index t = first; t < last; ++t) {
      float* z = logits.row(t);
      const Token label = labels(0, t);
      if (!has_label(label)) {
        for (Index r = 0; r < losses.rows; ++r) losses(r, t) = 0;
        std::fill_n(z, V, 0.0F);
        continue;
      }
      if (cap > 0) cap_row(z, V, cap);
      const float highest = row_maximum(z, V);
      float sum = 0, total = 0;
      if (smoothing > 0)
#pragma omp simd reduction(+ : total)
        for (Index v = 0; v < V; ++v) total += z[v];
      const float at_label = z[label];
      if (cap > 0) {  // the capped logits are needed again: exponentials twice
#pragma omp simd reduction(+ : sum)
        for (Index v = 0; v < V; ++v) sum += exponential(z[v] - highest);
      } else {
#pragma omp simd reduction(+ : sum)
        for (Index v = 0; v < V; ++v) {
          z[v] = exponential(z[v] - highest);
          sum += z[v];
        }
      }
      const float lse = highest + std::log(sum);
      losses(0, t) = lse - (1 - smoothing) * at_label - share * total + z_loss * lse * lse;
      if (losses.rows > 1) losses(1, t) = z_loss * (lse * lse);  // no product in common: the sum above is rounded once
      const float scale = factor * (1 + 2 * z_loss * lse) / sum, less = factor * share, label_part = factor * (1 - smoothing);
      if (cap > 0) {
        const float label_slope = 1 - (at_label / cap) * (at_label / cap);
#pragma omp simd
        for (Index v = 0; v < V; ++v) {
          const float ratio = z[v] / cap;
          z[v] = (exponential(z[v] - highest) * scale - less) * (1 - ratio * ratio);
        }
        z[label] -= label_part * label_slope;
      } else {
#pragma omp simd
        for (Index v = 0; v < V; ++v) z[v] = z[v] * scale - less;
        z[label] -= label_part;
      }
    }
  });
}

RONDO_DEFINED_ONCE void CpuLosses::log_probability(Input logits, Tokens labels, double soft_cap_at, Output result) {
  const auto cap = static_cast<float>(soft_cap_at);
  const Index V = logits.columns;
  each_row_range(logits.rows, V, [&](Index first, Index last) {
    for (Index t = first; t < last; ++t) {
      const float* z = logits.row(t);
      if (!has_label(labels(0, t))) {
        result(0, t) = 0;
        continue;
      }
      const auto capped = [&](float x) { return cap > 0 ? cap * std::tanh(x / cap) : x; };
      const float highest = capped(row_maximum(z, V));
      float sum = 0;
      if (cap > 0) {
#pragma omp simd reduction(+ : sum)
        for (Index v = 0; v < V; ++v) sum += exponential(cap * hyperbolic_tangent(z[v] / cap) - highest);
      } else {
#pragma omp simd reduction(+ : sum)
        for (Index v = 0; v < V; ++v) sum += exponential(z[v] - highest);
      }
      result(0, t) = capped(z[labels(0, t)]) - highest - std::log(sum);
    }
  });
}

}  // namespace rondo
