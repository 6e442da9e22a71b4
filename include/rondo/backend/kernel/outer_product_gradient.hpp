// The gradient of the gated outer-product recurrence in chunks. After a walk that stores the state before each chunk (outer_product.hpp):
//
//   OuterProductBack    a walk from the end: dS0 = diag(prod a, 0..n) dS + (c q prod a, 0..i)^T dO; stores the dS of each chunk, and
//                         r = rowsum(S_n dS)
//   OuterProductKeys    dq, dk, dg of a chunk, head and part of the columns: dA = tril(dO V^T); for blocks I = [s, e) of 16 rows
//                       from the last on
//                         dq_I = prefix_I (before_I (dO_I S0^T) + dA_I,<s (k prod a, j+1..s-1)) + elements of the block;   times c
//                         dk: starts as V dS^T; rows < s: dk = (decay of I) dk + dA_I,<s^T (c q prefix_I); rows of I are then complete:
//                             suffix_I dk + elements
//                         dg_t = r + sum_{u >= t} (q_u dq_u - k_u dk_u) within the chunk, in float32, without the terms A_tt
//   OuterProductValues  dV = (k prod a, j+1..n) dS + A^T dO
#pragma once

#include <rondo/backend/kernel/outer_product.hpp>

namespace rondo::kernel {

template <class E, int W>
struct OuterProductBack {
  using Sizes = OuterProductSizes<E, W>;
  static constexpr int n = Sizes::rows, threads = Sizes::threads;
  View<const Sequence> sequences;
  View<const int> first_chunk;
  View<const E> q, d_o;
  View<const float> g;
  View<const float> states, final;  // before each chunk; after the last one [sequences, heads K V]
  View<const float> d_final;        // may be absent, as may be where the first one goes
  View<float> d_initial;
  View<float> d_states, r;          // after each chunk [chunks heads, K V]; [chunks heads, K]
  int heads, K, V;
  float scale;
  bool packs;

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, W> q, d_o;
    typename Team::template Tile<float, n, W> a;
    typename Team::template Tile<float, 1, W> decay;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int s = team.number() / heads, head = team.number() % heads;
    const int begin = static_cast<int>(sequences(0, s).begin), length = static_cast<int>(sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Accumulator<W, W> d_state;
    const auto place = [&](int i, int c) { return static_cast<Index>(head) * K * V + i * V + c; };
    team.each(d_state, [&](int i, int c, float& value) { value = d_final && i < K && c < V ? d_final(s, place(i, c)) : 0.0F; });

    const int chunks = (length + n - 1) / n;
    for (int chunk = chunks - 1; chunk >= 0; --chunk) {
      const int first = begin + chunk * n, count = length - chunk * n < n ? length - chunk * n : n;
      const Index row = static_cast<Index>(first_chunk(0, s) + chunk) * heads + head;
      fetch(team, m.q, count, head_rows(q, first, count, head, K), packs);
      fetch(team, m.a, count, head_rows(g, first, count, head, K), packs);
      fetch(team, m.d_o, count, head_rows(d_o, first, count, head, V), packs);
      const float* const after = chunk + 1 < chunks ? states.row(row + heads) : final.row(s) + place(0, 0);
      float* const stored = d_states.row(row);
      auto sums = team.row_sums(d_state, [&](int i, int c, float value) { return i < K && c < V ? value * after[i * V + c] : 0.0F; });
      team.each(sums, [&](int i, float value) {
        if (i < K) r(row, i) = value;
      });
      team.each(d_state, [&](int i, int c, float& value) {
        if (i < K && c < V) stored[i * V + c] = value;
      });
      team.template arrived<0>();
      team.sync();
      team.each(W, [&](int c) {  // q = c q prod a, 0..i, in place
        float product = 1;
        RONDO_STEPS
        for (int i = 0; i < n; ++i) {
          product *= exponential(float(m.a(i, c)));
          m.q(i, c) = narrow<E>(scale * product * float(m.q(i, c)));
        }
        m.decay(0, c) = product;
      });
      team.sync();
      team.each(d_state, [&](int i, int, float& value) { value *= float(m.decay(0, i)); });
      team.multiply(d_state, transposed(m.q), m.d_o);
      team.sync();
    }
    if (d_initial)
      team.each(d_state, [&](int i, int c, float& value) {
        if (i < K && c < V) d_initial(s, place(i, c)) = value;
      });
  }
};

// Of all chunks and heads, a team each.
template <class E>
struct OuterProductChunks {
  View<const Chunk> chunks;
  View<const int> first_chunk;
  View<const E> q, k, v, d_o;
  View<const float> g, states, d_states, r;
  int heads, K, V;
  float scale;
  bool packs;
};

template <class E, int W>
struct OuterProductKeys {
  static constexpr int n = OuterProductSizes<E, W>::rows, threads = 256;
  static constexpr int P = W < 64 ? W : 64, parts = W / P;  // columns of K that a team takes
  OuterProductChunks<E> in;
  View<E> dq, dk;
  View<float> dg;

  template <class Team>
  struct Memory {
    ScoreMemory<Team, E, n, P> keys;                       // scores: dA
    typename Team::template Tile<E, n, W> v, d_o;
    typename Team::template Tile<E, P, W> state;           // dS, then S0
    typename Team::template Tile<float, n, P> dq, dk;      // without the terms A_tt
    typename Team::template Tile<float, 1, P> before, decay;  // prod a, 0..s-1; prod a, s..e-1
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int part = team.number() % parts, head = team.number() / parts % in.heads;
    const Chunk chunk = in.chunks(0, team.number() / parts / in.heads);
    const Index row = static_cast<Index>(in.first_chunk(0, chunk.sequence) + chunk.number) * in.heads + head;
    const int count = chunk.rows, first_column = part * P, columns = in.K - first_column < P ? in.K - first_column : P;
    if (columns <= 0) return;
    auto& m = team.template memory<Memory<Team>>();
    auto& keys = m.keys;
    const auto of_part = [&](const auto& view) {
      auto rows_of_head = head_rows(view, chunk.first, count, head, in.K);
      rows_of_head.data += first_column;
      rows_of_head.columns = columns;
      return rows_of_head;
    };
    const auto load_state = [&](const View<const float>& states) {
      team.each(P * W, [&](int i) {
        const int r = i / W, c = i % W;
        m.state(r, c) = narrow<E>(r < columns && c < in.V ? states(row, (first_column + r) * in.V + c) : 0.0F);
      });
    };
    fetch(team, keys.q, count, of_part(in.q), in.packs);
    fetch(team, keys.k, count, of_part(in.k), in.packs);
    fetch(team, keys.a, count, of_part(in.g), in.packs);
    fetch(team, m.v, count, head_rows(in.v, chunk.first, count, head, in.V), in.packs);
    fetch(team, m.d_o, count, head_rows(in.d_o, chunk.first, count, head, in.V), in.packs);
    load_state(in.d_states);
    team.template arrived<0>();
    team.sync();
    form_decays(team, keys, in.scale);

    typename Team::template Accumulator<n, P> dk_sums;
    team.clear(dk_sums);
    team.multiply(dk_sums, m.v, transposed(m.state));
    typename Team::template Accumulator<n, n> d_scores;
    team.clear(d_scores);
    team.multiply(d_scores, m.d_o, transposed(m.v));
    team.each(d_scores, [&](int i, int j, float& value) { keys.scores(i, j) = narrow<E>(j <= i ? value : 0.0F); });
    team.sync();
    load_state(in.states);
    form_elements(team, m);
    for (int s = n - block; s >= 0; s -= block) {
      form_keys_to(team, keys, s);
      form_products(team, m, s);
      typename Team::template Accumulator<block, P> dq_sums;
      team.clear(dq_sums);
      team.multiply(dq_sums, rows<block>(m.d_o, s), transposed(m.state));
      team.each(dq_sums, [&](int, int c, float& value) { value *= float(m.before(0, c)); });
      team.multiply(dq_sums, rows<block>(keys.scores, s), keys.k_to);
      team.each(dq_sums, [&](int i, int c, float& value) {
        float prefix = in.scale;
        for (int u = 0; u <= i; ++u) prefix *= float(keys.a(s + u, c));
        m.dq(s + i, c) += prefix * value;
      });
      // Rows before the block move to its beginning; what of its queries reaches them is added there.
      team.each(dk_sums, [&](int j, int c, float& value) {
        if (j >= s + block) return;
        if (j < s) {
          value *= float(m.decay(0, c));
          return;
        }
        float suffix = 1;
        for (int u = j + 1; u < s + block; ++u) suffix *= float(keys.a(u, c));
        m.dk(j, c) += suffix * value;
      });
      team.multiply(dk_sums, transposed(rows<block>(keys.scores, s)), rows<block>(keys.q_in_block, s));
      team.sync();
    }
    team.each(columns, [&](int c) {
      const int to = head * in.K + first_column + c;
      float sum = in.r(row, first_column + c);
      RONDO_STEPS
      for (int t = count - 1; t >= 0; --t) {
        const float q = float(keys.q(t, c)), k = float(keys.k(t, c)), d_q = float(m.dq(t, c)), d_k = float(m.dk(t, c));
        const float own = in.scale * float(keys.scores(t, t));
        sum += q * d_q - k * d_k;
        dg(chunk.first + t, to) = sum;
        dq(chunk.first + t, to) = narrow<E>(d_q + own * k);
        dk(chunk.first + t, to) = narrow<E>(d_k + own * q);
      }
    });
  }

 private:
  // Within blocks, without the terms A_tt: a thread a column and block.
  template <class Team, class M>
  RONDO_KERNEL void form_elements(Team& team, M& m) const {
    auto& keys = m.keys;
    team.each(n / block * P, [&](int place) {
      const int s = place / P * block, c = place % P;
      float d_queries[block] = {};
      RONDO_UNROLL
      for (int j = 0; j < block; ++j) {
        float product = in.scale, d_key = 0;
        const float k = float(keys.k(s + j, c));
        RONDO_UNROLL
        for (int i = j + 1; i < block; ++i) {
          product *= float(keys.a(s + i, c));
          const float d = float(keys.scores(s + i, s + j)) * product;
          d_queries[i] += d * k;
          d_key += d * float(keys.q(s + i, c));
        }
        m.dk(s + j, c) = d_key;
      }
      RONDO_UNROLL
      for (int i = 0; i < block; ++i) m.dq(s + i, c) = d_queries[i];
    });
    team.sync();
  }
  // before and decay of the block at s.
  template <class Team, class M>
  RONDO_KERNEL void form_products(Team& team, M& m, int s) const {
    team.each(P, [&](int c) {
      float before = 1, decay = 1;
      for (int i = 0; i < s; ++i) before *= float(m.keys.a(i, c));
      for (int i = s; i < s + block; ++i) decay *= float(m.keys.a(i, c));
      m.before(0, c) = before;
      m.decay(0, c) = decay;
    });
    team.sync();
  }
};

template <class E, int W>
struct OuterProductValues {
  static constexpr int n = OuterProductSizes<E, W>::rows, threads = OuterProductSizes<E, W>::threads;
  OuterProductChunks<E> in;
  View<E> dv;

  template <class Team>
  struct Memory {
    ScoreMemory<Team, E, n, W> keys;
    typename Team::template Tile<E, n, W> d_o;
    typename Team::template Tile<E, W, W> d_state;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int head = team.number() % in.heads;
    const Chunk chunk = in.chunks(0, team.number() / in.heads);
    const Index row = static_cast<Index>(in.first_chunk(0, chunk.sequence) + chunk.number) * in.heads + head;
    auto& m = team.template memory<Memory<Team>>();
    fetch(team, m.keys.q, chunk.rows, head_rows(in.q, chunk.first, chunk.rows, head, in.K), in.packs);
    fetch(team, m.keys.k, chunk.rows, head_rows(in.k, chunk.first, chunk.rows, head, in.K), in.packs);
    fetch(team, m.keys.a, chunk.rows, head_rows(in.g, chunk.first, chunk.rows, head, in.K), in.packs);
    fetch(team, m.d_o, chunk.rows, head_rows(in.d_o, chunk.first, chunk.rows, head, in.V), in.packs);
    team.each(W * W, [&](int i) {
      const int r = i / W, c = i % W;
      m.d_state(r, c) = narrow<E>(r < in.K && c < in.V ? in.d_states(row, r * in.V + c) : 0.0F);
    });
    team.template arrived<0>();
    team.sync();
    form_decays(team, m.keys, in.scale);
    form_scores(team, m.keys, in.scale);
    form_keys_to(team, m.keys, n);
    typename Team::template Accumulator<n, W> sums;
    team.clear(sums);
    team.multiply(sums, m.keys.k_to, m.d_state);
    team.multiply(sums, transposed(m.keys.scores), m.d_o);
    team.each(sums, [&](int j, int c, float& value) {
      if (j < chunk.rows && c < in.V) dv(chunk.first + j, head * in.V + c) = narrow<E>(value);
    });
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<OuterProduct> {
  static bool fits(const OuterProduct& tag) { return std::max(tag.key_width, tag.value_width) <= kernel::most_head_width; }
  template <class C>
  static void forward(C& c, const auto& pass) {
    c.zero(pass.out.o);  // padding
    kernel::with_head_width(std::max(pass.tag.key_width, pass.tag.value_width), [&](auto width) {
      const kernel::ChunkLists work(c, kernel::OuterProductSizes<typename C::Scalar, width>::rows);
      walk<width>(c, work, pass, c.here(pass.out.o), or_none(pass.carried.final).memory, {});
    });
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    const OuterProduct& tag = pass.tag;
    const Index K = tag.key_width, V = tag.value_width, heads = tag.heads;
    c.zero(pass.d_in.q);
    c.zero(pass.d_in.k);
    c.zero(pass.d_in.v);
    c.zero(pass.d_in.g);
    kernel::with_head_width(std::max(K, V), [&](auto width) {
      constexpr int W = width;
      const kernel::ChunkLists work(c, kernel::OuterProductSizes<E, W>::rows);
      const Index chunks = work.chunks.columns;
      const auto states = c.wide(chunks * heads, K * V), d_states = c.wide(chunks * heads, K * V), r = c.wide(chunks * heads, K);
      const auto final = c.wide(c.extent().sequences, heads * K * V);
      walk<W>(c, work, pass, View<E>{}, final, c.here(states));
      const int h = static_cast<int>(heads), k = static_cast<int>(K), v = static_cast<int>(V);
      const auto scale = static_cast<float>(tag.scale);
      const bool packs = in_packs(c, tag, pass.in.q, pass.in.k, pass.in.v, pass.d_out.o, pass.in.g);
      c.launch(c.extent().sequences * heads, kernel::OuterProductBack<E, W>{c.work().sequences, work.first_chunk, c.here(pass.in.q),
                                                                            c.here(pass.d_out.o), c.here(pass.in.g), c.here(states),
                                                                            c.here(final), c.here(or_none(pass.carried.d_final).memory),
                                                                            c.here(or_none(pass.carried.d_initial).memory),
                                                                            c.here(d_states), c.here(r), h, k, v, scale, packs});
      const kernel::OuterProductChunks<E> all{work.chunks, work.first_chunk, c.here(pass.in.q), c.here(pass.in.k), c.here(pass.in.v),
                                              c.here(pass.d_out.o), c.here(pass.in.g), c.here(states), c.here(d_states), c.here(r),
                                              h, k, v, scale, packs};
      using Keys = kernel::OuterProductKeys<E, W>;
      c.launch(chunks * heads * Keys::parts, Keys{all, c.here(pass.d_in.q), c.here(pass.d_in.k), c.here(pass.d_in.g)});
      c.launch(chunks * heads, kernel::OuterProductValues<E, W>{all, c.here(pass.d_in.v)});
    });
  }

 private:
  // Whether a head's rows of all these are whole packs.
  template <class C>
  static bool in_packs(C& c, const OuterProduct& tag, auto q, auto k, auto v, auto o, auto g) {
    const auto head = [&](auto view, Index width) { return c.here(view ? view.middle_columns(0, width) : view); };
    return kernel::in_packs(head(q, tag.key_width), head(k, tag.key_width), head(g, tag.key_width), head(v, tag.value_width),
                            head(o, tag.value_width));
  }
  template <int W, class C>
  static void walk(C& c, const kernel::ChunkLists& work, const auto& pass, View<typename C::Scalar> o, auto final, View<float> states) {
    const OuterProduct& tag = pass.tag;
    const typename C::Input none;
    c.launch(c.extent().sequences * tag.heads,
             kernel::OuterProductWalk<typename C::Scalar, W>{
                 c.work().sequences, work.first_chunk, c.here(pass.in.q), c.here(pass.in.k), c.here(pass.in.v), c.here(pass.in.g), o,
                 c.here(or_none(pass.carried.initial).memory), c.here(final), states, static_cast<int>(tag.heads),
                 static_cast<int>(tag.key_width), static_cast<int>(tag.value_width), static_cast<float>(tag.scale),
                 in_packs(c, tag, pass.in.q, pass.in.k, pass.in.v, none, pass.in.g)});
  }
};

}  // namespace rondo
