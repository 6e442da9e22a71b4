// What the forward and the backward pass of the outer product with one decay a head share (rondo/recurrence/scalar_outer_product.hpp).
//
//   products [chunk][group][n, n]   c q_i . k_j for j <= i: the same for all heads of a group, so formed once
//   one head's decay in a chunk     weights, through: scalar_decay_chunk.hpp
//
// Chunks are those of all sequences, numbered one after the other.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/chunk_product.hpp>
#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/scalar_decay_chunk.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>

namespace rondo {

using ScalarOuterProductRows = ScalarOuterProduct::Inputs<View<const float>>;

// One head's part of rows [begin, begin + rows).
inline ScalarOuterProductRows head_rows(const ScalarOuterProduct& p, const ScalarOuterProductRows& in, Index head, ChunkRows at) {
  const Index K = p.key_width, V = p.value_width, keys = head / (p.heads / p.groups) * K;
  const auto cut = [&](View<const float> view, Index column, Index width) {
    return view.middle_rows(at.begin, at.rows).middle_columns(column, width);
  };
  return {cut(in.q, keys, K), cut(in.k, keys, K), cut(in.g, head, 1), cut(in.w, head, 1), cut(in.v, head * V, V)};
}

// The chunks of all sequences and what each of them needs for a group of heads.
class GroupChunks {
 public:
  GroupChunks(Sequences sequences, const ScalarOuterProduct& p, Precision precision, Arena& scratch) : product{precision}, p_(p) {
    first_ = scratch.take<Index>(std::ssize(sequences) + 1);
    first_[0] = 0;
    for (std::size_t s = 0; s < sequences.size(); ++s) first_[s + 1] = first_[s] + chunks_of(sequences[s].length);
    count_ = first_[sequences.size()];
    rows_ = scratch.take<ChunkRows>(count_);
    Index number = 0;
    for (const Sequence& sequence : sequences)
      for (Index chunk = 0; chunk < chunks_of(sequence.length); ++chunk) {
        const auto [begin, rows] = chunk_of(sequence.length, chunk);
        rows_[number++] = {sequence.begin + begin, rows};
      }
    products_ = scratch.take<float>(count_ * p.groups * chunk_rows * chunk_rows);
  }

  [[nodiscard]] Index count() const { return count_; }
  [[nodiscard]] Index groups() const { return p_.groups; }
  // The number of a sequence's first chunk.
  [[nodiscard]] Index first(Index sequence) const { return first_[sequence]; }
  [[nodiscard]] ChunkRows rows(Index chunk) const { return rows_[chunk]; }
  [[nodiscard]] View<float> products(Index chunk, Index group) const { return matrix_of(products_, chunk, group); }
  // Of an array of such matrices.
  [[nodiscard]] View<float> matrix_of(float* matrices, Index chunk, Index group) const {
    const Index rows = rows_[chunk].rows;
    return {matrices + (chunk * p_.groups + group) * chunk_rows * chunk_rows, rows, rows, chunk_rows};
  }

  // act(chunk, group) for all of them, shared among threads.
  template <class Act>
  void each(Act act) const {
    const Index tasks = count_ * p_.groups;
    [[maybe_unused]] const Index threads = tasks * chunk_rows * chunk_rows * p_.key_width < 65536 ? 1 : std::min(tasks, thread_count());
#pragma omp parallel for schedule(static) num_threads(static_cast <int>(threads)) if (threads > 1)
    for (Index task = 0; task < tasks; ++task) act(task / p_.groups, task % p_.groups);
  }
  // The rows of a chunk, the columns of a group.
  template <class T>
  [[nodiscard]] View<T> part(View<T> view, Index chunk, Index group) const {
    return view.middle_rows(rows_[chunk].begin, rows_[chunk].rows).middle_columns(group * p_.key_width, p_.key_width);
  }
  void form_products(View<const float> q, View<const float> k, Index chunk, Index group) const {
    const View<const float> queries = part(q, chunk, group), keys = part(k, chunk, group);
    const View<float> to = products(chunk, group);
    each_triangle_block(to.rows, [&](Index begin, Index end, bool) {
      product(queries.middle_rows(begin, end - begin), Transpose::no, keys.middle_rows(0, end), Transpose::yes,
                    to.middle_rows(begin, end - begin).middle_columns(0, end), static_cast<float>(p_.scale));
    });
  }

  ChunkProduct product;

 private:
  const ScalarOuterProduct& p_;
  Index* first_ = nullptr;
  Index count_ = 0;
  ChunkRows* rows_ = nullptr;
  float* products_ = nullptr;
};

}  // namespace rondo
