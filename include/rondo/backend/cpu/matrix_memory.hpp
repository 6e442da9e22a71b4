// Matrix memory of mLSTM, forward, in chunks (equations in rondo/recurrence/matrix_memory.hpp, names in matrix_memory_chunk.hpp).
//
//   H = (scores V + c through (Q C)) reciprocal,      C = decay C + keys^T V,   n = decay n + sum of keys
//
// Shapes and contract: rondo/recurrence/matrix_memory.hpp. Views may be columns of wider matrices.
//
// Parallel over sequences and heads, and over columns of values where heads are fewer than threads. Sequences of one token take the direct
// step. Beck et al. 2024 ("xLSTM", appendix B), Beck et al. 2025 ("Tiled Flash Linear Attention", section 3).
#pragma once

#include <rondo/backend/cpu/matrix_memory_step.hpp>
#include <rondo/backend/cpu/padding.hpp>

namespace rondo {

// One sequence, some columns of one head's values; `normaliser` and `state` [K, columns] are scratch. Returns the stabiliser at the end.
inline float matrix_memory_forward_head(MatrixMemoryChunk& chunk, const CpuForward<MatrixMemory>& pass, const Sequence& sequence,
                                        Index head, Range columns, HeadMemory<const float> initial, bool wants_final, View<float> state,
                                        float* normaliser) {
  const MatrixMemory& p = pass.tag;
  const Index length = sequence.length, width = columns.end - columns.begin;
  bool fresh = is_fresh(initial, p), zero = !initial || (fresh && length > 0);
  float m = 0;
  copy_or_zero(zero ? View<const float>{} : initial.memory.middle_columns(columns.begin, width), state);
  if (zero) {
    std::fill_n(normaliser, p.key_width, 0.0F);
  } else {
    std::copy_n(initial.normaliser, p.key_width, normaliser);
    m = *initial.stabiliser;
  }
  for (Index begin = 0; begin < length; begin += chunk_rows) {
    const Index rows = std::min(chunk_rows, length - begin);
    auto in = head_rows(p, pass.in, head, sequence.begin + begin, rows);
    in.v = in.v.middle_columns(columns.begin, width);
    const View<float> output =
        pass.out.h.middle_rows(sequence.begin + begin, rows).middle_columns(head * p.value_width + columns.begin, width);
    m = chunk.open(in.i, in.f, m, fresh);
    chunk.form_scores(in.q, in.k, zero ? nullptr : normaliser);
    if (!zero) {
      small_product(in.q, Transpose::no, state, Transpose::no, output, chunk.scale);
      for (Index t = 0; t < rows; ++t) scale_row(chunk.through[t], output.row(t), output.row(t), width);
    }
    each_triangle_block(rows, [&](Index first, Index end, bool) {
      small_product(chunk.scores().middle_rows(first, end - first).middle_columns(0, end), Transpose::no, in.v.middle_rows(0, end),
                    Transpose::no, output.middle_rows(first, end - first), 1, zero ? 0 : 1);
    });
    for (Index t = 0; t < rows; ++t) scale_row(chunk.reciprocals[t], output.row(t), output.row(t), width);
    if (wants_final || begin + rows < length) {
      chunk.bring_keys_to_end(in.k);
      chunk.advance_normaliser(zero ? nullptr : normaliser, normaliser);
      small_product(chunk.keys(), Transpose::yes, in.v, Transpose::no, state, 1, zero ? 0 : chunk.whole_decay());
    }
    fresh = zero = false;
  }
  return m;
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<MatrixMemory>& pass, Arena& scratch) {
  const MatrixMemory& p = pass.tag;
  zero_padding(pass.sequences, pass.out.h);
  const Index K = p.key_width, V = p.value_width, heads = std::ssize(pass.sequences) * p.heads, parts = value_parts(V, heads);
  const Index threads = head_threads(pass.sequences, p, heads * parts);
  const Arena::Mark mark{scratch};
  auto* chunks = scratch.take<MatrixMemoryChunk>(threads);
  float *states = nullptr, *normalisers = nullptr;
  if (any_longer_than_one(pass.sequences)) {
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = MatrixMemoryChunk(p, scratch);
    states = scratch.take<float>(threads * K * (V + 1));
    normalisers = scratch.take<float>(heads * (K + 1));  // and stabilisers; put in place when all parts have read the first ones
  }
  each_task(heads * parts, threads, [&](Index thread, Index task) {
    const Index number = task / parts / p.heads, head = task / parts % p.heads, part = task % parts;
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const auto first = head_memory<const float>(pass.carried.initial, number, p, head);
    const auto last = head_memory<float>(pass.carried.final, number, p, head);
    if (sequence.length == 1) {
      if (part == 0)
        matrix_memory_step(p, head_rows(p, pass.in, head, sequence.begin, 1), first, last, pass.out.h.row(sequence.begin) + head * V);
      return;
    }
    const Range columns = value_columns(V, parts, part);
    float* normaliser = states + thread * K * (V + 1);
    const View<float> state{normaliser + K, K, columns.end - columns.begin};
    const float m =
        matrix_memory_forward_head(chunks[thread], pass, sequence, head, columns, first, static_cast<bool>(last), state, normaliser);
    if (last) copy_or_zero(state, last.memory.middle_columns(columns.begin, state.columns));
    if (part > 0) return;
    float* at_end = normalisers + task / parts * (K + 1);
    std::copy_n(normaliser, K, at_end);
    at_end[K] = m;
  });
  if (!pass.carried.final) return;
  for (Index task = 0; task < heads; ++task) {
    const Index number = task / p.heads;
    if (pass.sequences[static_cast<std::size_t>(number)].length == 1) continue;
    const auto last = head_memory<float>(pass.carried.final, number, p, task % p.heads);
    std::copy_n(normalisers + task * (K + 1), K, last.normaliser);
    *last.stabiliser = normalisers[task * (K + 1) + K];
  }
}

}  // namespace rondo
