// Cross-entropy and log probabilities of rows of logits (contracts: rondo/backend/options.hpp), a team a row. All in float32; logits are
// read as they are stored and become their gradient in place.
#pragma once

#include <rondo/backend/kernel/elementwise.hpp>

namespace rondo::kernel {

// A row's capped logits, their largest and the logarithm of the sum of their exponentials.
template <class T>
struct LogitsRow {
  const T* logits;
  int count;
  float cap;
  RONDO_ANYWHERE float operator()(int v) const {
    const float z = number(logits[v]);
    return cap > 0 ? cap * hyperbolic_tangent(z / cap) : z;
  }
  template <class Team>
  RONDO_KERNEL float log_sum(Team& team) const {
    const float highest = team.maximum(count, [&](int v) { return (*this)(v); });
    return highest + logarithm(team.sum(count, [&](int v) { return exponential((*this)(v) - highest); }));
  }
};

template <class T>
struct CrossEntropyRows {
  static constexpr int threads = 256;
  View<T> logits;
  Tokens labels;
  View<float> losses;
  float cap, smoothing, z_loss, weight;

  template <class Team>
  using Memory = NoMemory;
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int row = team.number(), count = static_cast<int>(logits.columns), label = labels(0, row);
    const LogitsRow<T> z{logits.row(row), count, cap};
    if (!has_label(label)) {
      team.each(count, [&](int v) { store(logits(row, v), 0.0F); });
      team.each(static_cast<int>(losses.rows), [&](int part) { losses(part, row) = 0; });
      return;
    }
    const float share = smoothing / static_cast<float>(count), lse = z.log_sum(team);
    const float mean = smoothing > 0 ? team.sum(count, [&](int v) { return z(v) * share; }) : 0.0F;
    team.each(1, [&](int) {
      losses(0, row) = lse - (1 - smoothing) * z(label) - mean + z_loss * lse * lse;
      if (losses.rows > 1) losses(1, row) = z_loss * (lse * lse);
    });
    team.sync();  // the label's logit is read before it becomes a gradient
    team.each(count, [&](int v) {
      const float capped = z(v);
      float d = exponential(capped - lse) * (1 + 2 * z_loss * lse) - share;
      if (v == label) d -= 1 - smoothing;
      if (cap > 0) d *= 1 - (capped / cap) * (capped / cap);
      store(logits(row, v), d * weight);
    });
  }
};

template <class T>
struct LogProbabilityRows {
  static constexpr int threads = 256;
  View<const T> logits;
  Tokens labels;
  View<float> result;
  float cap;

  template <class Team>
  using Memory = NoMemory;
  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int row = team.number(), label = labels(0, row);
    const LogitsRow<const T> z{logits.row(row), static_cast<int>(logits.columns), cap};
    const float lse = z.log_sum(team);
    team.each(1, [&](int) { result(0, row) = has_label(label) ? z(label) - lse : 0.0F; });
  }
};

}  // namespace rondo::kernel
