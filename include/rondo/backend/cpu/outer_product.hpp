// Gated outer-product recurrence with a decay per key channel (GLA, HGRN2), forward, in chunks.
//
//   S_t = diag(exp g_t) S_{t-1} + outer(k_t, v_t)        o_t = c S_t^T q_t
//   chunk of n rows, S0 its first state:   O = (Q * decay) S0 + A V     S = diag(whole decay) S0 + keys^T V
//
// Shapes and contract: rondo/recurrence/outer_product.hpp. Views may be columns of wider matrices.
//
// Parallel over sequences and heads, and over chunks where there are twice as many threads as those; results do not depend on the number of
// threads. Sequences of one token take the direct step. Yang et al. 2024 ("Gated Linear Attention Transformers"), equation 4 and
// section 4; Qin et al. 2024 (HGRN2).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/outer_product_chunk.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>
#include <rondo/backend/cpu/state_step.hpp>

namespace rondo {

// o of one chunk whose first state is `state`.
inline void outer_product_chunk_outputs(OuterProductChunk& chunk, const OuterProduct::Inputs<View<const float>>& in,
                                        View<const float> state, View<float> o) {
  chunk.load(in);
  chunk.form_scores(chunk.queries);
  chunk.decay_from_start(chunk.queries.decayed, chunk.prefix);
  chunk.product(chunk.all(chunk.prefix), Transpose::no, state, Transpose::no, o);
  for (Index part = 0; part < chunk.subchunks(); ++part) {
    const Index s = chunk.begin(part), e = chunk.end(part);
    chunk.product(chunk.scores_of(chunk.queries, part), Transpose::no, in.v.middle_rows(0, e), Transpose::no,
                  o.middle_rows(s, e - s), 1, 1);
  }
}

// One sequence, one head; `state` [K, V] is scratch.
inline void outer_product_forward_head(const CpuForward<OuterProduct>& pass, const Sequence& sequence, Index head,
                                       View<const float> initial, View<float> final, OuterProductChunk& chunk, View<float> state) {
  copy_or_zero(initial, state);
  for (Index number = 0; number < chunks_of(sequence.length); ++number) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    const auto in = head_rows(pass.tag, pass.in, head, sequence.begin + begin, rows);
    outer_product_chunk_outputs(chunk, in, state,
                                pass.out.o.middle_rows(sequence.begin + begin, rows).middle_columns(head * state.columns, state.columns));
    if (final || begin + rows < sequence.length) chunk.advance(state, in.v);
  }
  if (final) std::copy_n(state.data, state.size(), final.data);
}

// One sequence whose heads are fewer than threads: what each chunk brings, then the states one after the other, then all outputs.
inline void outer_product_forward_chunks(const CpuForward<OuterProduct>& pass, Index s, Index threads, OuterProductChunk* work,
                                         Arena& scratch) {
  const OuterProduct& p = pass.tag;
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  const Index K = p.key_width, V = p.value_width, size = K * V, chunks = chunks_of(sequence.length), tasks = chunks * p.heads;
  const Arena::Mark mark{scratch};
  float *states = scratch.take<float>((chunks + 1) * p.heads * size), *decays = scratch.take<float>(tasks * K);
  float* decayed = scratch.take<float>(p.heads * size);
  const auto state = [&](Index head, Index chunk) { return View<float>{states + (head * (chunks + 1) + chunk) * size, K, V}; };
  const auto inputs = [&](Index head, Index number) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    return head_rows(p, pass.in, head, sequence.begin + begin, rows);
  };
  each_task(tasks, threads, [&](Index thread, Index task) {
    const Index head = task / chunks, number = task % chunks;
    const auto in = inputs(head, number);
    work[thread].load({{}, in.k, in.g, in.v});
    work[thread].bring_keys(state(head, number + 1), in.v, 0);
    std::copy_n(work[thread].whole_decay(), K, decays + task * K);
  });
  each_part(p.heads * K, 1, tasks * size, [&](Index first, Index last) {
    for (Index row = first; row < last; ++row) {
      const Index head = row / K, i = row % K;
      const View<const float> initial = head_state(or_none(pass.carried.initial).memory, s, p, head);
      const View<float> final = head_state(or_none(pass.carried.final).memory, s, p, head);
      copy_or_zero(initial ? initial.middle_rows(i, 1) : initial, state(head, 0).middle_rows(i, 1));
      for (Index number = 0; number < chunks; ++number) {  // rounded as one after the other
        scale_row(decays[(head * chunks + number) * K + i], state(head, number).row(i), decayed + row * V, V);
        add_row(1, decayed + row * V, state(head, number + 1).row(i), V);
      }
      if (final) std::copy_n(state(head, chunks).row(i), V, final.row(i));
    }
  });
  each_task(tasks, threads, [&](Index thread, Index task) {
    const Index head = task / chunks, number = task % chunks;
    const auto [begin, rows] = chunk_of(sequence.length, number);
    outer_product_chunk_outputs(work[thread], inputs(head, number), state(head, number),
                                pass.out.o.middle_rows(sequence.begin + begin, rows).middle_columns(head * V, V));
  });
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<OuterProduct>& pass, Arena& scratch) {
  const OuterProduct& p = pass.tag;
  zero_padding(pass.sequences, pass.out.o);
  const Index K = p.key_width, V = p.value_width, tasks = std::ssize(pass.sequences) * p.heads;
  const bool apart = 2 * tasks <= head_threads(pass.sequences, p, thread_count()) && longest_sequence(pass.sequences) > chunk_rows;
  const Index threads = head_threads(pass.sequences, p, apart ? thread_count() : tasks);
  const Arena::Mark mark{scratch};
  OuterProductChunk* chunks = nullptr;
  float* states = nullptr;
  if (any_longer_than_one(pass.sequences)) {
    chunks = scratch.take<OuterProductChunk>(threads);
    for (Index thread = 0; thread < threads; ++thread) chunks[thread] = OuterProductChunk(K, p.scale, pass.precision, scratch);
    states = scratch.take<float>(threads * K * V);
  }
  const auto one_head = [&](Index thread, Index number, Index head) {
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const View<const float> first = head_state(or_none(pass.carried.initial).memory, number, p, head);
    const View<float> last = head_state(or_none(pass.carried.final).memory, number, p, head);
    if (sequence.length != 1)
      return outer_product_forward_head(pass, sequence, head, first, last, chunks[thread], {states + thread * K * V, K, V});
    const auto in = head_rows(p, pass.in, head, sequence.begin, 1);
    state_step([&, scale = static_cast<float>(p.scale)](Index i) {
      return StateRow{.decay = exponential(in.g.data[i]), .key = in.k.data[i], .query = scale * in.q.data[i]};
    }, in.v.data, K, V, first, last, pass.out.o.row(sequence.begin) + head * V);
  };
  if (!apart) return each_head_of(pass.sequences, p.heads, threads, one_head);
  for (Index s = 0; s < std::ssize(pass.sequences); ++s)
    if (pass.sequences[static_cast<std::size_t>(s)].length > chunk_rows)
      outer_product_forward_chunks(pass, s, threads, chunks, scratch);
    else
      each_task(p.heads, threads, [&](Index thread, Index head) { one_head(thread, s, head); });
}

}  // namespace rondo
