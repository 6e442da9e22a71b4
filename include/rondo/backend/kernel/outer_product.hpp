// The gated outer-product recurrence (rondo/recurrence/outer_product.hpp) in chunks of n rows, forward. A team walks a sequence and head
// with the state in registers, S [K, V] padded to W x W:
//
//   O = (c q prod a, 0..i) S0 + A V        S = diag(prod a, 0..n) S0 + (k prod a, j+1..n)^T V        A: linear_chunk.hpp
//
// and may store the state before each chunk, for the backward pass (outer_product_gradient.hpp).
#pragma once

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/linear_chunk.hpp>
#include <rondo/recurrence/outer_product.hpp>

namespace rondo::kernel {

// How a head of width W is cut: rows of a chunk, so that float32 numbers, too, fit into a block's shared memory; threads, so that a warp
// holds whole rows of the state.
template <class E, int W>
struct OuterProductSizes {
  static constexpr int rows = sizeof(E) == 4 && W > 64 ? 32 : 64, threads = 2 * W < 64 ? 64 : 2 * W;
};

template <class E, int W>
struct OuterProductWalk {
  using Sizes = OuterProductSizes<E, W>;
  static constexpr int n = Sizes::rows, threads = Sizes::threads;
  View<const Sequence> sequences;
  View<const int> first_chunk;  // of each sequence
  View<const E> q, k, v;
  View<const float> g;
  View<E> o;                     // may be absent
  View<const float> initial;     // [sequences, heads K V]; may be absent, as may the final ones
  View<float> final;
  View<float> states;            // before each chunk [chunks heads, K V]; may be absent
  int heads, K, V;
  float scale;
  bool packs;                    // whether a head's rows are whole packs on 16 bytes

  template <class Team>
  struct Memory {
    ScoreMemory<Team, E, n, W> scores;  // when the scores are there, k_to holds c q prod a, 0..i, then k prod a, j+1..n
    typename Team::template Tile<E, n, W> v;
    typename Team::template Tile<E, W, W> state;
    typename Team::template Tile<float, 1, W> decay;  // prod a, 0..n
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int s = team.number() / heads, head = team.number() % heads;
    const int begin = static_cast<int>(sequences(0, s).begin), length = static_cast<int>(sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Accumulator<W, W> state;
    const auto place = [&](int r, int c) { return static_cast<Index>(head) * K * V + r * V + c; };
    team.each(state, [&](int r, int c, float& value) { value = initial && r < K && c < V ? initial(s, place(r, c)) : 0.0F; });

    for (int t = 0; t < length; t += n) {
      const int first = begin + t, count = length - t < n ? length - t : n;
      fetch(team, m.scores.q, count, head_rows(q, first, count, head, K), packs);
      fetch(team, m.scores.k, count, head_rows(k, first, count, head, K), packs);
      fetch(team, m.scores.a, count, head_rows(g, first, count, head, K), packs);
      fetch(team, m.v, count, head_rows(v, first, count, head, V), packs);
      float* const stored = states ? states.row(static_cast<Index>(first_chunk(0, s) + t / n) * heads + head) : nullptr;
      team.each(state, [&](int r, int c, float& value) {
        m.state(r, c) = narrow<E>(value);
        if (stored && r < K && c < V) stored[r * V + c] = value;
      });
      team.template arrived<0>();
      team.sync();
      form_decays(team, m.scores, scale);
      if (o) {
        form_scores(team, m.scores, scale);
        form_queries(team, m);
        typename Team::template Accumulator<n, W> out;
        team.clear(out);
        team.multiply(out, m.scores.k_to, m.state);
        team.multiply(out, m.scores.scores, m.v);
        team.each(out, [&](int i, int c, float& value) {
          if (i < count && c < V) o(first + i, head * V + c) = narrow<E>(value);
        });
        team.sync();
      }
      form_keys(team, m);
      team.each(state, [&](int r, int, float& value) { value *= float(m.decay(0, r)); });
      team.multiply(state, transposed(m.scores.k_to), m.v);
      team.sync();
    }
    if (final)
      team.each(state, [&](int r, int c, float& value) {
        if (r < K && c < V) final(s, place(r, c)) = value;
      });
  }

 private:
  // k_to = c q prod a, 0..i
  template <class Team, class M>
  RONDO_KERNEL void form_queries(Team& team, M& m) const {
    team.each(W, [&](int c) {
      float product = scale;
      RONDO_STEPS
      for (int i = 0; i < n; ++i) m.scores.k_to(i, c) = narrow<E>((product *= float(m.scores.a(i, c))) * float(m.scores.q(i, c)));
    });
    team.sync();
  }
  // k_to = k prod a, j+1..n; and decay
  template <class Team, class M>
  RONDO_KERNEL void form_keys(Team& team, M& m) const {
    team.each(W, [&](int c) {
      float product = 1;
      RONDO_STEPS
      for (int j = n - 1; j >= 0; --j) {
        m.scores.k_to(j, c) = narrow<E>(product * float(m.scores.k(j, c)));
        product *= float(m.scores.a(j, c));
      }
      m.decay(0, c) = product;
    });
    team.sync();
  }
};

}  // namespace rondo::kernel
