// Matrix memory of mLSTM, backward, in chunks (names in matrix_memory_chunk.hpp; states C [V, K] are kept transposed here).
//
// With dC, dn the gradients of a chunk's end state C', n', by the state as it is stored:
//
//   dnum = reciprocal dH,   dr = -sign(r) (dh . h) reciprocal where |r| > exp(-m), else 0
//   dS = dnum V^T + dr,   G = c dS weights,   Z = dS scores                            below and on the diagonal
//   dQ = c through (dnum C^T + dr n) + G K          dK = weights_n (V dC^T + dn) + G^T Q          dV = keys dC + scores^T dnum
//   di = column sums of Z + k . (states' part of dk)
//   dlf_t = sum_{u >= t} (Z's part below the diagonal and the states' part of q . dq - k . dk)_u + <C', dC> + n' . dn
//   dC = decay dC + c (through Q)^T dnum,   dn = decay dn + c (through dr)^T Q         of the chunk's first state
//   dm, from the last token to the first, goes to dlf_t where the forget gate gave m_t, else to di_t;   df = dlf s(-f)
//
// Nothing is saved by the forward pass: the chunks' first states are computed again from `initial` and kept in scratch.
//
// Shapes and contract: rondo/recurrence/matrix_memory.hpp. Parallel over sequences and
// heads. (Beck et al. 2025, "Tiled Flash Linear Attention", appendix, with the gradients of normaliser and stabiliser.)
#pragma once

#include <rondo/backend/cpu/matrix_memory_chunk.hpp>
#include <rondo/backend/cpu/padding.hpp>

namespace rondo {

// Memory of one thread, taken once.
struct MatrixMemoryBackward {
  MatrixMemoryBackward() = default;
  MatrixMemoryBackward(const MatrixMemory& p, Index chunks, Arena& arena) : chunk(p, arena), value_width(p.value_width) {
    const Index K = p.key_width, V = value_width;
    states = arena.take<float>((chunks + 1) * K * V);
    normalisers = arena.take<float>((chunks + 1) * K);
    stabilisers = arena.take<float>(chunks + 1);
    d_state = arena.take<float>(K * V);
    d_normaliser = arena.take<float>(K);
    d_numerators = arena.take<float>(chunk_rows * V);
    queries = arena.take<float>(chunk_rows * K);
    d_scores = arena.take<float>(chunk_rows * chunk_rows);
    for (float** array : {&d_totals, &d_stabilisers, &to_forget, &to_input}) *array = arena.take<float>(chunk_rows);
  }
  // The state before chunk `number`, [V, K].
  [[nodiscard]] View<float> state(Index number) const {
    const Index K = chunk.key_width, V = value_width;
    return {states + number * K * V, V, K};
  }
  [[nodiscard]] float* normaliser(Index number) const { return normalisers + number * chunk.key_width; }
  [[nodiscard]] View<float> d_memory() const { return {d_state, value_width, chunk.key_width}; }

  MatrixMemoryChunk chunk;
  Index value_width = 0;
  float *states = nullptr, *normalisers = nullptr, *stabilisers = nullptr;
  float *d_state = nullptr, *d_normaliser = nullptr, dm = 0;
  float *d_numerators = nullptr, *queries = nullptr, *d_scores = nullptr;
  float *d_totals = nullptr, *d_stabilisers = nullptr;  // dr, and what epsilon hands to m
  float *to_forget = nullptr, *to_input = nullptr;      // terms of dlf before they are summed up, and di without m
};

// What of dq, dk, dv passes through the states; returns <C', dC> + n' . dn. `first` and `end`: the chunk's first state and its end
// state; a first one without data is zero, an end one without data says that dC and dn are zero.
inline float add_state_gradients(MatrixMemoryBackward& work, const MatrixMemory::Inputs<View<const float>>& in, View<const float> first,
                                 const float* first_normaliser, View<const float> end, const float* end_normaliser,
                                 const MatrixMemory::Inputs<View<float>>& d) {
  MatrixMemoryChunk& chunk = work.chunk;
  const Index K = chunk.key_width, V = work.value_width, rows = chunk.rows;
  std::fill_n(work.to_forget, rows, 0.0F);
  std::fill_n(work.to_input, rows, 0.0F);
  if (first) {
    small_product({work.d_numerators, rows, V}, Transpose::no, first, Transpose::no, d.q, chunk.scale);
    for (Index t = 0; t < rows; ++t) {
      float* row = d.q.row(t);
      add_row(chunk.scale * work.d_totals[t], first_normaliser, row, K);
      scale_row(chunk.through[t], row, row, K);
      work.to_forget[t] += row_product(in.q.row(t), row, K);
    }
  }
  if (!end) return 0;
  small_product(in.v, Transpose::no, work.d_memory(), Transpose::no, d.k);
  small_product(chunk.keys(), Transpose::no, work.d_memory(), Transpose::yes, d.v);
  const float* weight = chunk.weights().row(rows - 1);
  for (Index t = 0; t < rows; ++t) {
    float* row = d.k.row(t);
    add_row(1, work.d_normaliser, row, K);
    scale_row(weight[t], row, row, K);
    work.to_input[t] = row_product(in.k.row(t), row, K);
    work.to_forget[t] -= work.to_input[t];
  }
  return row_product(end.data, work.d_state, K * V) + row_product(end_normaliser, work.d_normaliser, K);
}

// What passes within the chunk; dq (where `first` is a state), dk and dv (where `end` is) are added to.
inline void add_score_gradients(MatrixMemoryBackward& work, const MatrixMemory::Inputs<View<const float>>& in, bool first, bool end,
                                const MatrixMemory::Inputs<View<float>>& d) {
  MatrixMemoryChunk& chunk = work.chunk;
  const Index V = work.value_width;
  each_triangle_block(chunk.rows, [&](Index begin, Index stop, bool whole) {
    const Index rows = stop - begin;
    const View<const float> d_numerators{work.d_numerators + begin * V, rows, V};
    const View<float> d_scores{work.d_scores, rows, stop, chunk_rows};
    const View<const float> scores = chunk.scores().middle_rows(begin, rows).middle_columns(0, stop);
    small_product(d_numerators, Transpose::no, in.v.middle_rows(0, stop), Transpose::yes, d_scores);
    for (Index t = begin; t < stop; ++t) {
      float *row = d_scores.row(t - begin), sum = 0;
      const float *score = scores.row(t - begin), *weight = chunk.weights().row(t);
      float* to_column = work.to_input;
      float* from_column = work.to_forget;
      const float dr = work.d_totals[t], scale = chunk.scale;
#pragma omp simd reduction(+ : sum)
      for (Index j = 0; j < t; ++j) {
        const float d_score = row[j] + dr, term = d_score * score[j];
        row[j] = scale * d_score * weight[j];
        to_column[j] += term;
        from_column[j] -= term;
        sum += term;
      }
      work.to_forget[t] += sum;
      work.to_input[t] += (row[t] + dr) * score[t];
      row[t] = scale * (row[t] + dr) * weight[t];
      std::fill(row + t + 1, row + stop, 0.0F);
    }
    small_product(d_scores, Transpose::no, in.k.middle_rows(0, stop), Transpose::no, d.q.middle_rows(begin, rows), 1, first ? 1 : 0);
    small_product(d_scores, Transpose::yes, in.q.middle_rows(begin, rows), Transpose::no, d.k.middle_rows(0, stop), 1,
                  whole && !end ? 0 : 1);
    small_product(scores, Transpose::yes, d_numerators, Transpose::no, d.v.middle_rows(0, stop), 1, whole && !end ? 0 : 1);
  });
}

// Gradients of the gates' pre-activations from the terms gathered in `work`.
inline void close_gates(MatrixMemoryBackward& work, View<const float> f, float at_end, View<float> di, View<float> df) {
  const MatrixMemoryChunk& chunk = work.chunk;
  float sum = 0;
  for (Index t = chunk.rows; t-- > 0;) {
    sum += work.to_forget[t];
    float d_log_forget = sum + at_end, d_input = work.to_input[t];
    work.dm += work.d_stabilisers[t];
    if (chunk.forgets[t]) {
      d_log_forget += work.dm;
    } else {
      d_input += work.dm;
      work.dm = 0;
    }
    di(t, 0) = d_input;
    df(t, 0) = d_log_forget * sigmoid(-f(t, 0));
  }
}

// One sequence, one head.
inline void matrix_memory_backward_head(MatrixMemoryBackward& work, const CpuGradient<MatrixMemory>& pass, Index s, Index head) {
  MatrixMemoryChunk& chunk = work.chunk;
  const MatrixMemory& p = pass.tag;
  const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
  const auto initial = head_memory<const float>(pass.carried.initial, s, p, head);
  const auto d_final = head_memory<const float>(pass.carried.d_final, s, p, head);
  const auto d_initial = head_memory<float>(pass.carried.d_initial, s, p, head);
  const Index length = sequence.length, chunks = chunks_of(length), K = p.key_width, V = p.value_width;
  if (length == 0) {
    if (d_initial) copy_memory(d_final, d_initial, p);
    return;
  }
  const bool fresh = is_fresh(initial, p), zero = fresh || !initial;
  const auto rows_of = [&](const auto& x, Index number) {
    const auto [begin, rows] = chunk_of(length, number);
    return head_rows(p, x, head, sequence.begin + begin, rows);
  };
  const auto open = [&](const auto& in, Index number) { return chunk.open(in.i, in.f, work.stabilisers[number], fresh && number == 0); };
  // The end state of the last chunk is only looked at through its gradient.
  work.stabilisers[0] = zero ? 0.0F : *initial.stabiliser;
  if (!zero) {
    transpose_matrix(initial.memory, work.state(0));
    std::copy_n(initial.normaliser, K, work.normaliser(0));
  }
  for (Index number = 0; number < (d_final ? chunks : chunks - 1); ++number) {
    const auto in = rows_of(pass.in, number);
    const bool from_zero = number == 0 && zero;
    work.stabilisers[number + 1] = open(in, number);
    chunk.bring_keys_to_end(in.k);
    chunk.advance_normaliser(from_zero ? nullptr : work.normaliser(number), work.normaliser(number + 1));
    if (!from_zero) scale_row(chunk.whole_decay(), work.state(number).data, work.state(number + 1).data, K * V);
    small_product(in.v, Transpose::yes, chunk.keys(), Transpose::no, work.state(number + 1), 1, from_zero ? 0 : 1);
  }
  if (d_final) {
    transpose_matrix(d_final.memory, work.d_memory());
    std::copy_n(d_final.normaliser, K, work.d_normaliser);
  }
  work.dm = 0;
  bool flows = static_cast<bool>(d_final);  // whether anything comes from behind the chunk
  for (Index number = chunks; number-- > 0; flows = true) {
    const auto in = rows_of(pass.in, number);
    const auto d = rows_of(pass.d_in, number);
    const Index begin = sequence.begin + number * chunk_rows, rows = d.q.rows;
    const bool from_zero = number == 0 && zero;
    open(in, number);
    chunk.bring_keys_to_end(in.k);
    chunk.form_scores(in.q, in.k, from_zero ? nullptr : work.normaliser(number));
    for (Index t = 0; t < rows; ++t) {
      const float *d_row = pass.d_out.h.row(begin + t) + head * V, reciprocal = chunk.reciprocals[t], total = chunk.totals[t];
      const float change = -row_product(d_row, pass.out.h.row(begin + t) + head * V, V) * reciprocal;  // of the denominator
      const bool above = magnitude(total) > exponential(-chunk.stabilisers[t]);
      work.d_totals[t] = above ? (total < 0 ? -change : change) : 0.0F;
      work.d_stabilisers[t] = chunk.epsilon * change;
      scale_row(reciprocal, d_row, work.d_numerators + t * V, V);
    }
    const float at_end = add_state_gradients(work, in, from_zero ? View<float>{} : work.state(number), work.normaliser(number),
                                             flows ? work.state(number + 1) : View<float>{}, work.normaliser(number + 1), d);
    if (d_final && number + 1 == chunks) work.dm = *d_final.stabiliser - at_end;
    add_score_gradients(work, in, !from_zero, flows, d);
    close_gates(work, in.f, at_end, d.i, d.f);

    if (number == 0 && !d_initial) break;
    if (flows)
      scale_row(chunk.whole_decay(), work.d_normaliser, work.d_normaliser, K);
    else
      std::fill_n(work.d_normaliser, K, 0.0F);
    const View<float> queries{work.queries, rows, K};
    for (Index t = 0; t < rows; ++t) {
      scale_row(chunk.scale * chunk.through[t], in.q.row(t), queries.row(t), K);
      add_row(work.d_totals[t], queries.row(t), work.d_normaliser, K);
    }
    small_product({work.d_numerators, rows, V}, Transpose::yes, queries, Transpose::no, work.d_memory(), 1,
                  flows ? chunk.whole_decay() : 0);
  }
  if (!d_initial) return;
  transpose_matrix(work.d_memory(), d_initial.memory);
  std::copy_n(work.d_normaliser, K, d_initial.normaliser);
  *d_initial.stabiliser = work.dm;
  if (!zero)
    *d_initial.stabiliser += row_product(work.state(0).data, work.d_state, K * V) + row_product(work.normaliser(0), work.d_normaliser, K);
}

RONDO_DEFINED_ONCE void run_recurrence(const CpuGradient<MatrixMemory>& pass, Arena& scratch) {
  const MatrixMemory& p = pass.tag;
  const auto& d = pass.d_in;
  for (const View<float>& gradient : {d.q, d.k, d.v, d.i, d.f}) zero_padding(pass.sequences, gradient);
  const Index threads = head_threads(pass.sequences, p, std::ssize(pass.sequences) * p.heads);
  const Arena::Mark mark{scratch};
  auto* work = scratch.take<MatrixMemoryBackward>(threads);
  for (Index thread = 0; thread < threads; ++thread)
    work[thread] = MatrixMemoryBackward(p, chunks_of(longest_sequence(pass.sequences)), scratch);
  each_head_of(pass.sequences, p.heads, threads, [&](Index thread, Index number, Index head) {
    matrix_memory_backward_head(work[thread], pass, number, head);
  });
}

}  // namespace rondo
