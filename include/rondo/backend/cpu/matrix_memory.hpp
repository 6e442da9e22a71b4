// Matrix memory of mLSTM, forward, in chunks (equations in rondo/recurrence/matrix_memory.hpp, names in matrix_memory_chunk.hpp).
//
//   H = (scores V + c through (Q C)) reciprocal,      C = decay C + keys^T V,   n = decay n + sum of keys
//
// Shapes and contract: rondo/recurrence/matrix_memory.hpp. Views may be columns of wider matrices.
//
// Parallel over sequences and heads. Sequences of one token take the
// direct step. Beck et al. 2024 ("xLSTM", appendix B), Beck et al. 2025 ("Tiled Flash Linear Attention", section 3).
#pragma once

#include <rondo/backend/cpu/matrix_memory_step.hpp>
#include <rondo/backend/cpu/padding.hpp>

namespace rondo {

// One sequence, one head; `state` [K, V] and `normaliser` are scratch.
inline void matrix_memory_forward_head(MatrixMemoryChunk& chunk, const CpuForward<MatrixMemory>& pass, const Sequence& sequence,
                                       Index head, HeadMemory<const float> initial, HeadMemory<float> final, View<float> state,
                                       float* normaliser) {
  const MatrixMemory& p = pass.tag;
  const Index length = sequence.length, K = p.key_width, V = p.value_width;
  bool fresh = is_fresh(initial, p), zero = fresh || !initial;
  float m = 0;
  if (!zero) {
    std::copy_n(initial.memory.data, K * V, state.data);
    std::copy_n(initial.normaliser, K, normaliser);
    m = *initial.stabiliser;
  }
  for (Index begin = 0; begin < length; begin += chunk_rows) {
    const Index rows = std::min(chunk_rows, length - begin);
    const auto in = head_rows(p, pass.in, head, sequence.begin + begin, rows);
    const View<float> output = pass.out.h.middle_rows(sequence.begin + begin, rows).middle_columns(head * V, V);
    m = chunk.open(in.i, in.f, m, fresh);
    chunk.form_scores(in.q, in.k, zero ? nullptr : normaliser);
    if (!zero) {
      small_product(in.q, Transpose::no, state, Transpose::no, output, chunk.scale);
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
    copy_memory(initial, final, p);
  }
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<MatrixMemory>& pass, Arena& scratch) {
  const MatrixMemory& p = pass.tag;
  zero_padding(pass.sequences, pass.out.h);
  const Index K = p.key_width, V = p.value_width, threads = head_threads(pass.sequences, p, std::ssize(pass.sequences) * p.heads);
  const Arena::Mark mark{scratch};
  auto* chunks = scratch.take<MatrixMemoryChunk>(threads);
  float* states = nullptr;
  if (any_longer_than_one(pass.sequences)) {
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = MatrixMemoryChunk(p, scratch);
    states = scratch.take<float>(threads * K * (V + 1));
  }
  each_head_of(pass.sequences, p.heads, threads, [&](Index thread, Index number, Index head) {
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const auto first = head_memory<const float>(pass.carried.initial, number, p, head);
    const auto last = head_memory<float>(pass.carried.final, number, p, head);
    if (sequence.length == 1) {
      matrix_memory_step(p, head_rows(p, pass.in, head, sequence.begin, 1), first, last, pass.out.h.row(sequence.begin) + head * V);
    } else {
      float* state = states + thread * K * (V + 1);
      matrix_memory_forward_head(chunks[thread], pass, sequence, head, first, last, {state, K, V}, state + K * V);
    }
  });
}

}  // namespace rondo
