// Matrix memory of mLSTM, forward, in chunks (equations in rondo/recurrence/matrix_memory.hpp, names in matrix_memory_chunk.hpp).
//
//   H = (scores V + c through (Q C)) reciprocal,      C = decay C + keys^T V,   n = decay n + sum of keys
//
//   q, k [tokens, heads K], v, h [tokens, heads V], i, f [tokens, heads]; states: memory [sequences, heads K V], normaliser
//   [sequences, heads K], stabiliser [sequences, heads]. Views may be columns of wider matrices. `initial` without data is a
//   fresh state, `final` without data is not wanted; both may be the same memory.
//
// Writes h (zero in rows that no sequence covers) and final. Parallel over sequences and heads. Sequences of one token take the
// direct step. Beck et al. 2024 ("xLSTM", appendix B), Beck et al. 2025 ("Tiled Flash Linear Attention", section 3).
#pragma once

#include <rondo/backend/cpu/matrix_memory_step.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

// One sequence, one head; `state` [K, V] and `normaliser` are scratch.
inline void matrix_memory_forward_head(MatrixMemoryChunk& chunk, const MatrixMemoryInputs& inputs, View<float> h,
                                       HeadMemory<const float> initial, HeadMemory<float> final, View<float> state,
                                       float* normaliser) {
  const MatrixMemorySizes& sizes = chunk.sizes;
  const Index length = h.rows, K = sizes.key_width, V = sizes.value_width;
  bool fresh = is_fresh(initial, sizes), zero = fresh || !initial;
  float m = 0;
  if (!zero) {
    std::copy_n(initial.memory.data, K * V, state.data);
    std::copy_n(initial.normaliser, K, normaliser);
    m = *initial.stabiliser;
  }
  for (Index begin = 0; begin < length; begin += chunk_rows) {
    const Index rows = std::min(chunk_rows, length - begin);
    const MatrixMemoryInputs in = matrix_memory_rows(inputs, begin, rows);
    const View<float> output = h.middle_rows(begin, rows);
    m = chunk.open(in.i, in.f, m, fresh);
    chunk.form_scores(in.q, in.k, zero ? nullptr : normaliser);
    if (!zero) {
      small_product(in.q, Transpose::no, state, Transpose::no, output, sizes.scale);
      for (Index t = 0; t < rows; ++t) scale_row(chunk.through[t], output.row(t), output.row(t), V);
    }
    each_triangle_block(rows, [&](Index first, Index end, bool) {
      small_product(chunk.scores().middle_rows(first, end - first).middle_columns(0, end), Transpose::no, in.v.middle_rows(0, end),
                    Transpose::no, output.middle_rows(first, end - first), 1, zero ? 0 : 1);
    });
    for (Index t = 0; t < rows; ++t) scale_row(chunk.reciprocals[t], output.row(t), output.row(t), V);
    if (final || begin + rows < length) {
      chunk.bring_keys_to_end(in.k);
      chunk.advance_normaliser(zero ? nullptr : normaliser, normaliser);
      small_product(chunk.keys(), Transpose::yes, in.v, Transpose::no, state, 1, zero ? 0 : chunk.whole_decay());
    }
    fresh = zero = false;
  }
  if (!final) return;
  if (length > 0) {
    std::copy_n(state.data, K * V, final.memory.data);
    std::copy_n(normaliser, K, final.normaliser);
    *final.stabiliser = m;
  } else {
    copy_memory(initial, final, sizes);
  }
}

RONDO_DEFINED_ONCE void matrix_memory_forward(Sequences sequences, const MatrixMemorySizes& sizes,
                                              const MatrixMemoryInputs& inputs, View<float> h, const MatrixMemoryState& initial,
                                              const MatrixMemoryStateTarget& final, Arena& scratch) {
  zero_padding(sequences, h);
  const Index K = sizes.key_width, V = sizes.value_width, tasks = std::ssize(sequences) * sizes.heads;
  const Index threads = longest_sequence(sequences) * tasks * K * V < 65536 ? 1 : std::min(tasks, thread_count());
  const Arena::Mark mark{scratch};
  auto* chunks = scratch.take<MatrixMemoryChunk>(threads);
  float* states = nullptr;
  if (std::any_of(sequences.begin(), sequences.end(), [](const Sequence& one) { return one.length != 1; })) {
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = MatrixMemoryChunk(sizes, scratch);
    states = scratch.take<float>(threads * K * (V + 1));
  }
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index number = task / sizes.heads, head = task % sizes.heads;
    const Sequence& sequence = sequences[static_cast<std::size_t>(number)];
    const MatrixMemoryInputs in = matrix_memory_head(matrix_memory_rows(inputs, sequence.begin, sequence.length), sizes, head);
    const View<float> output = h.middle_rows(sequence.begin, sequence.length).middle_columns(head * V, V);
    const auto first = head_memory(initial.memory, initial.normaliser, initial.stabiliser, number, sizes, head);
    const auto last = head_memory(final.memory, final.normaliser, final.stabiliser, number, sizes, head);
    if (sequence.length == 1) {
      matrix_memory_step(sizes, in, first, last, output.data);
    } else {
      const Index thread = thread_number();
      float* state = states + thread * K * (V + 1);
      matrix_memory_forward_head(chunks[thread], in, output, first, last, {state, K, V}, state + K * V);
    }
  }
}

}  // namespace rondo
