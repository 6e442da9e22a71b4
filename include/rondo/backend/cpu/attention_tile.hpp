// What the forward and backward of attention share: sizes, the rows of one sequence and head, and the walk over tiles
// of keys that a tile of queries sees.
//
// Tiles are `attention_lanes` queries wide. Keys come `attention_keys` at a time, and on the diagonal `diagonal_keys` at a
// time for those lanes only that see any of them, so that little is computed that the causal mask throws away.
#pragma once

#include <algorithm>
#include <limits>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/small_product.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>
#include <rondo/core/view.hpp>

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
[[nodiscard]] View<T> cache_rows(const AttentionSizes& sizes, View<T> cache, const Sequence& sequence, Index s, Index head) {
  if (!cache) return {nullptr, 0, sizes.head_width};
  return {cache.row(s) + head * sizes.head_width, sequence.position, sizes.head_width, sizes.key_value_heads * sizes.head_width};
}

// What query head `head` of sequence s attends with and to.
struct AttentionSequence {
  View<const float> queries;  // [length, d]
  PastAndPresent<const float> keys, values;

  AttentionSequence(const AttentionSizes& sizes, const Sequence& sequence, Index s, Index head, View<const float> q,
                    View<const float> k, View<const float> v, View<const float> past_keys, View<const float> past_values) {
    const Index d = sizes.head_width, source = head / (sizes.heads / sizes.key_value_heads);
    queries = q.middle_rows(sequence.begin, sequence.length).middle_columns(head * d, d);
    keys = {cache_rows(sizes, past_keys, sequence, s, source),
            k.middle_rows(sequence.begin, sequence.length).middle_columns(source * d, d)};
    values = {cache_rows(sizes, past_values, sequence, s, source),
              v.middle_rows(sequence.begin, sequence.length).middle_columns(source * d, d)};
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
void for_each_key_tile(const AttentionSizes& sizes, Index past, Index first, Index count, Body&& body) {
  const Index diagonal = past + first, end = diagonal + count;
  Index begin = sizes.window > 0 ? std::max<Index>(0, diagonal - sizes.window + 1) : 0;
  while (begin < end) {
    Index stop = begin < diagonal ? std::min(begin + attention_keys, diagonal) : std::min(begin + diagonal_keys, end);
    if (begin < past) stop = std::min(stop, past);
    const Index lane = begin < diagonal ? 0 : (begin - diagonal) / diagonal_keys * diagonal_keys;
    body(AttentionKeyTile{begin, stop - begin, lane, diagonal, sizes.window});
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

inline void check_attention(Sequences sequences, const AttentionSizes& sizes, View<const float> q, View<const float> k,
                            View<const float> v, View<const float> past_keys, View<const float> past_values) {
  const Index width = sizes.heads * sizes.head_width, kv_width = sizes.key_value_heads * sizes.head_width;
  require(sizes.key_value_heads > 0 && sizes.heads % sizes.key_value_heads == 0, "attention: ", sizes.heads,
          " heads do not divide among ", sizes.key_value_heads, " key/value heads");
  require(q.columns == width, "attention: queries are ", q.columns, " wide, heads x head width is ", width);
  require(k.columns == kv_width && v.columns == kv_width, "attention: keys and values are ", k.columns, " and ", v.columns,
          " wide, key/value heads x head width is ", kv_width);
  require(k.rows == q.rows && v.rows == q.rows, "attention: ", q.rows, " queries, ", k.rows, " keys, ", v.rows, " values");
  require((past_keys.data == nullptr) == (past_values.data == nullptr), "attention: a past of keys needs one of values");
  if (!past_keys) return;
  for (const Sequence& sequence : sequences)
    require(sequence.position * kv_width <= past_keys.columns && sequence.position * kv_width <= past_values.columns,
            "attention: a sequence at position ", sequence.position, " needs a cache of ", sequence.position * kv_width,
            " numbers, has ", std::min(past_keys.columns, past_values.columns));
}

}  // namespace rondo
