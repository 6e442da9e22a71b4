// Outer-product recurrence with one decay a head and keys shared by groups of heads (Mamba-2), forward, in chunks.
//
//   S_t = exp(g_t) S_{t-1} + w_t k_t v_t^T        o_t = c S_t^T q_t
//   chunk of n rows, S its first state:   O = c through * (Q S) + (products * weights) V     S = whole S + K^T (to_end * V)
//
//   q, k [tokens, groups K], g, w [tokens, heads], v, o [tokens, heads V]; g = log decay <= 0; initial, final [sequences,
//   heads K V], row s for sequence s. Views may be columns of wider matrices. `initial` without data is a zero state, `final`
//   without data is not wanted; both may be the same memory. Names: scalar_outer_product_chunk.hpp.
//
// Writes o (zero in rows that no sequence covers) and final. Parallel over sequences and heads. Sequences of one token take the
// direct step. Dao and Gu 2024 ("Transformers are SSMs"), section 6.
#pragma once

#include <rondo/backend/cpu/padding.hpp>
#include <rondo/backend/cpu/scalar_decay_step.hpp>
#include <rondo/backend/cpu/scalar_outer_product_chunk.hpp>

namespace rondo {

// Memory of one thread.
struct ScalarOuterProductForward {
  ScalarOuterProductForward() = default;
  ScalarOuterProductForward(const ScalarOuterProductSizes& sizes, Arena& arena) : decay(arena) {
    scores = arena.take<float>(chunk_rows * chunk_rows);
    values = arena.take<float>(chunk_rows * sizes.value_width);
    state = arena.take<float>(sizes.key_width * sizes.value_width);
  }
  HeadDecay decay;
  float *scores = nullptr, *values = nullptr, *state = nullptr;
};

// One sequence of `chunks` chunks from the chunk `first` on, one head. keys_by_column(chunk): that chunk's K^T [K, n].
template <class KeysByColumn>
void scalar_outer_product_forward_head(ScalarOuterProductForward& work, const GroupChunks& chunks,
                                       const ScalarOuterProductSizes& sizes, const ScalarOuterProductInputs& in, View<float> o,
                                       Range range, Index head, const KeysByColumn& keys_by_column, View<const float> initial,
                                       View<float> final) {
  const Index K = sizes.key_width, V = sizes.value_width, group = head / (sizes.heads / sizes.groups);
  const View<float> state{work.state, K, V};
  bool zero = !initial;
  if (initial) std::copy_n(initial.data, K * V, state.data);
  for (Index chunk = range.begin; chunk < range.end; ++chunk) {
    const auto [begin, rows] = chunks.rows(chunk);
    const ScalarOuterProductInputs here = scalar_outer_product_head(in, sizes, head, begin, rows);
    const View<float> output = o.middle_rows(begin, rows).middle_columns(head * V, V), scores{work.scores, rows, rows, chunk_rows};
    const HeadDecay& decay = work.decay;
    work.decay.open(here.g, here.w, true);
    for (Index t = 0; t < rows; ++t) {
      const float *product = chunks.products(chunk, group).row(t), *weight = decay.weights().row(t);
      float* score = scores.row(t);
      const Index width = std::min(rows, padded_width(t + 1));  // weights beyond the diagonal are zero
#pragma omp simd
      for (Index j = 0; j < width; ++j) score[j] = product[j] * weight[j];
      std::fill(score + width, score + rows, 0.0F);
    }
    if (!zero) {
      small_product(here.q, Transpose::no, state, Transpose::no, output, sizes.scale);
      for (Index t = 0; t < rows; ++t) scale_row(decay.through[t], output.row(t), output.row(t), V);
    }
    each_triangle_block(rows, [&, zero](Index from, Index end, bool) {
      small_product(scores.middle_rows(from, end - from).middle_columns(0, end), Transpose::no, here.v.middle_rows(0, end),
                    Transpose::no, output.middle_rows(from, end - from), 1, zero ? 0 : 1);
    });
    if (final || chunk + 1 < range.end) {
      const View<float> values{work.values, rows, V};
      for (Index t = 0; t < rows; ++t) scale_row(decay.to_end()[t], here.v.row(t), values.row(t), V);
      small_product(keys_by_column(chunk), Transpose::no, values, Transpose::no, state, 1, zero ? 0 : decay.whole());
      zero = false;
    }
  }
  if (!final) return;
  if (zero)
    std::fill_n(final.data, K * V, 0.0F);
  else
    std::copy_n(state.data, K * V, final.data);
}

RONDO_DEFINED_ONCE void scalar_outer_product_forward(Sequences sequences, const ScalarOuterProductSizes& sizes,
                                                     const ScalarOuterProductInputs& in, View<float> o, View<const float> initial,
                                                     View<float> final, Arena& scratch) {
  zero_padding(sequences, o);
  const Index K = sizes.key_width, V = sizes.value_width, per_group = sizes.heads / sizes.groups;
  const Index tasks = std::ssize(sequences) * sizes.heads;
  const Index threads = longest_sequence(sequences) * tasks * K * V < 65536 ? 1 : std::min(tasks, thread_count());
  const Arena::Mark mark{scratch};
  const bool chunked = std::any_of(sequences.begin(), sequences.end(), [](const Sequence& one) { return one.length != 1; });
  const GroupChunks chunks{chunked ? sequences : Sequences{}, sizes, scratch};
  float* by_column = scratch.take<float>(chunks.count() * sizes.groups * K * chunk_rows);
  const auto keys_by_column = [=, &chunks](Index chunk, Index group) {
    return View<float>{by_column + (chunk * sizes.groups + group) * K * chunk_rows, K, chunks.rows(chunk).rows, chunk_rows};
  };
  chunks.each([&](Index chunk, Index group) {
    chunks.form_products(in.q, in.k, chunk, group);
    transpose_matrix(chunks.part(in.k, chunk, group), keys_by_column(chunk, group));
  });
  auto* work = scratch.take<ScalarOuterProductForward>(threads);
  if (chunked)
    for (Index thread = 0; thread < threads; ++thread) work[thread] = ScalarOuterProductForward(sizes, scratch);
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) {
    const Index number = task / sizes.heads, head = task % sizes.heads;
    const Sequence& sequence = sequences[static_cast<std::size_t>(number)];
    const View<const float> first = head_state(initial, number, sizes, head);
    const View<float> last = head_state(final, number, sizes, head);
    if (sequence.length == 1) {
      const ScalarOuterProductInputs one = scalar_outer_product_head(in, sizes, head, sequence.begin, 1);
      float* output = o.row(sequence.begin) + head * V;
      scalar_decay_step(one.q.data, one.k.data, one.v.data, K, V, exponential(*one.g.data), *one.w.data, first, last, output);
      scale_row(sizes.scale, output, output, V);
    } else {
      scalar_outer_product_forward_head(
          work[thread_number()], chunks, sizes, in, o, {chunks.first(number), chunks.first(number + 1)}, head,
          [&](Index chunk) -> View<const float> { return keys_by_column(chunk, head / per_group); }, first, last);
    }
  }
}

}  // namespace rondo
