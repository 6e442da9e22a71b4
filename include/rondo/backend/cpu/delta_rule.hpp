// Delta rule, forward, in chunks (equations in rondo/recurrence/delta_rule.hpp, names in delta_rule_chunk.hpp).
//
//   E = V - reads S - M U,  U = diag(beta) E,      O = queries S + A U,      S = diag(whole decay) S + keys^T U
//
// Shapes and contract: rondo/recurrence/delta_rule.hpp. Views may be columns of wider matrices.
//
// Parallel over sequences and heads, and over columns of values where heads are fewer than threads. Sequences of one token take the direct
// step. Yang et al. 2024 ("Parallelizing linear transformers with the delta rule over sequence length"), section 3.
#pragma once

#include <rondo/backend/cpu/delta_rule_chunk.hpp>
#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/state_step.hpp>

namespace rondo {

// Memory of one thread.
template <class Chunk>
struct DeltaRuleForward {
  DeltaRuleForward() = default;
  DeltaRuleForward(const DeltaRule& p, Precision precision, Arena& arena) : chunk(p, precision, arena), product{precision} {
    const Index padded = padded_width(p.value_width);
    from_state = arena.take<float>(2 * chunk_rows * padded);
    for (float** array : {&errors, &u}) *array = arena.take<float>(chunk_rows * padded);
    state = arena.take<float>(p.key_width * p.value_width);
  }
  Chunk chunk;
  TileProduct product;
  float *from_state = nullptr, *errors = nullptr, *u = nullptr, *state = nullptr;
};

// One sequence, some columns of one head's values.
template <class Chunk>
void delta_rule_forward_head(DeltaRuleForward<Chunk>& work, const CpuForward<DeltaRule>& pass, const Sequence& sequence, Index head,
                             Range columns, View<const float> initial, View<float> final) {
  const DeltaRule& p = pass.tag;
  const Index V = columns.end - columns.begin, padded = padded_width(V);
  const View<float> state{work.state, p.key_width, V};
  bool zero = !initial;
  copy_or_zero(initial, state);
  for (Index number = 0; number < chunks_of(sequence.length); ++number, zero = false) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    DeltaRows in = head_rows(p, pass.in, head, sequence.begin + begin, rows);
    in.v = in.v.middle_columns(columns.begin, V);
    const View<float> output =
        pass.out.o.middle_rows(sequence.begin + begin, rows).middle_columns(head * p.value_width + columns.begin, V);
    const View<float> u{work.u, rows, V, padded}, from_state{work.from_state, 2 * rows, V, padded};
    work.chunk.load(in);
    form_errors(work.chunk, work.product, in, zero ? View<float>{} : state, from_state, {work.errors, rows, V, padded}, u);
    if (!zero) copy_or_zero(from_state.middle_rows(0, rows), output);
    each_triangle_block(rows, [&, zero](Index from, Index end, bool) {
      work.product(work.chunk.scores().middle_rows(from, end - from).middle_columns(0, end), Transpose::no, u.middle_rows(0, end),
                   output.middle_rows(from, end - from), 1, !zero);
    });
    if (final || begin + rows < sequence.length) work.chunk.advance(state, u);
  }
  if (final) copy_or_zero(state, final);
}

// One token of one head; `error` [V] is scratch.
inline void delta_rule_step(const DeltaRule& p, const DeltaRows& in, View<const float> before, View<float> after, float* o, float* error) {
  const Index K = p.key_width, V = p.value_width;
  const auto decay = [&](Index i) { return p.decays > 0 ? exponential(in.g.data[p.decays == 1 ? 0 : i]) : 1.0F; };
  std::copy_n(in.v.data, V, error);
  if (before) {
    state_step([&](Index i) { return StateRow{.decay = decay(i), .key = 0, .query = in.k.data[i]}; }, in.v.data, K, V, before, {}, o);
    add_row(-1, o, error, V);
  }
  state_step([&, beta = *in.beta.data, scale = static_cast<float>(p.scale)](Index i) {
    return StateRow{.decay = decay(i), .key = beta * in.k.data[i], .query = scale * in.q.data[i]};
  }, error, K, V, before, after, o);
}

template <class Chunk>
void delta_rule_forward(const CpuForward<DeltaRule>& pass, Arena& scratch) {
  const DeltaRule& p = pass.tag;
  zero_padding(pass.sequences, pass.out.o);
  const Index V = p.value_width, heads = std::ssize(pass.sequences) * p.heads, parts = value_parts(V, heads);
  const Index threads = head_threads(pass.sequences, p, heads * parts);
  const Arena::Mark mark{scratch};
  auto* work = scratch.take<DeltaRuleForward<Chunk>>(threads);
  if (any_longer_than_one(pass.sequences))
    for (Index thread = 0; thread < threads; ++thread) work[thread] = DeltaRuleForward<Chunk>(p, pass.precision, scratch);
  float* errors = scratch.take<float>(threads * V);
  each_task(heads * parts, threads, [&](Index thread, Index task) {
    const Index number = task / parts / p.heads, head = task / parts % p.heads, part = task % parts;
    const Range columns = value_columns(V, parts, part);
    const auto part_of = [&](auto matrix) { return matrix.middle_columns(columns.begin, columns.end - columns.begin); };
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const View<const float> first = head_state(or_none(pass.carried.initial).memory, number, p, head);
    const View<float> last = head_state(or_none(pass.carried.final).memory, number, p, head);
    if (sequence.length != 1)
      delta_rule_forward_head(work[thread], pass, sequence, head, columns, part_of(first), part_of(last));
    else if (part == 0)
      delta_rule_step(p, head_rows(p, pass.in, head, sequence.begin, 1), first, last, pass.out.o.row(sequence.begin) + head * V,
                      errors + thread * V);
  });
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<DeltaRule>& pass, Arena& scratch) {
  (pass.tag.decays > 1 ? delta_rule_forward<ChannelDeltaChunk> : delta_rule_forward<HeadDeltaChunk>)(pass, scratch);
}

}  // namespace rondo
