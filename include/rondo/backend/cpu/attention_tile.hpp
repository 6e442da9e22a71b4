// What the forward and backward of attention share: the rows of one sequence and head, and the walk over tiles
// of keys that a tile of queries sees.
//
// Tiles are `attention_lanes` queries wide. Keys come `attention_keys` at a time, and on the diagonal `diagonal_keys` at a
// time for those lanes only that see any of them, so that little is computed that the causal mask throws away.
#pragma once

#include <algorithm>
#include <limits>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo {

inline constexpr Index attention_lanes = 64;
inline constexpr Index attention_keys = 64;
inline constexpr Index diagonal_keys = std::max<Index>(16, tile_columns);
inline constexpr float attention_lowest = -1e30F;  // below every score, but finite

[[nodiscard]] constexpr Index padded_lanes(Index count) {
  return (count + diagonal_keys - 1) / diagonal_keys * diagonal_keys;
}

// Rows of the past followed by rows of this pass.
template <class T>
struct PastAndPresent {
  View<T> past;
  View<T> present;
  [[nodiscard]] Index count() const { return past.rows + present.rows; }
  [[nodiscard]] View<T> rows(Index begin, Index count) const {
    return begin < past.rows ? past.middle_rows(begin, count) : present.middle_rows(begin - past.rows, count);
  }
  [[nodiscard]] T* row(Index r) const { return r < past.rows ? past.row(r) : present.row(r - past.rows); }
};

// Entries of sequence s and one key/value head in a cache [sequences, capacity key_value_heads d], as rows.
template <class T>
[[nodiscard]] View<T> cache_rows(const SoftmaxAttention& p, View<T> cache, const Sequence& sequence, Index s, Index head) {
  if (!cache) return {nullptr, 0, p.head_width};
  return {cache.row(s) + head * p.head_width, sequence.position, p.head_width, p.key_value_heads * p.head_width};
}

// What query head `head` of sequence s attends with and to.
struct AttentionSequence {
  View<const float> queries;  // [length, d]
  PastAndPresent<const float> keys, values;

  // Of a pass, forward or backward.
  AttentionSequence(const auto& pass, Index s, Index head) {
    const SoftmaxAttention& p = pass.tag;
    const Sequence& sequence = pass.sequences[static_cast<std::size_t>(s)];
    const auto past = or_none(pass.carried.initial);
    const Index d = p.head_width, source = head / (p.heads / p.key_value_heads);
    const auto part = [&](View<const float> x, Index number) {
      return x.middle_rows(sequence.begin, sequence.length).middle_columns(number * d, d);
    };
    queries = part(pass.in.q, head);
    keys = {cache_rows<const float>(p, past.keys, sequence, s, source), part(pass.in.k, source)};
    values = {cache_rows<const float>(p, past.values, sequence, s, source), part(pass.in.v, source)};
  }
};

// Keys [begin, begin + count) for the lanes from first_lane on.
struct AttentionKeyTile {
  Index begin = 0;
  Index count = 0;
  Index first_lane = 0;
  Index first_query = 0;  // the place of lane 0 among the keys
  Index window = 0;

  // scores [keys, lanes], row length attention_lanes: -infinity where a query does not see a key.
  void mask(float* scores, Index lanes) const {
    const bool behind = begin + count - 1 <= first_query + first_lane;
    const bool near = window == 0 || first_query + lanes - begin <= window;
    if (behind && near) return;
    constexpr float never = -std::numeric_limits<float>::infinity();
    for (Index u = 0; u < count; ++u) {
      float* row = scores + u * attention_lanes;
      const Index diagonal = begin + u - first_query;  // the lane of the same token
      std::fill(row + first_lane, row + std::clamp(diagonal, first_lane, lanes), never);
      if (window > 0) std::fill(row + std::clamp(diagonal + window, first_lane, lanes), row + lanes, never);
    }
  }
};

template <class Body>
void for_each_key_tile(const SoftmaxAttention& p, Index past, Index first, Index count, Body&& body) {
  const Index diagonal = past + first, end = diagonal + count;
  Index begin = p.window > 0 ? std::max<Index>(0, diagonal - p.window + 1) : 0;
  while (begin < end) {
    Index stop = begin < diagonal ? std::min(begin + attention_keys, diagonal) : std::min(begin + diagonal_keys, end);
    if (begin < past) stop = std::min(stop, past);
    const Index lane = begin < diagonal ? 0 : (begin - diagonal) / diagonal_keys * diagonal_keys;
    body(AttentionKeyTile{begin, stop - begin, lane, diagonal, p.window});
    begin = stop;
  }
}

// to [rows, d] = x without gaps: rows a power of two apart share few places of the cache.
inline View<const float> copied_rows(View<const float> x, float* to) {
  for (Index r = 0; r < x.rows; ++r) std::copy_n(x.row(r), x.columns, to + r * x.columns);
  return {to, x.rows, x.columns};
}

// to [d, lanes] = scale x^T, x [count, d]; lanes from count on are zero.
inline void transpose_rows(View<const float> x, float scale, float* to, Index lanes) {
  constexpr Index L = attention_lanes;
  const Index d = x.columns, whole = d % 8 == 0 ? x.rows / 8 * 8 : 0;
  for (Index j = 0; j < whole; j += 8)
    for (Index c = 0; c < d; c += 8) transpose_8x8(x.row(j) + c, x.stride, to + c * L + j, L);
  for (Index j = whole; j < x.rows; ++j)
    for (Index c = 0; c < d; ++c) to[c * L + j] = x(j, c);
  for (Index c = 0; c < d; ++c) {
    std::fill(to + c * L + x.rows, to + c * L + lanes, 0.0F);
    if (scale != 1)
#pragma omp simd
      for (Index j = 0; j < lanes; ++j) to[c * L + j] *= scale;
  }
}

// x [count, d] = from [d, lanes] transposed.
inline void transpose_back(const float* from, View<float> x) {
  constexpr Index L = attention_lanes;
  const Index d = x.columns, whole = d % 8 == 0 ? x.rows / 8 * 8 : 0;
  for (Index j = 0; j < whole; j += 8)
    for (Index c = 0; c < d; c += 8) transpose_8x8(from + c * L + j, L, x.row(j) + c, x.stride);
  for (Index j = whole; j < x.rows; ++j)
    for (Index c = 0; c < d; ++c) x(j, c) = from[c * L + j];
}

}  // namespace rondo
