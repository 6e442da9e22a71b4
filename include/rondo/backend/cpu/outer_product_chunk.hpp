// What the forward and the backward pass of chunked outer-product recurrences with a decay per key channel share: one chunk of one head.
//
//   S_t = diag(exp g_t) S_{t-1} + outer(k_t, v_t)        o_t = c S_t^T q_t
//
// Queries read the states; there may be more such readers (the delta rule's keys).
//
// Rows are counted from the start of the chunk; a_t = exp g_t; a product over an empty range is one. A chunk is cut into
// sub-chunks [s, e) of `subchunk_rows` rows. Everything below is a product of factors a <= 1, so nothing overflows,
// and a product that underflows stands for a contribution that is lost anyway:
//
//   prefix  [n, K]   prod a_u, s <= u <= t             decay from the start of the own sub-chunk, inclusive
//   suffix  [n, K]   prod a_u, t < u < e               decay to the end of the own sub-chunk
//   before  [I, K]   prod a_u, u < s of sub-chunk I    decay from the start of the chunk; row `count` holds the whole chunk's
//   decayed [n, K]   c q_t prefix_t, of each reader
//   keys    [I][j, K] k_j decayed to the start of sub-chunk I, for j < s; entry `count` to the end of the chunk
//   scores  [n, n]   A_ij = c sum_k q_ik k_jk prod a_uk, j < u <= i, for j <= i, of each reader
//
// Rows have `padded` columns, K rounded up to whole registers; the surplus is zero. (Yang et al. 2024, "Gated Linear
// Attention Transformers", section 4.3, with products in place of exponentials of differences.)
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/chunk_product.hpp>
#include <rondo/backend/cpu/head_chunks.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/rows.hpp>
#include <rondo/core/vector_math.hpp>
#include <rondo/core/view.hpp>
#include <rondo/recurrence/outer_product.hpp>

namespace rondo {

inline constexpr Index subchunk_rows = 16;
inline constexpr Index chunk_subchunks = chunk_rows / subchunk_rows;

// partial[i][j] += q_i k_j prod a, j < u <= i, over Registers registers of columns: the running product of one j serves all i.
template <Index Registers>
void add_diagonal_scores(const float* q, const float* k, const float* a, Index stride, Index rows,
                         Lanes (*partial)[subchunk_rows]) {
  for (Index j = 0; j < rows; ++j) {
    Lanes decayed[Registers];
    unrolled<Registers>([&](auto r) { decayed[r] = load_lanes(k + j * stride + r * lane_count); });
    for (Index i = j;;) {
      Lanes sum = partial[i][j];
      unrolled<Registers>([&](auto r) { sum += load_lanes(q + i * stride + r * lane_count) * decayed[r]; });
      partial[i][j] = sum;
      if (++i == rows) break;
      unrolled<Registers>([&](auto r) { decayed[r] *= load_lanes(a + i * stride + r * lane_count); });
    }
  }
}

// scores [rows, rows] = A of one sub-chunk, zero above the diagonal.
inline void diagonal_scores(const float* q, const float* k, const float* a, Index width, Index rows, float* scores,
                            Index stride) {
  constexpr Index wide = 4;
  Lanes partial[subchunk_rows][subchunk_rows] = {};
  Index column = 0;
  for (; column + wide * lane_count <= width; column += wide * lane_count)
    add_diagonal_scores<wide>(q + column, k + column, a + column, width, rows, partial);
  for (; column < width; column += lane_count) add_diagonal_scores<1>(q + column, k + column, a + column, width, rows, partial);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < rows; ++j) scores[i * stride + j] = j <= i ? sum_of(partial[i][j]) : 0.0f;
}

// One head's part of rows [begin, begin + rows): of inputs, or of their gradients.
template <class V>
[[nodiscard]] OuterProduct::Inputs<V> head_rows(const OuterProduct& p, const OuterProduct::Inputs<V>& x, Index head, Index begin,
                                                Index rows) {
  const auto cut = [&](V view, Index width) { return view.middle_rows(begin, rows).middle_columns(head * width, width); };
  return {cut(x.q, p.key_width), cut(x.k, p.key_width), cut(x.g, p.key_width), cut(x.v, p.value_width)};
}

// Rows that read a chunk's states: c q_t.
struct ChunkReader {
  float *rows = nullptr, *decayed = nullptr, *scores = nullptr;
};

// One chunk; the memory is taken once and used for every chunk.
struct OuterProductChunk {
  OuterProductChunk() = default;
  OuterProductChunk(Index key_width, double scale_of_queries, Precision precision, Arena& arena)
      : product{precision}, width(key_width), padded(padded_width(width)), scale(static_cast<float>(scale_of_queries)) {
    for (float** array : {&queries.rows, &k, &a, &prefix, &suffix}) *array = arena.take<float>(chunk_rows * padded);
    take_reader(queries, arena);
    before = arena.take<float>((chunk_subchunks + 1) * padded);
    keys = arena.take<float>((chunk_subchunks + 1) * chunk_rows * padded);
  }
  void take_reader(ChunkReader& reader, Arena& arena) const {
    reader.decayed = arena.take<float>(chunk_rows * padded);
    reader.scores = arena.take<float>(chunk_rows * chunk_rows);
  }

  [[nodiscard]] Index subchunks() const { return (rows + subchunk_rows - 1) / subchunk_rows; }
  [[nodiscard]] Index begin(Index number) const { return number * subchunk_rows; }
  [[nodiscard]] Index end(Index number) const { return std::min(rows, begin(number) + subchunk_rows); }

  [[nodiscard]] View<float> all(float* of) const { return {of, rows, width, padded}; }
  [[nodiscard]] View<float> part(float* of, Index number) const {
    return {of + begin(number) * padded, end(number) - begin(number), width, padded};
  }
  // k decayed to the start of sub-chunk `number` (or, for number == subchunks(), to the end of the chunk).
  [[nodiscard]] float* keys_at(Index number) const { return keys + number * chunk_rows * padded; }
  [[nodiscard]] View<float> earlier_keys(Index number) const {
    return {keys_at(number), std::min(rows, begin(number)), width, padded};
  }
  [[nodiscard]] const float* whole_decay() const { return before + subchunks() * padded; }
  // Row block of the scores: readers of sub-chunk `number` against all rows up to its end.
  [[nodiscard]] View<float> scores_of(const ChunkReader& reader, Index number) const {
    return {reader.scores + begin(number) * chunk_rows, end(number) - begin(number), end(number), chunk_rows};
  }

  // Reads a chunk and forms everything but the scores; without queries, what states need.
  void load(const OuterProduct::Inputs<View<const float>>& inputs) {
    rows = inputs.k.rows;
    for (Index t = 0; t < rows; ++t) {
      const float *from_k = inputs.k.row(t), *from_g = inputs.g.row(t);
      float *to_k = k + t * padded, *to_a = a + t * padded;
#pragma omp simd
      for (Index i = 0; i < width; ++i) to_a[i] = exponential(from_g[i]);
      std::copy_n(from_k, width, to_k);
      std::fill_n(to_a + width, padded - width, 0.0f);
      std::fill_n(to_k + width, padded - width, 0.0f);
    }
    if (inputs.q)
      for (Index t = 0; t < rows; ++t) {
        const float* from = inputs.q.row(t);
        float* to = queries.rows + t * padded;
#pragma omp simd
        for (Index i = 0; i < width; ++i) to[i] = scale * from[i];
        std::fill_n(to + width, padded - width, 0.0f);
      }
    std::fill_n(before, padded, 1.0f);
    for (Index number = 0; number < subchunks(); ++number) decay_subchunk(number);
    if (!inputs.q) return;
    form_prefix();
    decay(queries);
  }
  void form_prefix() {
    for (Index number = 0; number < subchunks(); ++number) {
      const Index s = begin(number);
      std::copy_n(a + s * padded, padded, prefix + s * padded);
      for (Index t = s + 1; t < end(number); ++t)
        multiply_elements(prefix + (t - 1) * padded, a + t * padded, prefix + t * padded, padded);
    }
  }
  void decay(const ChunkReader& reader) const { multiply_elements(reader.rows, prefix, reader.decayed, rows * padded); }

  void form_scores(const ChunkReader& reader) const {
    for (Index number = 0; number < subchunks(); ++number) {
      const Index s = begin(number), e = end(number);
      const View<float> block = scores_of(reader, number);
      if (s > 0)
        product(part(reader.decayed, number), Transpose::no, earlier_keys(number), Transpose::yes, block.middle_columns(0, s));
      diagonal_scores(reader.rows + s * padded, k + s * padded, a + s * padded, padded, e - s, block.data + s, block.stride);
    }
  }

  // to [n, K] = c q_t prod a_u, u <= t, from the start of the chunk, of a reader's decayed rows (or gradients of such, back to its
  // rows' start). `to` may be any of the arrays.
  void decay_from_start(const float* from, float* to) const {
    for (Index number = 0; number < subchunks(); ++number)
      for (Index t = begin(number); t < end(number); ++t)
        multiply_elements(from + t * padded, before + number * padded, to + t * padded, padded);
  }

  // state [K, V] = diag(decay of the chunk) state + keys^T v
  void advance(View<float> state, View<const float> v) const {
    scale_rows(state, whole_decay());
    bring_keys(state, v, 1);
  }
  // state [K, V] = beta state + keys^T v
  void bring_keys(View<float> state, View<const float> v, float beta) const {
    product(all(keys_at(subchunks())), Transpose::yes, v, Transpose::no, state, 1, beta);
  }
  // The same for transposed states [V, K], from one memory to another.
  void advance_transposed(View<const float> from, View<float> to, View<const float> v) const {
    const float* decay = whole_decay();
    for (Index i = 0; i < to.rows; ++i) {
      const float* row = from.row(i);
      float* to_row = to.row(i);
#pragma omp simd
      for (Index j = 0; j < to.columns; ++j) to_row[j] = row[j] * decay[j];
    }
    product(v, Transpose::yes, all(keys_at(subchunks())), Transpose::no, to, 1, 1);
  }

  ChunkProduct product;
  Index width = 0, padded = 0, rows = 0;
  float scale = 1;
  ChunkReader queries;
  float *k = nullptr, *a = nullptr, *prefix = nullptr, *suffix = nullptr, *before = nullptr, *keys = nullptr;

 private:
  void decay_subchunk(Index number) {
    const Index s = begin(number), e = end(number);
    std::fill_n(suffix + (e - 1) * padded, padded, 1.0f);
    for (Index t = e - 1; t-- > s;)
      multiply_elements(suffix + (t + 1) * padded, a + (t + 1) * padded, suffix + t * padded, padded);
    // a_s suffix_s is the decay of the whole sub-chunk.
    float* through = before + (number + 1) * padded;
    multiply_elements(a + s * padded, suffix + s * padded, through, padded);
    const float* from = keys_at(number);
    float* to = keys_at(number + 1);
    for (Index j = 0; j < s; ++j) multiply_elements(from + j * padded, through, to + j * padded, padded);
    multiply_elements(k + s * padded, suffix + s * padded, to + s * padded, (e - s) * padded);
    multiply_elements(through, before + number * padded, through, padded);
  }
};

}  // namespace rondo
