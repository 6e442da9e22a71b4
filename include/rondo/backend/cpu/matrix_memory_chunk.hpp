// What the forward and the backward pass of the chunked matrix memory share: one chunk of one head (rondo/recurrence/matrix_memory.hpp).
//
//   m_t = max(lf_t + m_{t-1}, i_t),  keep = exp(lf_t + m_{t-1} - m_t) <= 1,  write = exp(i_t - m_t) <= 1
//   scores_ij = c (q_i . k_j) weights_ij         weights, through: scalar_decay_chunk.hpp
//   r_i = sum_j scores_ij + c through_i (q_i . n),   reciprocal_i = 1 / (max(|r_i|, exp(-m_i)) + epsilon)
//   keys_j = weights_nj k_j                      brought to the end of the chunk
//
// n, m: the normaliser and the stabiliser before the chunk.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/scalar_decay_chunk.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/recurrence/matrix_memory.hpp>

namespace rondo {

// One head's part of rows [begin, begin + rows): of inputs, or of their gradients.
template <class V>
[[nodiscard]] MatrixMemory::Inputs<V> head_rows(const MatrixMemory& p, const MatrixMemory::Inputs<V>& x, Index head, Index begin,
                                                Index rows) {
  const auto cut = [&](V view, Index width) { return view.middle_rows(begin, rows).middle_columns(head * width, width); };
  return {cut(x.q, p.key_width), cut(x.k, p.key_width), cut(x.v, p.value_width), cut(x.i, 1), cut(x.f, 1)};
}

// Pointers to one head's state in row s; null where there is none.
template <class T>
struct HeadMemory {
  View<T> memory;         // [K, V]
  T* normaliser = nullptr;  // [K]
  T* stabiliser = nullptr;
  explicit operator bool() const { return static_cast<bool>(memory); }
};
template <class T>
[[nodiscard]] HeadMemory<T> head_memory(const MatrixMemory::State<View<float>>* state, Index s, const MatrixMemory& p, Index head) {
  if (state == nullptr) return {};
  return {head_state(state->memory, s, p, head), state->normaliser.row(s) + head * p.key_width, state->stabiliser.row(s) + head};
}

// `from` without data is a zero state; both may be the same memory.
inline void copy_memory(HeadMemory<const float> from, HeadMemory<float> to, const MatrixMemory& p) {
  if (from && from.memory.data == to.memory.data) return;
  const auto copy = [&](const float* source, Index count, float* target) {
    if (from)
      std::copy_n(source, count, target);
    else
      std::fill_n(target, count, 0.0F);
  };
  copy(from.memory.data, p.key_width * p.value_width, to.memory.data);
  copy(from.normaliser, p.key_width, to.normaliser);
  copy(from.stabiliser, 1, to.stabiliser);
}

// Whether the stabiliser of a state counts as minus infinity.
inline bool is_fresh(const HeadMemory<const float>& state, const MatrixMemory& p) {
  return p.start == MatrixMemory::Start::unbounded &&
         (!state || (*state.stabiliser == 0.0F &&
                     std::all_of(state.normaliser, state.normaliser + p.key_width, [](float x) { return x == 0.0F; })));
}

// One chunk; the memory is taken once and used for every chunk.
struct MatrixMemoryChunk {
  MatrixMemoryChunk() = default;
  MatrixMemoryChunk(const MatrixMemory& p, Arena& arena)
      : key_width(p.key_width), scale(static_cast<float>(p.scale)), epsilon(static_cast<float>(p.epsilon)) {
    for (float** array : {&keep, &write, &stabilisers, &through, &totals, &reciprocals}) *array = arena.take<float>(chunk_rows);
    forgets = arena.take<bool>(chunk_rows);
    weights_memory = arena.take<float>(chunk_rows * chunk_rows);
    scores_memory = arena.take<float>(chunk_rows * chunk_rows);
    keys_memory = arena.take<float>(chunk_rows * key_width);
  }

  [[nodiscard]] View<float> weights() const { return {weights_memory, rows, rows, chunk_rows}; }
  [[nodiscard]] View<float> scores() const { return {scores_memory, rows, rows, chunk_rows}; }
  [[nodiscard]] View<float> keys() const { return {keys_memory, rows, key_width}; }
  [[nodiscard]] float whole_decay() const { return through[rows - 1]; }

  // The gates of a chunk; m: the stabiliser before it. Returns the one after it.
  float open(View<const float> i, View<const float> f, float m, bool fresh) {
    rows = i.rows;
    float logs[chunk_rows];
    for (Index t = 0; t < rows; ++t) {
      logs[t] = f(t, 0);
      write[t] = i(t, 0);
    }
#pragma omp simd
    for (Index t = 0; t < rows; ++t) logs[t] = log_sigmoid(logs[t]);
    for (Index t = 0; t < rows; ++t) {
      const float carried = logs[t] + m;
      forgets[t] = carried >= write[t] && !(fresh && t == 0);
      m = forgets[t] ? carried : write[t];
      stabilisers[t] = m;
      keep[t] = carried - m;
      write[t] -= m;
    }
#pragma omp simd
    for (Index t = 0; t < rows; ++t) {
      keep[t] = exponential(keep[t]);
      write[t] = exponential(write[t]);
    }
    if (fresh) keep[0] = 0;
    decay_weights(keep, write, weights(), through);
    return m;
  }

  // scores, and r and the reciprocal denominators; n without data: a zero state.
  void form_scores(View<const float> q, View<const float> k, const float* n) {
    const View<float> s = scores(), w = weights();
    each_triangle_block(rows, [&](Index begin, Index end, bool) {
      small_product(q.middle_rows(begin, end - begin), Transpose::no, k.middle_rows(0, end), Transpose::yes,
                    s.middle_rows(begin, end - begin).middle_columns(0, end), scale);
    });
    for (Index t = 0; t < rows; ++t) {
      float *row = s.row(t), sum = 0;
      const float* weight = w.row(t);
#pragma omp simd reduction(+ : sum)
      for (Index j = 0; j <= t; ++j) sum += row[j] *= weight[j];
      std::fill(row + t + 1, row + rows, 0.0F);
      if (n) sum += scale * through[t] * row_product(q.row(t), n, key_width);
      totals[t] = sum;
    }
#pragma omp simd
    for (Index t = 0; t < rows; ++t) {
      const float floor = exponential(-stabilisers[t]), size = magnitude(totals[t]);
      reciprocals[t] = 1.0F / (at_least(size, floor) + epsilon);
    }
  }
  void bring_keys_to_end(View<const float> k) {
    const float* weight = weights().row(rows - 1);
    for (Index j = 0; j < rows; ++j) scale_row(weight[j], k.row(j), keys().row(j), key_width);
  }
  // n = decay n + sum of keys; `before` without data is zero, `after` may be its memory.
  void advance_normaliser(const float* before, float* after) const {
    if (before)
      scale_row(whole_decay(), before, after, key_width);
    else
      std::fill_n(after, key_width, 0.0F);
    for (Index j = 0; j < rows; ++j) add_row(1, keys().row(j), after, key_width);
  }

  Index key_width = 0, rows = 0;
  float scale = 1, epsilon = 0;
  float *keep = nullptr, *write = nullptr, *stabilisers = nullptr, *through = nullptr, *totals = nullptr, *reciprocals = nullptr;
  bool* forgets = nullptr;

 private:
  float *weights_memory = nullptr, *scores_memory = nullptr, *keys_memory = nullptr;
};

}  // namespace rondo
