// What chunked kernels of the outer-product recurrence share: a chunk of n rows of a sequence and head in shared memory, and its scores.
//
//   A_ij = c sum_k q_ik k_jk prod a, j+1..i        j <= i, lower triangle; a = exp g
//
// in blocks of 16 rows I = [s, e): of earlier rows j < s as a product of tiles, (c q_i prod a, s..i) . (k_j prod a, j+1..s-1); within the
// block by elements, the key's running product serving all i. Decays are multiplied, never subtracted as sums of logarithms: exponentials
// of differences of cumulated sums forget the small decays that follow a large one.
#pragma once

#include <vector>

#include <rondo/backend/kernel/elementwise.hpp>
#include <rondo/backend/kernel/work.hpp>

namespace rondo::kernel {

// Rows of a sequence that a team takes at once; head h of them is at its columns.
struct Chunk {
  int sequence, first, rows, number;  // number: of the sequence's chunks, which one
};
inline void chunks_of(Sequences sequences, Index rows, std::vector<Chunk>& chunks) {
  chunks.clear();
  for (std::size_t s = 0; s < sequences.size(); ++s)
    for (Index t = 0; t < sequences[s].length; t += rows)
      chunks.push_back({static_cast<int>(s), static_cast<int>(sequences[s].begin + t),
                        static_cast<int>(sequences[s].length - t < rows ? sequences[s].length - t : rows), static_cast<int>(t / rows)});
}

// The chunks of a batch's sequences and the number of each one's first, in scratch.
struct ChunkLists {
  View<const Chunk> chunks;
  View<const int> first_chunk;  // [1, sequences]
  ChunkLists(auto& c, Index rows) {
    std::vector<Chunk> list;
    chunks_of(c.sequences(), rows, list);
    std::vector<int> first(c.sequences().size(), 0);
    for (std::size_t i = list.size(); i-- > 0;) first[static_cast<std::size_t>(list[i].sequence)] = static_cast<int>(i);
    chunks = c.here(c.placed(View<const Chunk>{list.data(), 1, std::ssize(list)}));
    first_chunk = c.here(c.placed(View<const int>{first.data(), 1, std::ssize(first)}));
  }
};

// tile = the view's first rows, zero elsewhere: asynchronously where it is in packs, else element by element.
template <class Team, class T, class V>
RONDO_KERNEL void fetch(Team& team, T& tile, int rows, const View<V>& view, bool packs) {
  if (packs) {
    team.copy(tile, rows, view);
  } else {
    const int columns = static_cast<int>(view.columns);
    team.each(T::rows * T::columns, [&](int i) {
      const int r = i / T::columns, c = i % T::columns;
      tile(r, c) = r < rows && c < columns ? view(r, c) : typename T::Element{};
    });
  }
}

// act(width): heads are padded with zeros to one of these widths.
inline constexpr Index most_head_width = 128;
void with_head_width(Index width, auto act) {
  if (width <= 16)
    act(std::integral_constant<int, 16>{});
  else if (width <= 64)
    act(std::integral_constant<int, 64>{});
  else
    act(std::integral_constant<int, most_head_width>{});
}

// Rows of a head: a view's columns of it.
template <class T>
RONDO_ANYWHERE View<T> head_rows(const View<T>& view, int first, int rows, int head, int width) {
  return {view.data + static_cast<Index>(first) * view.stride + static_cast<Index>(head) * width, rows, width, view.stride};
}

inline constexpr int block = 16;  // rows within which scores are formed by elements

// The queries, keys and decays of a chunk of n rows and K columns, what is made of them, and the scores. E: as they are stored.
template <class Team, class E, int n, int K>
struct ScoreMemory {
  typename Team::template Tile<E, n, K> q, k;
  typename Team::template Tile<float, n, K> a;             // log decays, then decays
  typename Team::template Tile<E, n, K> q_in_block;        // c q_i prod a, s..i
  typename Team::template Tile<E, n, K> k_to;              // k_j prod a, j+1..s-1, of j < s, for the s at hand; zero below
  typename Team::template Tile<E, n, n> scores;
};

// a = exp g; and q_in_block. A thread a column.
template <class Team, class M>
RONDO_KERNEL void form_decays(Team& team, M& m, float scale) {
  constexpr int n = decltype(m.q)::rows, K = decltype(m.q)::columns;
  team.each(K, [&](int c) {
    float product = 1;
    RONDO_STEPS
    for (int i = 0; i < n; ++i) {
      const float a = exponential(float(m.a(i, c)));
      m.a(i, c) = a;
      product = i % block == 0 ? a : product * a;
      m.q_in_block(i, c) = narrow<typename decltype(m.q)::Element>(scale * float(m.q(i, c)) * product);
    }
  });
  team.sync();
}
// k_to for the block that begins at row s.
template <class Team, class M>
RONDO_KERNEL void form_keys_to(Team& team, M& m, int s) {
  using E = typename decltype(m.k)::Element;
  constexpr int n = decltype(m.k)::rows, K = decltype(m.k)::columns;
  team.each(K, [&](int c) {
    float product = 1;
    RONDO_STEPS
    for (int j = n - 1; j >= 0; --j) {
      m.k_to(j, c) = narrow<E>(j < s ? float(m.k(j, c)) * product : 0.0F);
      if (j < s) product *= float(m.a(j, c));
    }
  });
  team.sync();
}

// scores(i, j) = A_ij, zero above the diagonal. Ends with a sync.
template <class Team, class M>
RONDO_KERNEL void form_scores(Team& team, M& m, float scale) {
  using E = typename decltype(m.k)::Element;
  constexpr int n = decltype(m.k)::rows, K = decltype(m.k)::columns;
  // Within blocks: a thread a row j of keys; and zero elsewhere.
  team.each(n, [&](int j) {
    const int e = j / block * block + block;
    float sums[block] = {};
    RONDO_STEPS
    for (int c = 0; c < K; ++c) {
      float product = float(m.k(j, c));
      RONDO_UNROLL
      for (int i = 0; i < block; ++i) {
        const int row = e - block + i;
        if (row > j) product *= float(m.a(row, c));
        if (row >= j) sums[i] += float(m.q(row, c)) * product;
      }
    }
    RONDO_STEPS
    for (int i = 0; i < n; ++i)
      if (i < e - block || i >= e) m.scores(i, j) = E{};
    RONDO_UNROLL
    for (int i = 0; i < block; ++i) m.scores(e - block + i, j) = narrow<E>(scale * sums[i]);
  });
  for (int s = block; s < n; s += block) {
    form_keys_to(team, m, s);
    typename Team::template Accumulator<block, n> sums;
    team.clear(sums);
    team.multiply(sums, rows<block>(m.q_in_block, s), transposed(m.k_to));
    team.each(sums, [&](int i, int j, float& value) {
      if (j < s) m.scores(s + i, j) = narrow<E>(value);
    });
    team.sync();
  }
  team.sync();
}

}  // namespace rondo::kernel
