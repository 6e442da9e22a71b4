// Causal softmax attention (rondo/recurrence/softmax_attention.hpp) without a matrix of tokens by tokens, forward (Dao 2023,
// "FlashAttention-2"). A team takes 64 queries of a head and walks over tiles of 64 keys that any of them sees:
//
//   S = scale Q K^T;  m' = max(m, rowmax S);  P = exp(S - m');  l = l exp(m - m') + rowsum P;  O = O exp(m - m') + P V
//
// and ends with O / l and log_sum = m + log l. Keys and values are those of a sequence's cache, then its own rows. Masked entries are set
// to zero after the exponential, never multiplied by it. The backward passes are in attention_gradient.hpp.
#pragma once

#include <limits>

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/linear_chunk.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

namespace rondo::kernel {

inline constexpr int attention_rows = 64, attention_threads = 128;  // a warp for 16 rows

// The keys and values of sequences: `past` cached entries, then rows.
template <class E>
struct AttentionKeys {
  View<const Sequence> sequences;
  View<const E> keys, values;                // [tokens, key_value_heads d]
  View<const E> cached_keys, cached_values;  // [sequences, capacity key_value_heads d]; may be absent
  int heads, group, d;                       // group: query heads a key head
  int window;
  float scale;
  bool packs;

  [[nodiscard]] RONDO_ANYWHERE int past(int s) const { return cached_keys ? static_cast<int>(sequences(0, s).position) : 0; }
  // Whether the query of token t, behind so many entries, sees entry j.
  [[nodiscard]] RONDO_ANYWHERE bool sees(int past, int t, int j) const { return j <= past + t && (window <= 0 || j > past + t - window); }
  // tile = entries first .. first + count - 1 of a sequence and key head.
  template <class Team, class T>
  RONDO_KERNEL void fetch_entries(Team& team, T& tile, const View<const E>& rows, const View<const E>& cache, int s, int first, int count,
                                  int head) const {
    const int before = past(s), begin = static_cast<int>(sequences(0, s).begin), all = heads / group;
    if (first >= before) {
      fetch(team, tile, count, head_rows(rows, begin + first - before, count, head, d), packs);
      return;
    }
    team.each(T::rows * T::columns, [&](int i) {
      const int j = i / T::columns, c = i % T::columns;
      if (j >= count || c >= d)
        tile(j, c) = E{};
      else if (first + j < before)
        tile(j, c) = cache(s, (static_cast<Index>(first + j) * all + head) * d + c);
      else
        tile(j, c) = rows(begin + first + j - before, head * d + c);
    });
  }
  template <class Team, class T>
  RONDO_KERNEL void fetch_keys(Team& team, T& tile, int s, int first, int count, int head) const {
    fetch_entries(team, tile, keys, cached_keys, s, first, count, head);
  }
  template <class Team, class T>
  RONDO_KERNEL void fetch_values(Team& team, T& tile, int s, int first, int count, int head) const {
    fetch_entries(team, tile, values, cached_values, s, first, count, head);
  }
  // The first entry of the first tile that any of these queries sees, and the number of entries up to the last one's own.
  [[nodiscard]] RONDO_ANYWHERE int first_seen(int past, int t) const {
    const int first = window > 0 && past + t - window + 1 > 0 ? past + t - window + 1 : 0;
    return first / attention_rows * attention_rows;
  }
};

template <class E, int D>
struct Attention {
  static constexpr int n = attention_rows, threads = attention_threads;
  AttentionKeys<E> in;
  View<const Chunk> chunks;  // of queries
  View<const E> q;
  View<E> o;
  View<float> log_sum;  // may be absent

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, D> q, k, v;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int head = team.number() % in.heads, key_head = head / in.group;
    const Chunk chunk = chunks(0, team.number() / in.heads);
    const int s = chunk.sequence, t0 = chunk.number * n, past = in.past(s), entries = past + t0 + chunk.rows;
    auto& m = team.template memory<Memory<Team>>();
    fetch(team, m.q, chunk.rows, head_rows(q, chunk.first, chunk.rows, head, in.d), in.packs);

    constexpr float lowest = -std::numeric_limits<float>::infinity();
    typename Team::template Accumulator<n, D> out;
    typename Team::template Rows<n> highest, sum;
    team.clear(out);
    team.each(highest, [](int, float& value) { value = lowest; });
    team.each(sum, [](int, float& value) { value = 0; });
    for (int j0 = in.first_seen(past, t0); j0 < entries; j0 += n) {
      const int count = entries - j0 < n ? entries - j0 : n;
      in.fetch_keys(team, m.k, s, j0, count, key_head);
      in.fetch_values(team, m.v, s, j0, count, key_head);
      team.template arrived<0>();
      team.sync();
      const auto masked = [&](int i, int j) { return j >= count || !in.sees(past, t0 + i, j0 + j); };
      typename Team::template Accumulator<n, n> scores;
      team.clear(scores);
      team.multiply(scores, m.q, transposed(m.k));
      const auto of_tile = team.row_maxima(scores, [&](int i, int j, float value) { return masked(i, j) ? lowest : value * in.scale; });
      auto correction = highest;
      team.each(correction, [&](int i, float& value) { value = of_tile(i) > value ? exponential(value - of_tile(i)) : 1.0F; });
      team.each(highest, [&](int i, float& value) { value = of_tile(i) > value ? of_tile(i) : value; });
      team.each(scores, [&](int i, int j, float& value) { value = masked(i, j) ? 0.0F : exponential(value * in.scale - highest(i)); });
      const auto more = team.row_sums(scores, [](int, int, float value) { return value; });
      team.each(sum, [&](int i, float& value) { value = value * correction(i) + more(i); });
      team.each(out, [&](int i, int, float& value) { value *= correction(i); });
      team.multiply(out, team.template operand<E>(scores), m.v);
      team.sync();
    }
    team.each(out, [&](int i, int c, float& value) {
      if (i < chunk.rows && c < in.d) o(chunk.first + i, head * in.d + c) = narrow<E>(value / sum(i));
    });
    team.each(sum, [&](int i, float value) {
      if (log_sum && i < chunk.rows) log_sum(chunk.first + i, head) = highest(i) + logarithm(value);
    });
  }
};

// final = initial with the sequence's rows behind its first `position` entries, element by element of a cache's row.
template <class E>
struct ExtendCache {
  View<const Sequence> sequences;
  View<const E> rows, initial;
  View<E> final;
  RONDO_ANYWHERE void operator()(Index s, Index i) const {
    const Sequence& sequence = sequences(0, s);
    const Index entry = i / rows.columns;
    if (entry < sequence.position)
      final(s, i) = initial ? initial(s, i) : E{};
    else if (entry < sequence.position + sequence.length)
      final(s, i) = rows(sequence.begin + entry - sequence.position, i % rows.columns);
  }
};
// And its transpose, added to the gradients of the rows and of the cache before them.
template <class E>
struct ExtendCacheGradient {
  View<const Sequence> sequences;
  View<const E> d_final;
  View<E> d_rows, d_initial;
  RONDO_ANYWHERE void operator()(Index s, Index i) const {
    const Sequence& sequence = sequences(0, s);
    const Index entry = i / d_rows.columns;
    if (entry < sequence.position) {
      if (d_initial) store(d_initial(s, i), number(d_initial(s, i)) + number(d_final(s, i)));
    } else if (entry < sequence.position + sequence.length) {
      E& to = d_rows(sequence.begin + entry - sequence.position, i % d_rows.columns);
      store(to, number(to) + number(d_final(s, i)));
    }
  }
};

}  // namespace rondo::kernel
