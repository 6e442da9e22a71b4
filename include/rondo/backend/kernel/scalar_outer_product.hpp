// The outer-product recurrence with one decay and one write strength a head (rondo/recurrence/scalar_outer_product.hpp) in chunks of n
// rows, forward. A team walks a sequence and head with the state in registers, S [K, V] padded to W x W; with D_ij = c prod a, j+1..i for
// j <= i:
//
//   O = c prod a, 0..i (Q S0) + A V,  A_ij = (q_i . k_j) D_ij w_j        S = prod a, 0..n S0 + (k_j w_j prod a, j+1..n)^T V
//
// D is formed by running down its columns: decays are multiplied, never subtracted as sums of logarithms. The walk may store the state
// before each chunk, for the backward pass (scalar_outer_product_gradient.hpp).
#pragma once

#include <rondo/backend/kernel/context.hpp>
#include <rondo/backend/kernel/linear_chunk.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>

namespace rondo::kernel {

// What all its kernels are given; head h reads the keys and queries of group h / each.
template <class E>
struct ScalarOuterProductInputs {
  View<const Sequence> sequences;
  View<const int> first_chunk;  // of each sequence
  View<const E> q, k, v;
  View<const float> g, w;
  int heads, each, K, V;
  float scale;
  bool packs;
};

template <class E, int W>
struct ScalarOuterProductSizes {
  static constexpr int rows = sizeof(E) == 4 && W > 64 ? 32 : 64, threads = 2 * W < 64 ? 64 : 2 * W;
};

// Numbers of each row of a chunk.
template <class Team, int n>
struct RowNumbers {
  typename Team::template Tile<float, 1, n> a, w, prefix, suffix;  // decay; write; prod a, 0..i; prod a, j+1..n
  typename Team::template Tile<float, 1, 1> decay;                 // prod a, 0..n
};
// Of a chunk and head; rows beyond it neither decay nor write. Ends with a sync.
template <class Team, class M, class E>
RONDO_KERNEL void form_row_numbers(Team& team, M& m, const ScalarOuterProductInputs<E>& in, int first, int count, int head) {
  constexpr int n = decltype(m.a)::columns;
  team.each(n, [&](int i) {
    m.a(0, i) = i < count ? exponential(in.g(first + i, head)) : 1.0F;
    m.w(0, i) = i < count ? in.w(first + i, head) : 0.0F;
  });
  team.sync();
  team.each(2, [&](int way) {
    float product = 1;
    if (way == 0) {
      RONDO_STEPS
      for (int i = 0; i < n; ++i) m.prefix(0, i) = product *= float(m.a(0, i));
    } else {
      RONDO_STEPS
      for (int j = n - 1; j >= 0; --j) {
        m.suffix(0, j) = product;
        product *= float(m.a(0, j));
      }
      m.decay(0, 0) = product;
    }
  });
  team.sync();
}
// weights(i, j) = D_ij, zero above the diagonal. A thread a column. Ends with a sync.
template <class Team, class M, class T>
RONDO_KERNEL void form_weights(Team& team, const M& m, T& weights, float scale) {
  constexpr int n = T::rows;
  team.each(n, [&](int j) {
    float product = scale;
    RONDO_STEPS
    for (int i = 0; i < n; ++i) {
      if (i > j) product *= float(m.a(0, i));
      weights(i, j) = i < j ? 0.0F : product;
    }
  });
  team.sync();
}

template <class E, int W>
struct ScalarOuterProductWalk {
  using Sizes = ScalarOuterProductSizes<E, W>;
  static constexpr int n = Sizes::rows, threads = Sizes::threads;
  ScalarOuterProductInputs<E> in;
  View<E> o;                  // may be absent
  View<const float> initial;  // [sequences, heads K V]; may be absent, as may the final ones
  View<float> final;
  View<float> states;         // before each chunk [chunks heads, K V]; may be absent

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, W> q, k, v;  // k: then k_j w_j prod a, j+1..n
    typename Team::template Tile<E, W, W> state;
    typename Team::template Tile<float, n, n> weights;
    typename Team::template Tile<E, n, n> scores;
    RowNumbers<Team, n> rows;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int s = team.number() / in.heads, head = team.number() % in.heads, group = head / in.each, K = in.K, V = in.V;
    const int begin = static_cast<int>(in.sequences(0, s).begin), length = static_cast<int>(in.sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Accumulator<W, W> state;
    const auto place = [&](int r, int c) { return static_cast<Index>(head) * K * V + r * V + c; };
    team.each(state, [&](int r, int c, float& value) { value = initial && r < K && c < V ? initial(s, place(r, c)) : 0.0F; });

    for (int t = 0; t < length; t += n) {
      const int first = begin + t, count = length - t < n ? length - t : n;
      fetch(team, m.q, count, head_rows(in.q, first, count, group, K), in.packs);
      fetch(team, m.k, count, head_rows(in.k, first, count, group, K), in.packs);
      fetch(team, m.v, count, head_rows(in.v, first, count, head, V), in.packs);
      float* const stored = states ? states.row(static_cast<Index>(in.first_chunk(0, s) + t / n) * in.heads + head) : nullptr;
      team.each(state, [&](int r, int c, float& value) {
        m.state(r, c) = narrow<E>(value);
        if (stored && r < K && c < V) stored[r * V + c] = value;
      });
      form_row_numbers(team, m.rows, in, first, count, head);
      team.template arrived<0>();
      team.sync();
      if (o) {
        form_weights(team, m.rows, m.weights, in.scale);
        typename Team::template Accumulator<n, n> scores;
        team.clear(scores);
        team.multiply(scores, m.q, transposed(m.k));
        team.each(scores, [&](int i, int j, float& value) {
          m.scores(i, j) = narrow<E>(value * float(m.weights(i, j)) * float(m.rows.w(0, j)));
        });
        typename Team::template Accumulator<n, W> out;
        team.clear(out);
        team.multiply(out, m.q, m.state);
        team.each(out, [&](int i, int, float& value) { value *= in.scale * float(m.rows.prefix(0, i)); });
        team.sync();
        team.multiply(out, m.scores, m.v);
        team.each(out, [&](int i, int c, float& value) {
          if (i < count && c < V) o(first + i, head * V + c) = narrow<E>(value);
        });
      }
      team.each(n * W, [&](int i) {
        const int j = i / W;
        m.k(j, i % W) = narrow<E>(float(m.k(j, i % W)) * float(m.rows.w(0, j)) * float(m.rows.suffix(0, j)));
      });
      team.sync();
      team.each(state, [&](int, int, float& value) { value *= float(m.rows.decay(0, 0)); });
      team.multiply(state, transposed(m.k), m.v);
      team.sync();
    }
    if (final)
      team.each(state, [&](int r, int c, float& value) {
        if (r < K && c < V) final(s, place(r, c)) = value;
      });
  }
};

}  // namespace rondo::kernel
