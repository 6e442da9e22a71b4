// One token of a recurrence with one decay a head (mLSTM, Mamba-2): decoding.
//
//   S = keep S + write k v^T      o = S^T q          one head; q, k [K], v, o [V], S [K, V]
//
// The state is read and written once, in place where `before` and `after` are the same memory. `before` without data is a zero
// state, `after` without data is not wanted.
#pragma once

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// Columns [0, Registers lane_count) of the state and the output.
template <Index Registers>
void scalar_decay_step_columns(const float* q, const float* k, const float* v, Index key_width, float keep, float write,
                               View<const float> before, View<float> after, float* o) {
  Lanes value[Registers], sum[Registers] = {};
  const Lanes decay = all_lanes(keep);
  unrolled<Registers>([&](auto r) { value[r] = load_lanes(v + r * lane_count); });
  for (Index i = 0; i < key_width; ++i) {
    const Lanes key = all_lanes(write * k[i]), query = all_lanes(q[i]);
    unrolled<Registers>([&](auto r) {
      Lanes state = key * value[r];
      if (before) state += decay * load_lanes(before.row(i) + r * lane_count);
      if (after) store_lanes(after.row(i) + r * lane_count, state);
      sum[r] += query * state;
    });
  }
  unrolled<Registers>([&](auto r) { store_lanes(o + r * lane_count, sum[r]); });
}

inline void scalar_decay_step(const float* q, const float* k, const float* v, Index key_width, Index value_width, float keep,
                              float write, View<const float> before, View<float> after, float* o) {
  constexpr Index wide = 8;
  const auto from = [](auto state, Index column) {
    if (state) state.data += column;
    return state;
  };
  Index column = 0;
  for (; column + wide * lane_count <= value_width; column += wide * lane_count)
    scalar_decay_step_columns<wide>(q, k, v + column, key_width, keep, write, from(before, column), from(after, column), o + column);
  for (; column + lane_count <= value_width; column += lane_count)
    scalar_decay_step_columns<1>(q, k, v + column, key_width, keep, write, from(before, column), from(after, column), o + column);
  for (; column < value_width; ++column) {
    float sum = 0;
    for (Index i = 0; i < key_width; ++i) {
      const float state = write * k[i] * v[column] + (before ? keep * before(i, column) : 0.0F);
      if (after) after(i, column) = state;
      sum += q[i] * state;
    }
    o[column] = sum;
  }
}

}  // namespace rondo
