// What recurrences whose state is a matrix [K, V] a head share: sequences cut into chunks of rows, the states of heads, and how the work is
// divided among threads.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/threads.hpp>
#include <rondo/core/arena.hpp>
#include <rondo/core/sequence.hpp>

namespace rondo {

inline constexpr Index chunk_rows = 64;
[[nodiscard]] constexpr Index chunks_of(Index length) { return (length + chunk_rows - 1) / chunk_rows; }
// Chunk `number` of a sequence: its first row, counted from the sequence's, and its rows.
struct ChunkRows {
  Index begin, rows;
};
[[nodiscard]] constexpr ChunkRows chunk_of(Index length, Index number) {
  return {number * chunk_rows, std::min(chunk_rows, length - number * chunk_rows)};
}

// The state of one head in row s of `states`, as a [K, V] matrix; without data where `states` has none.
template <class T, class Tag>
[[nodiscard]] View<T> head_state(View<T> states, Index s, const Tag& p, Index head) {
  const Index size = p.key_width * p.value_width;
  return {states ? states.row(s) + head * size : nullptr, p.key_width, p.value_width};
}

[[nodiscard]] inline bool any_longer_than_one(Sequences sequences) {
  return std::any_of(sequences.begin(), sequences.end(), [](const Sequence& one) { return one.length != 1; });
}

// Threads for that many tasks, each of them a sequence and some of its heads.
template <class Tag>
[[nodiscard]] Index head_threads(Sequences sequences, const Tag& p, Index tasks) {
  const Index work = longest_sequence(sequences) * std::ssize(sequences) * p.heads * p.key_width * p.value_width;
  return work < 65536 ? 1 : std::clamp<Index>(tasks, 1, thread_count());
}
// act(thread, task); act(thread, number of the sequence, head) for all of them.
template <class Act>
void each_task(Index tasks, [[maybe_unused]] Index threads, Act act) {
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (Index task = 0; task < tasks; ++task) act(thread_number(), task);
}
// Columns of a head's state and values, which forward passes may share among threads: each is independent of the others.
inline constexpr Index value_part = 32;
[[nodiscard]] inline Index value_parts(Index value_width, Index tasks) {
  const Index parts = (value_width + value_part - 1) / value_part;
  return std::clamp<Index>(thread_count() / std::max<Index>(tasks, 1), 1, parts);
}
[[nodiscard]] constexpr Range value_columns(Index value_width, Index parts, Index number) {
  return share_of(value_width, parts, number, value_part);
}

template <class Act>
void each_head_of(Sequences sequences, Index heads, Index threads, Act act) {
  each_task(std::ssize(sequences) * heads, threads, [&](Index thread, Index task) { act(thread, task / heads, task % heads); });
}

}  // namespace rondo
