// Gated outer-product recurrence with a decay per key channel (GLA, HGRN2), forward, in chunks.
//
//   S_t = diag(exp g_t) S_{t-1} + outer(k_t, v_t)        o_t = c S_t^T q_t
//   chunk of n rows, S0 its first state:   O = (Q * decay) S0 + A V     S = diag(whole decay) S0 + keys^T V
//
//   q, k, g [tokens, heads K], v, o [tokens, heads V]; g = log decay <= 0; initial, final [sequences, heads K V], row s for
//   sequence s. Views may be columns of wider matrices. `initial` without data is a zero state, `final` without data is not
//   wanted; both may be the same memory.
//
// Writes o (zero in rows that no sequence covers) and final. Parallel over sequences and heads. Sequences of one token take the
// direct step. Yang et al. 2024 ("Gated Linear Attention Transformers"), equation 4 and section 4; Qin et al. 2024 (HGRN2).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/outer_product_chunk.hpp>
#include <rondo/backend/cpu/outer_product_step.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

// One sequence, one head; `state` [K, V] is scratch.
inline void outer_product_forward_head(const OuterProductInputs& inputs, float scale, View<float> o, View<const float> initial,
                                       View<float> final, OuterProductChunk& chunk, View<float> state) {
  if (initial)
    std::copy_n(initial.data, initial.size(), state.data);
  else
    std::fill_n(state.data, state.size(), 0.0f);
  const Index length = o.rows;
  for (Index begin = 0; begin < length; begin += chunk_rows) {
    const Index rows = std::min(chunk_rows, length - begin);
    const OuterProductInputs here = inputs.rows(begin, rows);
    const View<float> output = o.middle_rows(begin, rows);
    chunk.load(here, scale);
    chunk.form_scores();
    chunk.decay_queries(chunk.prefix);
    small_product(chunk.all(chunk.prefix), Transpose::no, state, Transpose::no, output);
    for (Index number = 0; number < chunk.subchunks(); ++number) {
      const Index s = chunk.begin(number), e = chunk.end(number);
      small_product(chunk.scores_of(number), Transpose::no, here.v.middle_rows(0, e), Transpose::no, output.middle_rows(s, e - s),
                    1, 1);
    }
    if (final || begin + rows < length) chunk.advance(state, here.v);
  }
  if (final) std::copy_n(state.data, state.size(), final.data);
}

RONDO_DEFINED_ONCE void outer_product_forward(Sequences sequences, const OuterProductSizes& sizes, View<const float> q,
                                              View<const float> k, View<const float> g, View<const float> v, View<float> o,
                                              View<const float> initial, View<float> final, Arena& scratch) {
  zero_padding(sequences, o);
  const Index K = sizes.key_width, V = sizes.value_width, tasks = std::ssize(sequences) * sizes.heads;
  const Index longest = longest_sequence(sequences);
  const Index threads = longest * tasks * K * V < 65536 ? 1 : std::min(tasks, thread_count());
  const Arena::Mark mark{scratch};
  OuterProductChunk* chunks = nullptr;
  float* states = nullptr;
  const bool chunked = std::any_of(sequences.begin(), sequences.end(), [](const Sequence& one) { return one.length != 1; });
  if (chunked) {
    chunks = scratch.take<OuterProductChunk>(threads);
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = OuterProductChunk(sizes, scratch);
    states = scratch.take<float>(threads * K * V);
  }
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index number = task / sizes.heads, head = task % sizes.heads;
    const Sequence& sequence = sequences[static_cast<std::size_t>(number)];
    const OuterProductInputs inputs = OuterProductInputs{q, k, g, v}.rows(sequence.begin, sequence.length).head(sizes, head);
    const View<float> output = o.middle_rows(sequence.begin, sequence.length).middle_columns(head * V, V);
    const View<const float> first = head_state(initial, number, sizes, head);
    const View<float> last = head_state(final, number, sizes, head);
    if (sequence.length == 1) {
      outer_product_step(inputs.q.data, inputs.k.data, inputs.g.data, inputs.v.data, K, V, sizes.scale, first, last, output.data);
    } else {
      const Index thread = thread_number();
      outer_product_forward_head(inputs, sizes.scale, output, first, last, chunks[thread], {states + thread * K * V, K, V});
    }
  }
}

}  // namespace rondo
