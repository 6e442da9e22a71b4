// One token of the matrix memory: decoding.
//
//   C = keep C + write k v^T,   n = keep n + write k,   h = c C^T q / (max(|c n . q|, exp(-m)) + epsilon)      one head
//
// The state is read and written once, in place where `before` and `after` are the same memory (rondo/recurrence/matrix_memory.hpp).
#pragma once

#include <cmath>

#include <rondo/backend/cpu/matrix_memory_chunk.hpp>

namespace rondo {

// Columns [0, Registers lane_count) of the state; `to` = q^T C.
template <Index Registers>
void memory_step_columns(const float* q, const float* k, const float* v, Index key_width, float keep, float write,
                         View<const float> before, View<float> after, float* to) {
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
  unrolled<Registers>([&](auto r) { store_lanes(to + r * lane_count, sum[r]); });
}

// `in` has one row; `before` without data is a zero state, `after` without data is not wanted.
inline void matrix_memory_step(const MatrixMemorySizes& sizes, const MatrixMemoryInputs& in, HeadMemory<const float> before,
                               HeadMemory<float> after, float* h) {
  const Index K = sizes.key_width, V = sizes.value_width;
  const float *q = in.q.data, *k = in.k.data, *v = in.v.data, i = *in.i.data;
  const bool fresh = is_fresh(before, sizes);
  const float carried = log_sigmoid(*in.f.data) + (before ? *before.stabiliser : 0.0F);
  const float m = fresh ? i : std::max(carried, i);
  const float keep = fresh ? 0.0F : exponential(carried - m), write = exponential(i - m);
  float r = 0;
  for (Index a = 0; a < K; ++a) {
    const float n = write * k[a] + (before ? keep * before.normaliser[a] : 0.0F);
    if (after) after.normaliser[a] = n;
    r += n * q[a];
  }
  if (after) *after.stabiliser = m;

  constexpr Index wide = 8;
  const auto from = [](auto state, Index column) {
    if (state) state.data += column;
    return state;
  };
  Index column = 0;
  for (; column + wide * lane_count <= V; column += wide * lane_count)
    memory_step_columns<wide>(q, k, v + column, K, keep, write, from(before.memory, column), from(after.memory, column), h + column);
  for (; column + lane_count <= V; column += lane_count)
    memory_step_columns<1>(q, k, v + column, K, keep, write, from(before.memory, column), from(after.memory, column), h + column);
  for (; column < V; ++column) {
    float sum = 0;
    for (Index a = 0; a < K; ++a) {
      const float state = write * k[a] * v[column] + (before ? keep * before.memory(a, column) : 0.0F);
      if (after) after.memory(a, column) = state;
      sum += q[a] * state;
    }
    h[column] = sum;
  }
  scale_row(sizes.scale / (std::max(std::abs(sizes.scale * r), exponential(-m)) + sizes.epsilon), h, h, V);
}

}  // namespace rondo
