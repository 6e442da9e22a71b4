// One token of the matrix memory: decoding.
//
//   C = keep C + write k v^T,   n = keep n + write k,   h = c C^T q / (max(|c n . q|, exp(-m)) + epsilon)      one head
//
// The state is read and written once, in place where `before` and `after` are the same memory (rondo/recurrence/matrix_memory.hpp).
#pragma once

#include <cmath>

#include <rondo/backend/cpu/matrix_memory_chunk.hpp>
#include <rondo/backend/cpu/state_step.hpp>

namespace rondo {

// `in` has one row; `before` without data is a zero state, `after` without data is not wanted.
inline void matrix_memory_step(const MatrixMemory& p, const MatrixMemory::Inputs<View<const float>>& in,
                               HeadMemory<const float> before, HeadMemory<float> after, float* h) {
  const Index K = p.key_width, V = p.value_width;
  const float scale = static_cast<float>(p.scale), epsilon = static_cast<float>(p.epsilon);
  const float *q = in.q.data, *k = in.k.data, *v = in.v.data, i = *in.i.data;
  const bool fresh = is_fresh(before, p);
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

  state_step([=](Index a) { return StateRow{.decay = keep, .key = write * k[a], .query = q[a]}; }, v, K, V, before.memory,
             after.memory, h);
  scale_row(scale / (std::max(std::abs(scale * r), exponential(-m)) + epsilon), h, h, V);
}

}  // namespace rondo
