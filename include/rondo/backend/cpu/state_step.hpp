// One token of a recurrence whose state is a matrix a head: decoding.
//
//   S = diag(decay) S + key v^T      o = S^T query          one head; decay, key, query [K], v, o [V], S [K, V]
//
// The state is read and written once, in place where `before` and `after` are the same memory. `before` without data is a zero
// state, `after` without data is not wanted.
#pragma once

#include <rondo/backend/cpu/lanes.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// What one row of the state meets.
struct StateRow {
  float decay, key, query;
};

// Columns [0, Registers lane_count) of the state and the output; row(i): the StateRow of row i.
template <Index Registers, class Row>
void state_step_columns(const Row& row, const float* v, Index key_width, View<const float> before, View<float> after, float* o) {
  Lanes value[Registers], sum[Registers] = {};
  unrolled<Registers>([&](auto r) { value[r] = load_lanes(v + r * lane_count); });
  for (Index i = 0; i < key_width; ++i) {
    const StateRow here = row(i);
    const Lanes decay = all_lanes(here.decay), key = all_lanes(here.key), query = all_lanes(here.query);
    unrolled<Registers>([&](auto r) {
      Lanes state = key * value[r];
      if (before) state += decay * load_lanes(before.row(i) + r * lane_count);
      if (after) store_lanes(after.row(i) + r * lane_count, state);
      sum[r] += query * state;
    });
  }
  unrolled<Registers>([&](auto r) { store_lanes(o + r * lane_count, sum[r]); });
}

template <class Row>
void state_step(const Row& row, const float* v, Index key_width, Index value_width, View<const float> before, View<float> after,
                float* o) {
  constexpr Index wide = 8;
  const auto from = [](auto state, Index column) {
    if (state) state.data += column;
    return state;
  };
  Index column = 0;
  for (; column + wide * lane_count <= value_width; column += wide * lane_count)
    state_step_columns<wide>(row, v + column, key_width, from(before, column), from(after, column), o + column);
  for (; column + lane_count <= value_width; column += lane_count)
    state_step_columns<1>(row, v + column, key_width, from(before, column), from(after, column), o + column);
  for (; column < value_width; ++column) {
    float sum = 0;
    for (Index i = 0; i < key_width; ++i) {
      const StateRow here = row(i);
      const float state = here.key * v[column] + (before ? here.decay * before(i, column) : 0.0F);
      if (after) after(i, column) = state;
      sum += here.query * state;
    }
    o[column] = sum;
  }
}

}  // namespace rondo
