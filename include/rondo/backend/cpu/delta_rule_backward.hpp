// Delta rule, backward, in chunks (equations in rondo/recurrence/delta_rule.hpp, names in delta_rule_chunk.hpp).
//
// With dS the gradient of a chunk's last state and S its first one:
//
//   dU = A^T dO + keys dS - M^T dE,   dE = diag(beta) dU      row after row, from the last;   dV = dE,  dbeta = rowsum(dU * E)
//   both readers:   d reader = D_.j (R S^T) + (R U^T * D) K below the diagonal,   R = dO for q, -dE for k
//   d key = D_n. (U dS^T) + sum over both readers of (R U^T * D)^T reader
//   dg_t = sum_{u >= t} (sum over the readers of reader . d reader - key . d key)_u + <last state, dS>,   u up to the end of the chunk
//   dS = diag(whole decay) dS + queries^T dO - reads^T dE;    dq = c d query,  dk = d read + d key
//
// The terms A_tt cancel in dg and are left out of it. Nothing is saved by the forward pass: the chunk states and E are computed again from
// `initial` and kept in scratch.
//
// Shapes and contract: rondo/recurrence/delta_rule.hpp. Parallel over sequences and heads; heads that share keys have gradients of their
// own, which are then added up in order. Yang et al. 2024, section 3; Yang et al. 2025 ("Gated delta networks"), section 3.3.
#pragma once

#include <rondo/backend/cpu/delta_rule_chunk_backward.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/rowwise.hpp>

namespace rondo {

// Memory of one thread, taken once.
template <class Chunk>
struct DeltaRuleBackward {
  DeltaRuleBackward() = default;
  DeltaRuleBackward(const DeltaRule& p, Index longest, Precision precision, Arena& arena)
      : chunk(p, precision, arena), product{precision} {
    const Index padded = padded_width(p.value_width), size = p.key_width * p.value_width;
    states = arena.take<float>((chunks_of(longest) + 1) * size);
    errors = arena.take<float>(longest * padded);
    d_state = arena.take<float>(size);
    for (float** array : {&u, &d_u, &d_errors}) *array = arena.take<float>(chunk_rows * padded);
    d_read = arena.take<float>(2 * chunk_rows * padded);
  }
  Chunk chunk;
  TileProduct product;
  float *states = nullptr, *errors = nullptr;  // of a sequence: [chunks + 1][K, V], each chunk's first state, the last one's end state; E
  float *d_state = nullptr, *u = nullptr, *d_u = nullptr, *d_errors = nullptr, *d_read = nullptr;
};

// The gradients of one chunk's rows; `state` without data is a zero state.
template <class Chunk>
void delta_rule_backward_chunk(DeltaRuleBackward<Chunk>& work, const DeltaRows& in, View<const float> d_o, View<const float> errors,
                               View<const float> state, ChunkEnd end, const DeltaRule::Inputs<View<float>>& d) {
  Chunk& chunk = work.chunk;
  const Index rows = errors.rows, V = errors.columns, padded = errors.stride;
  const View<float> u{work.u, rows, V, padded}, d_u{work.d_u, rows, V, padded}, d_errors{work.d_errors, rows, V, padded};
  const View<float> d_read{work.d_read, 2 * rows, V, padded};
  float beta[chunk_rows];
  chunk.load(in);
  for (Index t = 0; t < rows; ++t) {
    beta[t] = in.beta(t, 0);
    scale_row(beta[t], errors.row(t), u.row(t), V);
    std::copy_n(d_o.row(t), V, d_read.row(t));
  }
  if (end) chunk.write_gradient(end.d_state, d_u);
  each_triangle_block(rows, [&](Index from, Index to, bool whole) {
    work.product(chunk.scores().middle_rows(from, to - from).middle_columns(0, to), Transpose::yes, d_o.middle_rows(from, to - from),
                 d_u.middle_rows(0, to), 1, !whole || end);
  });
  substitute<Transpose::yes>(work.product, chunk.corrections(), beta, d_u, d_errors);
  for (Index t = 0; t < rows; ++t) {
    d.beta(t, 0) = row_product(d_u.row(t), errors.row(t), V);
    std::copy_n(d_errors.row(t), V, d.v.row(t));
    scale_row(-1, d_errors.row(t), d_read.row(rows + t), V);
  }
  chunk.gradients(d_read, u, state, end, d);
}

// One sequence, one head.
template <class Chunk>
void delta_rule_backward_head(DeltaRuleBackward<Chunk>& work, const CpuGradient<DeltaRule>& pass, Index s, Index head,
                              const DeltaRule& p_of_d, const DeltaRule::Inputs<View<float>>& d) {
  const DeltaRule& p = pass.tag;
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  const Index chunks = chunks_of(sequence.length), K = p.key_width, V = p.value_width, padded = padded_width(V);
  const View<const float> initial = head_state(or_none(pass.carried.initial).memory, s, p, head);
  const View<const float> d_final = head_state(or_none(pass.carried.d_final).memory, s, p, head);
  const View<float> d_initial = head_state(or_none(pass.carried.d_initial).memory, s, p, head), d_state{work.d_state, K, V};
  const auto state = [&](Index number) { return View<float>{work.states + number * K * V, K, V}; };
  const auto errors = [&](Index number, Index rows) { return View<float>{work.errors + number * chunk_rows * padded, rows, V, padded}; };
  const auto is_zero = [&](Index number) { return number == 0 && !initial; };
  copy_or_zero(initial, state(0));
  for (Index number = 0; number < chunks; ++number) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    DeltaRows in = head_rows(p, pass.in, head, sequence.begin + begin, rows);
    in.q = {};
    const View<float> u{work.u, rows, V, padded};
    work.chunk.load(in);
    form_errors(work.chunk, work.product, in, is_zero(number) ? View<float>{} : state(number), {work.d_read, 2 * rows, V, padded},
                errors(number, rows), u);
    if (number + 1 == chunks && !d_final) break;
    copy_or_zero(state(number), state(number + 1));
    work.chunk.advance(state(number + 1), u);
  }
  copy_or_zero(d_final, d_state);
  for (Index number = chunks; number-- > 0;) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    const bool flows = number + 1 < chunks || d_final;
    delta_rule_backward_chunk(work, head_rows(p, pass.in, head, sequence.begin + begin, rows),
                              pass.d_out.o.middle_rows(sequence.begin + begin, rows).middle_columns(head * V, V), errors(number, rows),
                              is_zero(number) ? View<float>{} : state(number), flows ? ChunkEnd{state(number + 1), d_state} : ChunkEnd{},
                              head_rows(p_of_d, d, head, sequence.begin + begin, rows));
    if (number > 0 || d_initial) work.chunk.advance_gradient({work.d_read, 2 * rows, V, padded}, d_state);
  }
  if (d_initial) copy_or_zero(d_state, d_initial);
}

template <class Chunk>
void delta_rule_backward(const CpuGradient<DeltaRule>& pass, Arena& scratch) {
  const DeltaRule& p = pass.tag;
  const Index K = p.key_width, heads = std::ssize(pass.sequences) * p.heads, tokens = pass.in.q.rows;
  const Arena::Mark mark{scratch};
  DeltaRule apart = p;  // each head with gradients of q and k of its own
  apart.groups = p.heads;
  DeltaRule::Inputs<View<float>> d = pass.d_in;
  if (p.groups < p.heads)
    for (View<float>* gradient : {&d.q, &d.k}) *gradient = {scratch.take<float>(tokens * p.heads * K), tokens, p.heads * K};
  for (const View<float>& gradient : {d.q, d.k, d.beta, d.v}) zero_padding(pass.sequences, gradient);
  if (p.decays > 0) zero_padding(pass.sequences, d.g);
  const Index threads = head_threads(pass.sequences, p, heads);
  auto* work = scratch.take<DeltaRuleBackward<Chunk>>(threads);
  for (Index thread = 0; thread < threads; ++thread)
    work[thread] = DeltaRuleBackward<Chunk>(p, longest_sequence(pass.sequences), pass.precision, scratch);
  each_head_of(pass.sequences, p.heads, threads, [&](Index thread, Index number, Index head) {
    delta_rule_backward_head(work[thread], pass, number, head, apart, d);
  });
  if (p.groups == p.heads) return;
  each_row_range(tokens, p.heads * K, [&](Index begin, Index end) {
    for (const auto& [from, to] : {std::pair{d.q, pass.d_in.q}, std::pair{d.k, pass.d_in.k}})
      for (Index t = begin; t < end; ++t) {
        std::fill_n(to.row(t), to.columns, 0.0F);
        for (Index head = 0; head < p.heads; ++head) add_row(1, from.row(t) + head * K, to.row(t) + p.keys_of(head), K);
      }
  });
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<DeltaRule>& pass, Arena& scratch) {
  (pass.tag.decays > 1 ? delta_rule_backward<ChannelDeltaGradient> : delta_rule_backward<HeadDeltaGradient>)(pass, scratch);
}

}  // namespace rondo
