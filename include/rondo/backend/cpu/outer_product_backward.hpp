// Gated outer-product recurrence with a decay per key channel (GLA, HGRN2), backward, in chunks.
//
// With dS the gradient of a chunk's end state and S0 its first state (the names are those of outer_product_chunk.hpp):
//
//   dA  = dO V^T below and on the diagonal                dV = A^T dO + keys dS
//   d queries_t = before * (dO S0^T) + dA keys            dq = c (prefix * d queries + terms within the sub-chunk)
//   d keys = V dS^T, then backwards over the sub-chunks:  d keys = decay * d keys + dA^T queries
//                                                         dk = suffix * d keys + terms within the sub-chunk
//   dg_t = sum_{u >= t} (q_u dq_u - k_u dk_u) + rowsum(S1 * dS),  S1 the end state, u up to the end of the chunk
//   dS0 = diag(whole decay) dS + (c q * decay)^T dO
//
// The terms A_tt cancel in dg and are left out of it. Nothing is saved by the forward pass: the chunk states are computed again
// from `initial` and kept, transposed, in scratch.
//
// Shapes and contract: rondo/recurrence/outer_product.hpp. Parallel over sequences and heads. Yang et al. 2024, section 4 and appendix C.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/outer_product_chunk.hpp>
#include <rondo/backend/cpu/padding.hpp>

namespace rondo {

// One chunk of the backward pass; the memory is taken once and used for every chunk.
struct OuterProductChunkBackward {
  OuterProductChunkBackward() = default;
  OuterProductChunkBackward(const OuterProduct& p, Index chunks, Precision precision, Arena& arena)
      : chunk(p.key_width, p.scale, precision, arena) {
    const Index K = p.key_width, V = p.value_width;
    states = arena.take<float>((chunks + 1) * V * K);
    d_state = arena.take<float>(K * V);
    d_state_transposed = arena.take<float>(V * K);
    for (float** rows : {&d_queries, &d_keys}) *rows = arena.take<float>(chunk_rows * chunk.padded);
    d_scores = arena.take<float>(chunk_rows * chunk_rows);
    sums = arena.take<float>(chunk.padded);
    decay = arena.take<float>(chunk.padded);
  }

  OuterProductChunk chunk;
  float* states = nullptr;  // [chunks + 1][V, K]: each chunk's first state, and the last one's end state
  float *d_state = nullptr, *d_state_transposed = nullptr;
  float *d_queries = nullptr, *d_keys = nullptr, *d_scores = nullptr, *sums = nullptr, *decay = nullptr;
};

// Terms within one sub-chunk, over Registers registers of columns, without those of a row with itself:
//   dq_i = prefix_i dq_i + sum_{j<i} dA_ij k_j prod a_u, j < u <= i        (dq, dk come in as d queries, d keys)
//   dk_j = suffix_j dk_j + sum_{i>j} dA_ij q_i prod a_u, j < u <= i           (without suffix: dk_j += ...)
template <Index Registers>
void add_diagonal_gradients(const float* q, const float* k, const float* a, const float* prefix, const float* suffix,
                            Index stride, Index rows, const float* d_scores, Index scores_stride, float* dq, float* dk) {
  const auto at = [stride](auto* x, Index row, Index r) { return x + row * stride + r * lane_count; };
  for (Index i = 0; i < rows; ++i) {
    Lanes sum[Registers] = {};
    for (Index j = 0; j < i; ++j) {
      const Lanes weight = all_lanes(d_scores[i * scores_stride + j]);
      unrolled<Registers>([&](auto r) { sum[r] = (sum[r] + weight * load_lanes(at(k, j, r))) * load_lanes(at(a, j + 1, r)); });
    }
    unrolled<Registers>(
        [&](auto r) { store_lanes(at(dq, i, r), sum[r] + load_lanes(at(prefix, i, r)) * load_lanes(at(dq, i, r))); });
  }
  for (Index j = 0; j < rows; ++j) {
    Lanes sum[Registers] = {};
    for (Index i = rows - 1; i > j; --i) {
      const Lanes weight = all_lanes(d_scores[i * scores_stride + j]);
      unrolled<Registers>([&](auto r) { sum[r] = (sum[r] + weight * load_lanes(at(q, i, r))) * load_lanes(at(a, i, r)); });
    }
    unrolled<Registers>([&](auto r) {
      const Lanes later = load_lanes(at(dk, j, r));
      store_lanes(at(dk, j, r), suffix ? sum[r] + load_lanes(at(suffix, j, r)) * later : sum[r] + later);
    });
  }
}

// One reader's part of what passes between sub-chunk `number` and those before it, and of the terms within it: adds to d_rows and d_keys,
// which come in decayed as far as those of that sub-chunk. The first reader brings the sub-chunk's own d_keys to where they belong.
inline void add_score_gradients(const OuterProductChunk& chunk, const ChunkReader& reader, Index number, View<const float> d_scores,
                                float* d_rows, float* d_keys, bool is_first) {
  const Index padded = chunk.padded, s = chunk.begin(number), e = chunk.end(number);
  if (s > 0) {
    const View<const float> d_earlier = d_scores.middle_columns(0, s);
    chunk.product(d_earlier, Transpose::no, chunk.earlier_keys(number), Transpose::no, chunk.part(d_rows, number), 1, 1);
    chunk.product(d_earlier, Transpose::yes, chunk.part(reader.decayed, number), Transpose::no, {d_keys, s, chunk.width, padded}, 1, 1);
  }
  constexpr Index wide = 4;
  const auto within = [&](auto registers, Index column) {
    const Index at = s * padded + column;
    add_diagonal_gradients<registers>(reader.rows + at, chunk.k + at, chunk.a + at, chunk.prefix + at,
                                      is_first ? chunk.suffix + at : nullptr, padded, e - s, d_scores.data + s, d_scores.stride,
                                      d_rows + at, d_keys + at);
  };
  Index column = 0;
  for (; column + wide * lane_count <= padded; column += wide * lane_count) within(std::integral_constant<Index, wide>{}, column);
  for (; column < padded; column += lane_count) within(std::integral_constant<Index, 1>{}, column);
}
// d_keys of the rows before sub-chunk `number`: through its decay. `decay` [K] is scratch.
inline void decay_key_gradients(const OuterProductChunk& chunk, Index number, float* d_keys, float* decay) {
  const Index padded = chunk.padded, s = chunk.begin(number);
  multiply_elements(chunk.a + s * padded, chunk.suffix + s * padded, decay, padded);
  for (Index j = 0; j < s; ++j) multiply_elements(d_keys + j * padded, decay, d_keys + j * padded, padded);
}

// The gradients of one chunk's rows. `first` [V, K] and `end` are the chunk's states; `first` without data is a zero state, `end`
// without data says that d_state, the gradient of the end state, is zero. Leaves the first state's gradient in d_state where it
// is wanted.
inline void outer_product_backward_chunk(OuterProductChunkBackward& work, View<const float> first, View<const float> end,
                                         const OuterProduct::Inputs<View<const float>>& inputs, View<const float> d_o,
                                         const OuterProduct::Inputs<View<float>>& d, bool d_first_wanted) {
  OuterProductChunk& chunk = work.chunk;
  chunk.load(inputs);
  chunk.form_scores(chunk.queries);
  const Index K = chunk.width, V = inputs.v.columns, rows = chunk.rows, padded = chunk.padded, last = chunk.subchunks();
  const View<float> d_state{work.d_state, K, V}, d_state_transposed{work.d_state_transposed, V, K};
  std::fill_n(work.d_queries, rows * padded, 0.0f);
  std::fill_n(work.d_keys, rows * padded, 0.0f);
  std::fill_n(work.sums, padded, 0.0f);

  // What passes through the states, and the part of dg that is the same for the whole chunk.
  if (first) {
    chunk.product(d_o, Transpose::no, first, Transpose::no, chunk.all(work.d_queries));
    chunk.decay_from_start(work.d_queries, work.d_queries);
  }
  if (end) {
    transpose_matrix(d_state, d_state_transposed);
    for (Index i = 0; i < V; ++i) {
      const float *state = end.row(i), *d_row = d_state_transposed.row(i);
      float* sums = work.sums;
#pragma omp simd
      for (Index l = 0; l < K; ++l) sums[l] += state[l] * d_row[l];
    }
    chunk.product(inputs.v, Transpose::no, d_state_transposed, Transpose::no, chunk.all(work.d_keys));
    chunk.product(chunk.all(chunk.keys_at(last)), Transpose::no, d_state, Transpose::no, d.v);
  } else {
    zero_rows(d.v);
  }

  // What passes between sub-chunks, and the terms within each.
  for (Index number = last; number-- > 0;) {
    const Index s = chunk.begin(number), e = chunk.end(number);
    const View<const float> d_output = d_o.middle_rows(s, e - s);
    const View<float> d_scores{work.d_scores, e - s, e, chunk_rows};
    chunk.product(d_output, Transpose::no, inputs.v.middle_rows(0, e), Transpose::yes, d_scores);
    chunk.product(chunk.scores_of(chunk.queries, number), Transpose::yes, d_output, Transpose::no, d.v.middle_rows(0, e), 1, 1);
    decay_key_gradients(chunk, number, work.d_keys, work.decay);
    add_score_gradients(chunk, chunk.queries, number, d_scores, work.d_queries, work.d_keys, true);

    // The rows are complete: dg from the last to the first, then the terms that a row has with itself.
    for (Index t = e; t-- > s;) {
      const float *q = chunk.queries.rows + t * padded, *k = chunk.k + t * padded, *dq = work.d_queries + t * padded,
                  *dk = work.d_keys + t * padded;
      float *to_q = d.q.row(t), *to_k = d.k.row(t), *to_g = d.g.row(t), *sums = work.sums;
      const float itself = d_scores(t - s, t), scale = chunk.scale;
#pragma omp simd
      for (Index l = 0; l < K; ++l) {
        sums[l] += q[l] * dq[l] - k[l] * dk[l];
        to_g[l] = sums[l];
        to_q[l] = scale * (dq[l] + itself * k[l]);
        to_k[l] = dk[l] + itself * q[l];
      }
    }
  }

  if (!d_first_wanted) return;
  chunk.decay_from_start(chunk.queries.decayed, chunk.prefix);
  scale_rows(d_state, chunk.whole_decay());
  chunk.product(chunk.all(chunk.prefix), Transpose::yes, d_o, Transpose::no, d_state, 1, 1);
}

// One sequence, one head.
inline void outer_product_backward_head(OuterProductChunkBackward& work, const CpuGradient<OuterProduct>& pass, Index s, Index head) {
  const OuterProduct& p = pass.tag;
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  const Index chunks = chunks_of(sequence.length), K = p.key_width, V = p.value_width;
  const View<const float> initial = head_state(or_none(pass.carried.initial).memory, s, p, head);
  const View<const float> d_final = head_state(or_none(pass.carried.d_final).memory, s, p, head);
  const View<float> d_initial = head_state(or_none(pass.carried.d_initial).memory, s, p, head);
  const auto state = [&](Index number) { return View<float>{work.states + number * V * K, V, K}; };
  const auto inputs = [&](Index number) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    return head_rows(p, pass.in, head, sequence.begin + begin, rows);
  };
  if (initial)
    transpose_matrix(initial, state(0));
  else
    zero_rows(state(0));
  // The end state of the last chunk is only looked at through its gradient.
  for (Index number = 0; number + (d_final ? 0 : 1) < chunks; ++number) {
    const auto here = inputs(number);
    work.chunk.load({{}, here.k, here.g, here.v});
    work.chunk.advance_transposed(state(number), state(number + 1), here.v);
  }
  if (d_final)
    std::copy_n(d_final.data, K * V, work.d_state);
  else
    std::fill_n(work.d_state, K * V, 0.0f);
  for (Index number = chunks; number-- > 0;) {
    const auto [begin, rows] = chunk_of(sequence.length, number);
    outer_product_backward_chunk(work, number > 0 || initial ? state(number) : View<float>{},
                                 number + 1 < chunks || d_final ? state(number + 1) : View<float>{}, inputs(number),
                                 pass.d_out.o.middle_rows(sequence.begin + begin, rows).middle_columns(head * V, V),
                                 head_rows(p, pass.d_in, head, sequence.begin + begin, rows), number > 0 || d_initial);
  }
  if (d_initial) std::copy_n(work.d_state, K * V, d_initial.data);
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<OuterProduct>& pass, Arena& scratch) {
  const OuterProduct& p = pass.tag;
  for (const View<float>& d : {pass.d_in.q, pass.d_in.k, pass.d_in.g, pass.d_in.v}) zero_padding(pass.sequences, d);
  const Index threads = head_threads(pass.sequences, p, std::ssize(pass.sequences) * p.heads);
  const Arena::Mark mark{scratch};
  auto* work = scratch.take<OuterProductChunkBackward>(threads);
  for (Index thread = 0; thread < threads; ++thread)
    work[thread] = OuterProductChunkBackward(p, chunks_of(longest_sequence(pass.sequences)), pass.precision, scratch);
  each_head_of(pass.sequences, p.heads, threads, [&](Index thread, Index number, Index head) {
    outer_product_backward_head(work[thread], pass, number, head);
  });
}

}  // namespace rondo
