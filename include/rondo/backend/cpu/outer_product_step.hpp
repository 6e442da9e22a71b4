// One token of the outer-product recurrence: decoding.
//
//   S = diag(exp g) S + outer(k, v)      o = c S^T q          per head; q, k, g [K], v, o [V], S [K, V]
//
// The state is read and written once, in place where `before` and `after` are the same memory. (Yang et al. 2024, eq. 3.)
#pragma once

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/vector_math.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Columns [0, Registers lane_count) of the state and the output.
template <Index Registers>
void step_columns(const float* q, const float* k, const float* g, const float* v, Index key_width, float scale,
                  View<const float> before, View<float> after, float* o) {
  Lanes value[Registers], sum[Registers] = {};
  unrolled<Registers>([&](auto r) { value[r] = load_lanes(v + r * lane_count); });
  for (Index i = 0; i < key_width; ++i) {
    const Lanes decay = all_lanes(exponential(g[i])), key = all_lanes(k[i]), query = all_lanes(scale * q[i]);
    unrolled<Registers>([&](auto r) {
      Lanes state = key * value[r];
      if (before) state += decay * load_lanes(before.row(i) + r * lane_count);
      if (after) store_lanes(after.row(i) + r * lane_count, state);
      sum[r] += query * state;
    });
  }
  unrolled<Registers>([&](auto r) { store_lanes(o + r * lane_count, sum[r]); });
}

// `before` without data is a zero state; `after` without data is not wanted.
inline void outer_product_step(const float* q, const float* k, const float* g, const float* v, Index key_width, Index value_width,
                               float scale, View<const float> before, View<float> after, float* o) {
  constexpr Index wide = 8;
  const auto from = [&](auto state, Index column) {
    if (state) state.data += column;
    return state;
  };
  Index column = 0;
  for (; column + wide * lane_count <= value_width; column += wide * lane_count)
    step_columns<wide>(q, k, g, v + column, key_width, scale, from(before, column), from(after, column), o + column);
  for (; column + lane_count <= value_width; column += lane_count)
    step_columns<1>(q, k, g, v + column, key_width, scale, from(before, column), from(after, column), o + column);
  for (; column < value_width; ++column) {
    float sum = 0;
    for (Index i = 0; i < key_width; ++i) {
      const float state = k[i] * v[column] + (before ? exponential(g[i]) * before(i, column) : 0.0f);
      if (after) after(i, column) = state;
      sum += scale * q[i] * state;
    }
    o[column] = sum;
  }
}

}  // namespace rondo
