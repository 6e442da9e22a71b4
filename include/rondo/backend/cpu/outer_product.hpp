// Gated outer-product recurrence with a decay per key channel (GLA, HGRN2), forward, in chunks.
//
//   S_t = diag(exp g_t) S_{t-1} + outer(k_t, v_t)        o_t = c S_t^T q_t
//   chunk of n rows, S0 its first state:   O = (Q * decay) S0 + A V     S = diag(whole decay) S0 + keys^T V
//
// Shapes and contract: rondo/recurrence/outer_product.hpp. Views may be columns of wider matrices.
//
// Parallel over sequences and heads. Sequences of one token take the
// direct step. Yang et al. 2024 ("Gated Linear Attention Transformers"), equation 4 and section 4; Qin et al. 2024 (HGRN2).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/outer_product_chunk.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/state_step.hpp>

namespace rondo {

// One sequence, one head; `state` [K, V] is scratch.
inline void outer_product_forward_head(const OuterProduct::Inputs<View<const float>>& inputs, View<float> o,
                                       View<const float> initial, View<float> final, OuterProductChunk& chunk, View<float> state) {
  if (initial)
    std::copy_n(initial.data, initial.size(), state.data);
  else
    std::fill_n(state.data, state.size(), 0.0f);
  const Index length = o.rows;
  for (Index number = 0; number < chunks_of(length); ++number) {
    const auto [begin, rows] = chunk_of(length, number);
    const auto cut = [begin = begin, rows = rows](auto view) { return view.middle_rows(begin, rows); };
    const View<const float> v = cut(inputs.v);
    const View<float> output = cut(o);
    chunk.load({cut(inputs.q), cut(inputs.k), cut(inputs.g), v});
    chunk.form_scores();
    chunk.decay_queries(chunk.prefix);
    small_product(chunk.all(chunk.prefix), Transpose::no, state, Transpose::no, output);
    for (Index part = 0; part < chunk.subchunks(); ++part) {
      const Index s = chunk.begin(part), e = chunk.end(part);
      small_product(chunk.scores_of(part), Transpose::no, v.middle_rows(0, e), Transpose::no, output.middle_rows(s, e - s), 1, 1);
    }
    if (final || begin + rows < length) chunk.advance(state, v);
  }
  if (final) std::copy_n(state.data, state.size(), final.data);
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<OuterProduct>& pass, Arena& scratch) {
  const OuterProduct& p = pass.tag;
  zero_padding(pass.sequences, pass.out.o);
  const Index K = p.key_width, V = p.value_width;
  const Index threads = head_threads(pass.sequences, p, std::ssize(pass.sequences) * p.heads);
  const Arena::Mark mark{scratch};
  OuterProductChunk* chunks = nullptr;
  float* states = nullptr;
  if (any_longer_than_one(pass.sequences)) {
    chunks = scratch.take<OuterProductChunk>(threads);
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = OuterProductChunk(p, scratch);
    states = scratch.take<float>(threads * K * V);
  }
  each_head_of(pass.sequences, p.heads, threads, [&](Index thread, Index number, Index head) {
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const auto in = head_rows(p, pass.in, head, sequence.begin, sequence.length);
    const View<float> output = pass.out.o.middle_rows(sequence.begin, sequence.length).middle_columns(head * V, V);
    const View<const float> first = head_state(or_none(pass.carried.initial).memory, number, p, head);
    const View<float> last = head_state(or_none(pass.carried.final).memory, number, p, head);
    if (sequence.length != 1) return outer_product_forward_head(in, output, first, last, chunks[thread], {states + thread * K * V, K, V});
    state_step([&, scale = static_cast<float>(p.scale)](Index i) {
      return StateRow{.decay = exponential(in.g.data[i]), .key = in.k.data[i], .query = scale * in.q.data[i]};
    }, in.v.data, K, V, first, last, output.data);
  });
}

}  // namespace rondo
