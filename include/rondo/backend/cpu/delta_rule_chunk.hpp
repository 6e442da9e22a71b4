// What the forward and the backward pass of the chunked delta rule share: one chunk of one head (rondo/recurrence/delta_rule.hpp).
//
//   E = V - reads S - M U,  U = diag(beta) E        row after row: what a token writes depends on what those before it have written
//   O = queries S + A U                             S = diag(whole decay) S + keys^T U
//
// with S the chunk's first state, then its last one, and D_ij the product of the decays after row j up to row i:
//
//   A_ij = c sum_k q_ik D_ijk k_jk, j <= i         M_ij = sum_k k_ik D_ijk k_jk, j < i       the two readers of the states, q and k
//   queries, reads: c q, k decayed from the start of the chunk;   keys: k decayed to its end
//
// Matrices of both readers lie one below the other, [2 n, ...]: first what belongs to the queries. A reader is named by its first row.
//
// Yang et al. 2024, section 3.2 (the WY form), with triangles in place of its inverse; decays are products (outer_product_chunk.hpp).
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/direct_product.hpp>
#include <rondo/backend/cpu/outer_product_chunk.hpp>
#include <rondo/backend/cpu/scalar_decay_chunk.hpp>
#include <rondo/recurrence/delta_rule.hpp>

namespace rondo {

using DeltaRows = DeltaRule::Inputs<View<const float>>;

// One head's part of rows [begin, begin + rows): of inputs, or of their gradients.
template <class V>
[[nodiscard]] DeltaRule::Inputs<V> head_rows(const DeltaRule& p, const DeltaRule::Inputs<V>& x, Index head, Index begin, Index rows) {
  const auto cut = [&](auto view, Index column, Index width) { return view.middle_rows(begin, rows).middle_columns(column, width); };
  const Index K = p.key_width;
  DeltaRule::Inputs<V> result{cut(x.q, p.keys_of(head), K), cut(x.k, p.keys_of(head), K), {}, cut(x.beta, head, 1),
                              cut(x.v, head * p.value_width, p.value_width)};
  if (p.decays > 0) result.g = cut(x.g, head * p.decays, p.decays);
  return result;
}

// Rows of one sub-chunk: x_i -= sum_j M_ij y_j, y_i = beta_i x_i, over the rows j before i; with Transpose::yes M is transposed and rows go
// from the last to the first.
template <Transpose Order, Index Registers>
void substitute_rows(const float* M, Index stride, const float* beta, Index rows, float* x, float* y, Index columns) {
  for (Index number = 0; number < rows; ++number) {
    const Index i = Order == Transpose::no ? number : rows - 1 - number;
    Lanes sum[Registers];
    unrolled<Registers>([&](auto r) { sum[r] = load_lanes(x + i * columns + r * lane_count); });
    for (Index before = 0; before < number; ++before) {
      const Index j = Order == Transpose::no ? before : rows - 1 - before;
      const Lanes weight = all_lanes(Order == Transpose::no ? M[i * stride + j] : M[j * stride + i]);
      unrolled<Registers>([&](auto r) { sum[r] -= weight * load_lanes(y + j * columns + r * lane_count); });
    }
    const Lanes factor = all_lanes(beta[i]);
    unrolled<Registers>([&](auto r) {
      store_lanes(x + i * columns + r * lane_count, sum[r]);
      store_lanes(y + i * columns + r * lane_count, factor * sum[r]);
    });
  }
}
// The same for all rows of a chunk; rows of x and y are whole registers apart.
template <Transpose Order>
void substitute(const TileProduct& product, View<const float> M, const float* beta, View<float> x, View<float> y) {
  const Index subchunks = (x.rows + subchunk_rows - 1) / subchunk_rows;
  for (Index number = 0; number < subchunks; ++number) {
    const Index s = (Order == Transpose::no ? number : subchunks - 1 - number) * subchunk_rows, e = std::min(x.rows, s + subchunk_rows);
    if (number > 0) {
      const Range done = Order == Transpose::no ? Range{0, s} : Range{e, x.rows};
      const View<const float> between = Order == Transpose::no ? M.middle_rows(s, e - s).middle_columns(0, s)
                                                               : M.middle_rows(e, x.rows - e).middle_columns(s, e - s);
      product(between, Order, y.middle_rows(done.begin, done.end - done.begin), x.middle_rows(s, e - s), -1, true);
    }
    constexpr Index wide = 4;
    const auto within = [&](auto registers, Index column) {
      substitute_rows<Order, registers>(M.row(s) + s, M.stride, beta + s, e - s, x.row(s) + column, y.row(s) + column, x.stride);
    };
    Index column = 0;
    for (; column + wide * lane_count <= x.stride; column += wide * lane_count) within(std::integral_constant<Index, wide>{}, column);
    for (; column < x.stride; column += lane_count) within(std::integral_constant<Index, 1>{}, column);
  }
}

// A chunk of a head with one decay, or none; the memory is taken once and used for every chunk. The decay is that of rows of values, and a
// factor of each score.
struct HeadDeltaChunk {
  HeadDeltaChunk() = default;
  HeadDeltaChunk(const DeltaRule& p, Precision precision, Arena& arena)
      : product{precision}, width(p.key_width), scale(static_cast<float>(p.scale)), decay(arena) {
    readers_memory = arena.take<float>(2 * chunk_rows * width);
    keys_by_column = arena.take<float>(width * chunk_rows);
    scores_memory = arena.take<float>(2 * chunk_rows * chunk_rows);
    values = arena.take<float>(2 * chunk_rows * p.value_width);
  }

  // Without queries, what states need.
  void load(const DeltaRows& in) {
    rows = in.k.rows;
    first = in.q ? 0 : rows;
    decay.open(rows, in.g, {}, false);
    for (Index t = 0; t < rows; ++t) {
      if (in.q) scale_row(scale, in.q.row(t), readers().row(t), width);
      std::copy_n(in.k.row(t), width, readers().row(rows + t));
    }
    transpose_matrix(in.k, by_column());
    each_triangle_block(rows, [&](Index begin, Index end, bool) {
      for (Index reader = first; reader < 2 * rows; reader += rows) {
        const View<float> block = scores_memory_of(reader).middle_rows(begin, end - begin).middle_columns(0, end);
        product(readers().middle_rows(reader + begin, end - begin), Transpose::no, by_column().middle_columns(0, end), block, 1, false);
        for (Index t = begin; t < end; ++t) {
          const float* weight = decay.weights().row(t);
          float* score = block.row(t - begin);
#pragma omp simd
          for (Index j = 0; j < end; ++j) score[j] *= weight[j];
          if (reader == rows) score[t] = 0;
        }
      }
    });
  }
  [[nodiscard]] View<const float> scores() const { return scores_memory_of(0); }
  [[nodiscard]] View<const float> corrections() const { return scores_memory_of(rows); }

  // to [2 n, V]: what the readers find of the first state.
  void read(View<const float> state, View<float> to) const {
    const View<float> found = to.middle_rows(first, 2 * rows - first);
    product(readers().middle_rows(first, 2 * rows - first), Transpose::no, state, found, 1, false);
    for (Index t = first; t < 2 * rows; ++t) scale_row(decay.through[t % rows], to.row(t), to.row(t), to.columns);
  }
  void advance(View<float> state, View<const float> u) const {
    const View<float> scaled{values, rows, u.columns};
    for (Index t = 0; t < rows; ++t) scale_row(decay.to_end()[t], u.row(t), scaled.row(t), u.columns);
    for (Index i = 0; i < width; ++i) scale_row(decay.whole(), state.row(i), state.row(i), state.columns);
    product(by_column(), Transpose::no, scaled, state, 1, true);
  }

  [[nodiscard]] View<float> readers() const { return {readers_memory, 2 * rows, width}; }
  [[nodiscard]] View<float> by_column() const { return {keys_by_column, width, rows, chunk_rows}; }
  [[nodiscard]] View<float> scores_memory_of(Index reader) const {
    return {scores_memory + (reader == 0 ? 0 : chunk_rows * chunk_rows), rows, rows, chunk_rows};
  }

  TileProduct product;
  Index width = 0, rows = 0, first = 0;
  float scale = 1;
  HeadDecay decay;
  float *readers_memory = nullptr, *keys_by_column = nullptr, *scores_memory = nullptr, *values = nullptr;
};

// A chunk of a head with a decay a channel.
struct ChannelDeltaChunk : OuterProductChunk {
  ChannelDeltaChunk() = default;
  ChannelDeltaChunk(const DeltaRule& p, Precision precision, Arena& arena)
      : OuterProductChunk(p.key_width, p.scale, precision, arena), tile{precision} {
    corrector.rows = k;
    take_reader(corrector, arena);
    readers_memory = arena.take<float>(2 * chunk_rows * padded);
  }

  void load(const DeltaRows& in) {
    OuterProductChunk::load({in.q, in.k, in.g, in.v});
    first = in.q ? 0 : rows;
    if (in.q)
      load_reader(queries, 0);
    else
      form_prefix();
    decay(corrector);
    load_reader(corrector, rows);
    for (Index t = 0; t < rows; ++t) corrector.scores[t * chunk_rows + t] = 0;
  }
  [[nodiscard]] View<const float> scores() const { return {queries.scores, rows, rows, chunk_rows}; }
  [[nodiscard]] View<const float> corrections() const { return {corrector.scores, rows, rows, chunk_rows}; }

  void read(View<const float> state, View<float> to) const {
    tile(readers().middle_rows(first, 2 * rows - first), Transpose::no, state, to.middle_rows(first, 2 * rows - first), 1, false);
  }
  void advance(View<float> state, View<const float> u) const { OuterProductChunk::advance(state, u); }
  [[nodiscard]] View<float> readers() const { return {readers_memory, 2 * rows, width, padded}; }

  TileProduct tile;
  ChunkReader corrector;
  Index first = 0;
  float* readers_memory = nullptr;  // decayed from the start of the chunk

 private:
  void load_reader(const ChunkReader& reader, Index row) {
    form_scores(reader);
    for (Index number = 0; number < subchunks(); ++number)
      for (Index t = begin(number); t < end(number); ++t)
        std::fill_n(reader.scores + t * chunk_rows + end(number), rows - end(number), 0.0F);
    decay_from_start(reader.decayed, readers_memory + row * padded);
  }
};

// E and U of a chunk, and, in `from_state` [2 n, V], what the readers find of its first state; without data a zero state.
template <class Chunk>
void form_errors(const Chunk& chunk, const TileProduct& product, const DeltaRows& in, View<const float> state, View<float> from_state,
                 View<float> errors, View<float> u) {
  float beta[chunk_rows];
  if (state) chunk.read(state, from_state);
  for (Index t = 0; t < u.rows; ++t) {
    beta[t] = in.beta(t, 0);
    const float *value = in.v.row(t), *found = from_state.row(u.rows + t);
    float* error = errors.row(t);
#pragma omp simd
    for (Index j = 0; j < u.columns; ++j) error[j] = state ? value[j] - found[j] : value[j];
  }
  substitute<Transpose::no>(product, chunk.corrections(), beta, errors, u);
}

}  // namespace rondo
