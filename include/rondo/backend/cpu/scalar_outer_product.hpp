// Outer-product recurrence with one decay a head and keys shared by groups of heads (Mamba-2), forward, in chunks.
//
//   S_t = exp(g_t) S_{t-1} + w_t k_t v_t^T        o_t = c S_t^T q_t
//   chunk of n rows, S its first state:   O = c through * (Q S) + (products * weights) V     S = whole S + K^T (to_end * V)
//
// Shapes and contract: rondo/recurrence/scalar_outer_product.hpp; names: scalar_outer_product_chunk.hpp. Views may be columns of wider
// matrices.
//
// Parallel over sequences and heads, and over columns of values where heads are fewer than threads. Sequences of one token take the direct
// step. Dao and Gu 2024 ("Transformers are SSMs"), section 6.
#pragma once

#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/scalar_outer_product_chunk.hpp>
#include <rondo/backend/cpu/state_step.hpp>

namespace rondo {

// Memory of one thread.
struct ScalarOuterProductForward {
  ScalarOuterProductForward() = default;
  ScalarOuterProductForward(const ScalarOuterProduct& p, Arena& arena) : decay(arena) {
    scores = arena.take<float>(chunk_rows * chunk_rows);
    values = arena.take<float>(chunk_rows * p.value_width);
    state = arena.take<float>(p.key_width * p.value_width);
  }
  HeadDecay decay;
  float *scores = nullptr, *values = nullptr, *state = nullptr;
};

// The chunks of one sequence, some columns of one head's values. keys_by_column(chunk): that chunk's K^T [K, n].
template <class KeysByColumn>
void scalar_outer_product_forward_head(ScalarOuterProductForward& work, const GroupChunks& chunks,
                                       const CpuForward<ScalarOuterProduct>& pass, Range range, Index head, Range columns,
                                       const KeysByColumn& keys_by_column, View<const float> initial, View<float> final) {
  const ScalarOuterProduct& p = pass.tag;
  const Index K = p.key_width, V = columns.end - columns.begin, group = head / (p.heads / p.groups);
  const View<float> state{work.state, K, V};
  bool zero = !initial;
  if (initial) copy_or_zero(initial, state);
  for (Index chunk = range.begin; chunk < range.end; ++chunk) {
    const ChunkRows at = chunks.rows(chunk);
    const Index rows = at.rows;
    ScalarOuterProductRows here = head_rows(p, pass.in, head, at);
    here.v = here.v.middle_columns(columns.begin, V);
    const View<float> output = pass.out.o.middle_rows(at.begin, rows).middle_columns(head * p.value_width + columns.begin, V);
    const View<float> scores{work.scores, rows, rows, chunk_rows};
    const HeadDecay& decay = work.decay;
    work.decay.open(here.g.rows, here.g, here.w, true);
    for (Index t = 0; t < rows; ++t) {
      const float *product = chunks.products(chunk, group).row(t), *weight = decay.weights().row(t);
      float* score = scores.row(t);
      const Index width = std::min(rows, padded_width(t + 1));  // weights beyond the diagonal are zero
#pragma omp simd
      for (Index j = 0; j < width; ++j) score[j] = product[j] * weight[j];
      std::fill(score + width, score + rows, 0.0F);
    }
    if (!zero) {
      chunks.product(here.q, Transpose::no, state, Transpose::no, output, static_cast<float>(p.scale));
      for (Index t = 0; t < rows; ++t) scale_row(decay.through[t], output.row(t), output.row(t), V);
    }
    each_triangle_block(rows, [&, zero](Index from, Index end, bool) {
      chunks.product(scores.middle_rows(from, end - from).middle_columns(0, end), Transpose::no, here.v.middle_rows(0, end),
                    Transpose::no, output.middle_rows(from, end - from), 1, zero ? 0 : 1);
    });
    if (final || chunk + 1 < range.end) {
      const View<float> values{work.values, rows, V};
      for (Index t = 0; t < rows; ++t) scale_row(decay.to_end()[t], here.v.row(t), values.row(t), V);
      chunks.product(keys_by_column(chunk), Transpose::no, values, Transpose::no, state, 1, zero ? 0 : decay.whole());
      zero = false;
    }
  }
  if (final) copy_or_zero(zero ? View<const float>{} : state, final);
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuForward<ScalarOuterProduct>& pass, Arena& scratch) {
  const ScalarOuterProduct& p = pass.tag;
  const View<float> o = pass.out.o;
  zero_padding(pass.sequences, o);
  const Index K = p.key_width, V = p.value_width, per_group = p.heads / p.groups;
  const Index heads = std::ssize(pass.sequences) * p.heads, parts = value_parts(V, heads);
  const Index threads = head_threads(pass.sequences, p, heads * parts);
  const Arena::Mark mark{scratch};
  const bool chunked = any_longer_than_one(pass.sequences);
  const GroupChunks chunks{chunked ? pass.sequences : Sequences{}, p, pass.precision, scratch};
  float* by_column = scratch.take<float>(chunks.count() * p.groups * K * chunk_rows);
  const auto keys_by_column = [=, &chunks](Index chunk, Index group) {
    return View<float>{by_column + (chunk * chunks.groups() + group) * K * chunk_rows, K, chunks.rows(chunk).rows, chunk_rows};
  };
  chunks.each([&](Index chunk, Index group) {
    chunks.form_products(pass.in.q, pass.in.k, chunk, group);
    transpose_matrix(chunks.part(pass.in.k, chunk, group), keys_by_column(chunk, group));
  });
  auto* work = scratch.take<ScalarOuterProductForward>(threads);
  if (chunked)
    for (Index thread = 0; thread < threads; ++thread) work[thread] = ScalarOuterProductForward(p, scratch);
  each_task(heads * parts, threads, [&](Index thread, Index task) {
    const Index number = task / parts / p.heads, head = task / parts % p.heads, part = task % parts;
    const Range columns = value_columns(V, parts, part);
    const auto part_of = [&](auto matrix) { return matrix.middle_columns(columns.begin, columns.end - columns.begin); };
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(number)];
    const View<const float> first = head_state(or_none(pass.carried.initial).memory, number, p, head);
    const View<float> last = head_state(or_none(pass.carried.final).memory, number, p, head);
    if (sequence.length == 1) {
      if (part > 0) return;
      const ScalarOuterProductRows one = head_rows(p, pass.in, head, {sequence.begin, 1});
      float* output = o.row(sequence.begin) + head * V;
      state_step([&, keep = exponential(*one.g.data), write = *one.w.data](Index i) {
        return StateRow{.decay = keep, .key = write * one.k.data[i], .query = one.q.data[i]};
      }, one.v.data, K, V, first, last, output);
      scale_row(static_cast<float>(p.scale), output, output, V);
    } else {
      scalar_outer_product_forward_head(
          work[thread], chunks, pass, {chunks.first(number), chunks.first(number + 1)}, head, columns,
          [&](Index chunk) -> View<const float> { return keys_by_column(chunk, head / per_group); }, part_of(first),
          part_of(last));
    }
  });
}

}  // namespace rondo
