// The gradients of one chunk of the delta rule's rows, once those of its errors are known (delta_rule_backward.hpp has the equations).
//
//   write_gradient(dS, dU)                             dU = keys dS
//   gradients(R, U, S, {last state, dS}, d)            dq, dk, dg;   R [2 n, V]: dO, then -dE
//   advance_gradient(R, dS)                            dS of the last state: of the first one
#pragma once

#include <rondo/backend/cpu/delta_rule_chunk.hpp>
#include <rondo/backend/cpu/outer_product_backward.hpp>

namespace rondo {

// What reaches a chunk from behind; without data nothing does.
struct ChunkEnd {
  View<const float> state, d_state;
  explicit operator bool() const { return static_cast<bool>(state); }
};

// A chunk with the memory for its gradients.
struct HeadDeltaGradient : HeadDeltaChunk {
  HeadDeltaGradient() = default;
  HeadDeltaGradient(const DeltaRule& p, Precision precision, Arena& arena) : HeadDeltaChunk(p, precision, arena) {
    d_readers = arena.take<float>(2 * chunk_rows * width);
    d_keys = arena.take<float>(chunk_rows * width);
    d_scores = arena.take<float>(chunk_rows * chunk_rows);
    transposed = arena.take<float>(p.value_width * std::max(width, chunk_rows));
  }

  void write_gradient(View<const float> d_state, View<float> d_u) const {
    product(readers().middle_rows(rows, rows), Transpose::no, d_state, d_u, 1, false);
    for (Index t = 0; t < rows; ++t) scale_row(decay.to_end()[t], d_u.row(t), d_u.row(t), d_u.columns);
  }
  // `state` without data is a zero one.
  void gradients(View<const float> d_read, View<const float> u, View<const float> state, ChunkEnd end,
                 const DeltaRule::Inputs<View<float>>& d) const {
    const Index V = u.columns;
    const View<float> to_readers{d_readers, 2 * rows, width}, to_keys{d_keys, rows, width};
    float to_decay[chunk_rows] = {}, at_end = 0;
    const auto transpose = [&](View<const float> matrix) {
      const View<float> result{transposed, matrix.columns, matrix.rows};
      transpose_matrix(matrix, result);
      return result;
    };
    if (state) {
      product(d_read, Transpose::no, transpose(state), to_readers, 1, false);
      for (Index row = 0; row < 2 * rows; ++row) {
        scale_row(decay.through[row % rows], to_readers.row(row), to_readers.row(row), width);
        if (d.g) to_decay[row % rows] += row_product(readers().row(row), to_readers.row(row), width);
      }
    }
    if (end) {
      product(u, Transpose::no, transpose(end.d_state), to_keys, 1, false);
      for (Index t = 0; t < rows; ++t) {
        scale_row(decay.to_end()[t], to_keys.row(t), to_keys.row(t), width);
        if (d.g) to_decay[t] -= row_product(readers().row(rows + t), to_keys.row(t), width);
      }
      if (d.g) at_end = row_product(end.state.data, end.d_state.data, width * V);
    }
    const View<float> by_row = transpose(u);
    each_triangle_block(rows, [&](Index from, Index to, bool whole) {
      for (Index reader = 0; reader <= rows; reader += rows) {
        const View<float> block{d_scores, to - from, to, chunk_rows};
        product(d_read.middle_rows(reader + from, to - from), Transpose::no, by_row.middle_columns(0, to), block, 1, false);
        score_gradients(reader, from, block, d.g ? to_decay : nullptr);
        product(block, Transpose::no, readers().middle_rows(rows, to), to_readers.middle_rows(reader + from, to - from), 1,
                static_cast<bool>(state));
        product(block, Transpose::yes, readers().middle_rows(reader + from, to - from), to_keys.middle_rows(0, to), 1,
                !(whole && reader == 0) || end);
      }
    });
    for (Index t = rows; t-- > 0;) {
      if (d.g) d.g(t, 0) = at_end += to_decay[t];
      scale_row(scale, to_readers.row(t), d.q.row(t), width);
      float* dk = d.k.row(t);
      const float *read = to_readers.row(rows + t), *key = to_keys.row(t);
#pragma omp simd
      for (Index i = 0; i < width; ++i) dk[i] = read[i] + key[i];
    }
  }
  void advance_gradient(View<const float> d_read, View<float> d_state) const {
    const View<float> scaled{values, 2 * rows, d_read.columns};
    for (Index row = 0; row < 2 * rows; ++row) scale_row(decay.through[row % rows], d_read.row(row), scaled.row(row), scaled.columns);
    scale_row(decay.whole(), d_state.data, d_state.data, d_state.size());
    product(readers(), Transpose::yes, scaled, d_state, 1, true);
  }

 private:
  // A block of d scores: what they say of the decays, then with the decays in them.
  void score_gradients(Index reader, Index from, View<float> block, float* to_decay) const {
    for (Index t = from; t < from + block.rows; ++t) {
      const float *score = scores_memory_of(reader).row(t), *weight = decay.weights().row(t);
      float* d_score = block.row(t - from);
      if (reader > 0) d_score[t] = 0;
      if (to_decay) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (Index j = 0; j < t; ++j) {
          const float z = score[j] * d_score[j];
          to_decay[j] -= z;
          sum += z;
        }
        to_decay[t] += sum;
      }
#pragma omp simd
      for (Index j = 0; j < block.columns; ++j) d_score[j] *= weight[j];
    }
  }

  float *d_readers = nullptr, *d_keys = nullptr, *d_scores = nullptr, *transposed = nullptr;
};

struct ChannelDeltaGradient : ChannelDeltaChunk {
  ChannelDeltaGradient() = default;
  ChannelDeltaGradient(const DeltaRule& p, Precision precision, Arena& arena) : ChannelDeltaChunk(p, precision, arena) {
    d_readers = arena.take<float>(2 * chunk_rows * padded);
    d_keys = arena.take<float>(chunk_rows * padded);
    d_scores = arena.take<float>(2 * subchunk_rows * chunk_rows);
    sums = arena.take<float>(padded);
    factors = arena.take<float>(padded);
  }

  void write_gradient(View<const float> d_state, View<float> d_u) const {
    tile(all(keys_at(subchunks())), Transpose::no, d_state, d_u, 1, false);
  }
  void gradients(View<const float> d_read, View<const float> u, View<const float> state, ChunkEnd behind,
                 const DeltaRule::Inputs<View<float>>& d) const {
    float* const to_reads = d_readers + rows * padded;
    std::fill_n(d_readers, 2 * rows * padded, 0.0F);
    std::fill_n(d_keys, rows * padded, 0.0F);
    std::fill_n(sums, padded, 0.0F);
    if (state) {
      product(d_read, Transpose::no, state, Transpose::yes, {d_readers, 2 * rows, width, padded});
      for (float* of_reader : {d_readers, to_reads}) decay_from_start(of_reader, of_reader);
    }
    if (behind) {
      product(u, Transpose::no, behind.d_state, Transpose::yes, all(d_keys));
      for (Index i = 0; i < width; ++i) sums[i] = row_product(behind.state.row(i), behind.d_state.row(i), u.columns);
    }
    for (Index number = subchunks(); number-- > 0;) {
      const Index s = begin(number), e = end(number);
      const View<float> of_queries{d_scores, e - s, e, chunk_rows}, of_reads{d_scores + subchunk_rows * chunk_rows, e - s, e, chunk_rows};
      product(d_read.middle_rows(s, e - s), Transpose::no, u.middle_rows(0, e), Transpose::yes, of_queries);
      product(d_read.middle_rows(rows + s, e - s), Transpose::no, u.middle_rows(0, e), Transpose::yes, of_reads);
      decay_key_gradients(*this, number, d_keys, factors);
      add_score_gradients(*this, queries, number, of_queries, d_readers, d_keys, true);
      add_score_gradients(*this, corrector, number, of_reads, to_reads, d_keys, false);
      for (Index t = e; t-- > s;) {
        const float *q = queries.rows + t * padded, *key = k + t * padded, *dq = d_readers + t * padded, *read = to_reads + t * padded,
                    *write = d_keys + t * padded;
        float *to_q = d.q.row(t), *to_k = d.k.row(t), *to_g = d.g.row(t), *sum = sums;
        const float itself = of_queries(t - s, t);
#pragma omp simd
        for (Index i = 0; i < width; ++i) {
          sum[i] += q[i] * dq[i] + key[i] * read[i] - key[i] * write[i];
          to_g[i] = sum[i];
          to_q[i] = scale * (dq[i] + itself * key[i]);
          to_k[i] = read[i] + write[i] + itself * q[i];
        }
      }
    }
  }
  void advance_gradient(View<const float> d_read, View<float> d_state) const {
    scale_rows(d_state, whole_decay());
    tile(readers(), Transpose::yes, d_read, d_state, 1, true);
  }

 private:
  float *d_readers = nullptr, *d_keys = nullptr, *d_scores = nullptr, *sums = nullptr, *factors = nullptr;
};

}  // namespace rondo
