// The gradient of the outer-product recurrence with one decay a head, in chunks (scalar_outer_product.hpp). After a walk that stores the
// state before each chunk:
//
//   ScalarOuterProductBack     a walk from the end: dS0 = prod a, 0..n dS + (c q prod a, 0..i)^T dO; stores the dS of each chunk
//   ScalarOuterProductChunk    a chunk and head: with P = dO V^T, T_ij = P_ij (q_i . k_j) D_ij, G_ij = P_ij D_ij w_j
//                                dq = c prod a, 0..i (dO S0^T) + G K        dk = w_j prod a, j+1..n (V dS^T) + G^T Q
//                                dv = w_j prod a, j+1..n (K dS) + A^T dO    dw_j = sum_i T_ij + prod a, j+1..n k_j . (dS v_j)
//                                dg_t = <S_n, dS> + sum_{u >= t} (q_u . dq_u - k_u . dk_u) within the chunk, without the terms T_tt
//
// dq and dk of a group are the sums over its heads, in order.
#pragma once

#include <rondo/backend/kernel/scalar_outer_product.hpp>

namespace rondo::kernel {

template <class E, int W>
struct ScalarOuterProductBack {
  using Sizes = ScalarOuterProductSizes<E, W>;
  static constexpr int n = Sizes::rows, threads = Sizes::threads;
  ScalarOuterProductInputs<E> in;
  View<const E> d_o;
  View<const float> states, final;  // before each chunk; after the last one [sequences, heads K V]
  View<const float> d_final;        // may be absent, as may be where the first one goes
  View<float> d_initial;
  View<float> d_states, r;          // after each chunk [chunks heads, K V]; row sums of S_n dS [chunks heads, K]

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, W> q, d_o;
    RowNumbers<Team, n> rows;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int s = team.number() / in.heads, head = team.number() % in.heads, K = in.K, V = in.V;
    const int begin = static_cast<int>(in.sequences(0, s).begin), length = static_cast<int>(in.sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    typename Team::template Accumulator<W, W> d_state;
    const auto place = [&](int i, int c) { return static_cast<Index>(head) * K * V + i * V + c; };
    team.each(d_state, [&](int i, int c, float& value) { value = d_final && i < K && c < V ? d_final(s, place(i, c)) : 0.0F; });

    const int chunks = (length + n - 1) / n;
    for (int chunk = chunks - 1; chunk >= 0; --chunk) {
      const int first = begin + chunk * n, count = length - chunk * n < n ? length - chunk * n : n;
      const Index row = static_cast<Index>(in.first_chunk(0, s) + chunk) * in.heads + head;
      fetch(team, m.q, count, head_rows(in.q, first, count, head / in.each, K), in.packs);
      fetch(team, m.d_o, count, head_rows(d_o, first, count, head, V), in.packs);
      const float* const after = chunk + 1 < chunks ? states.row(row + in.heads) : final.row(s) + place(0, 0);
      float* const stored = d_states.row(row);
      auto sums = team.row_sums(d_state, [&](int i, int c, float value) { return i < K && c < V ? value * after[i * V + c] : 0.0F; });
      team.each(sums, [&](int i, float value) {
        if (i < K) r(row, i) = value;
      });
      team.each(d_state, [&](int i, int c, float& value) {
        if (i < K && c < V) stored[i * V + c] = value;
      });
      form_row_numbers(team, m.rows, in, first, count, head);
      team.template arrived<0>();
      team.sync();
      team.each(n * W, [&](int i) {
        m.q(i / W, i % W) = narrow<E>(in.scale * float(m.rows.prefix(0, i / W)) * float(m.q(i / W, i % W)));
      });
      team.sync();
      team.each(d_state, [&](int, int, float& value) { value *= float(m.rows.decay(0, 0)); });
      team.multiply(d_state, transposed(m.q), m.d_o);
      team.sync();
    }
    if (d_initial)
      team.each(d_state, [&](int i, int c, float& value) {
        if (i < K && c < V) d_initial(s, place(i, c)) = value;
      });
  }
};

template <class E, int W>
struct ScalarOuterProductChunk {
  static constexpr int n = ScalarOuterProductSizes<E, W>::rows, threads = 256;
  ScalarOuterProductInputs<E> in;
  View<const Chunk> chunks;
  View<const E> d_o;
  View<const float> states, d_states, r;
  View<float> dq, dk;  // of each head [tokens, heads K]
  View<E> dv;
  View<float> dg, dw;

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, W> q, k, v, d_o;
    typename Team::template Tile<E, W, W> state;        // dS, then S0
    typename Team::template Tile<float, n, n> weights;  // D, then T
    typename Team::template Tile<E, n, n> scores, gradients;  // A, G
    typename Team::template Tile<float, n, W> through_state;  // prod a, j+1..n (V dS^T), then c prod a, 0..i (dO S0^T)
    RowNumbers<Team, n> rows;
    typename Team::template Tile<float, 1, n> differences;  // q . dq - k . dk
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const int head = team.number() % in.heads, group = head / in.each, K = in.K, V = in.V;
    const Chunk chunk = chunks(0, team.number() / in.heads);
    const int first = chunk.first, count = chunk.rows;
    const Index row = static_cast<Index>(in.first_chunk(0, chunk.sequence) + chunk.number) * in.heads + head;
    auto& m = team.template memory<Memory<Team>>();
    const auto load_state = [&](const View<const float>& all) {
      team.each(W * W, [&](int i) {
        m.state(i / W, i % W) = narrow<E>(i / W < K && i % W < V ? all(row, i / W * V + i % W) : 0.0F);
      });
    };
    fetch(team, m.q, count, head_rows(in.q, first, count, group, K), in.packs);
    fetch(team, m.k, count, head_rows(in.k, first, count, group, K), in.packs);
    fetch(team, m.v, count, head_rows(in.v, first, count, head, V), in.packs);
    fetch(team, m.d_o, count, head_rows(d_o, first, count, head, V), in.packs);
    load_state(d_states);
    form_row_numbers(team, m.rows, in, first, count, head);
    form_weights(team, m.rows, m.weights, in.scale);
    team.template arrived<0>();
    team.sync();
    {
      typename Team::template Accumulator<n, n> scores, d_scores;
      team.clear(scores);
      team.clear(d_scores);
      team.multiply(scores, m.q, transposed(m.k));
      team.multiply(d_scores, m.d_o, transposed(m.v));
      team.each(scores, d_scores, [&](int i, int j, float& value, float d) {
        const float weight = float(m.weights(i, j)), write = float(m.rows.w(0, j));
        m.scores(i, j) = narrow<E>(value * weight * write);
        m.gradients(i, j) = narrow<E>(d * weight * write);
        m.weights(i, j) = d * value * weight;
      });
      team.sync();
    }
    {
      typename Team::template Accumulator<n, W> keys, values;
      team.clear(keys);
      team.multiply(keys, m.v, transposed(m.state));
      team.each(keys, [&](int j, int c, float& value) {
        value *= float(m.rows.suffix(0, j));
        m.through_state(j, c) = value;
        value *= float(m.rows.w(0, j));
      });
      team.multiply(keys, transposed(m.gradients), m.q);
      team.each(keys, [&](int j, int c, float& value) {
        if (j < count && c < K) dk(first + j, head * K + c) = value;
      });
      team.clear(values);
      team.multiply(values, m.k, m.state);
      team.each(values, [&](int j, int, float& value) { value *= float(m.rows.w(0, j)) * float(m.rows.suffix(0, j)); });
      team.multiply(values, transposed(m.scores), m.d_o);
      team.each(values, [&](int j, int c, float& value) {
        if (j < count && c < V) dv(first + j, head * V + c) = narrow<E>(value);
      });
      team.sync();
    }
    team.each(n, [&](int j) {
      float to_state = 0, below = 0;
      RONDO_STEPS
      for (int c = 0; c < K; ++c) to_state += float(m.k(j, c)) * float(m.through_state(j, c));
      RONDO_STEPS
      for (int i = j + 1; i < n; ++i) below += float(m.weights(i, j));
      if (j < count) dw(first + j, head) = to_state + below + float(m.weights(j, j));
      m.differences(0, j) = -float(m.rows.w(0, j)) * (to_state + below);
    });
    load_state(states);
    team.sync();
    {
      typename Team::template Accumulator<n, W> queries;
      team.clear(queries);
      team.multiply(queries, m.d_o, transposed(m.state));
      team.each(queries, [&](int i, int c, float& value) {
        value *= in.scale * float(m.rows.prefix(0, i));
        m.through_state(i, c) = value;
      });
      team.multiply(queries, m.gradients, m.k);
      team.each(queries, [&](int i, int c, float& value) {
        if (i < count && c < K) dq(first + i, head * K + c) = value;
      });
      team.sync();
    }
    team.each(n, [&](int i) {
      float sum = float(m.differences(0, i));
      RONDO_STEPS
      for (int c = 0; c < K; ++c) sum += float(m.q(i, c)) * float(m.through_state(i, c));
      RONDO_STEPS
      for (int j = 0; j < i; ++j) sum += float(m.weights(i, j)) * float(m.rows.w(0, j));
      m.differences(0, i) = sum;
    });
    team.sync();
    team.each(1, [&](int) {
      float sum = 0;
      RONDO_STEPS
      for (int c = 0; c < K; ++c) sum += r(row, c);
      RONDO_STEPS
      for (int t = count - 1; t >= 0; --t) dg(first + t, head) = sum += float(m.differences(0, t));
    });
  }
};

// Of a group: the sum over its heads, in order.
template <class E>
struct SumOverHeads {
  View<const float> of_heads;  // [tokens, heads K]
  View<E> to;                  // [tokens, groups K]
  Index K, each;
  RONDO_ANYWHERE void operator()(Index t, Index c) const {
    float sum = 0;
    for (Index head = c / K * each; head < (c / K + 1) * each; ++head) sum += of_heads(t, head * K + c % K);
    store(to(t, c), sum);
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<ScalarOuterProduct> {
  static bool fits(const ScalarOuterProduct& tag) { return std::max(tag.key_width, tag.value_width) <= kernel::most_head_width; }
  template <class C>
  static void forward(C& c, const auto& pass) {
    c.zero(pass.out.o);  // padding
    kernel::with_head_width(std::max(pass.tag.key_width, pass.tag.value_width), [&](auto width) {
      const kernel::ChunkLists lists(c, kernel::ScalarOuterProductSizes<typename C::Scalar, width>::rows);
      walk<width>(c, inputs(c, pass, lists, {}), pass, c.here(pass.out.o), c.here(or_none(pass.carried.final).memory), {});
    });
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    const ScalarOuterProduct& tag = pass.tag;
    const Index K = tag.key_width, V = tag.value_width, heads = tag.heads;
    c.zero(pass.d_in.v);
    c.zero(pass.d_in.g);
    c.zero(pass.d_in.w);
    const auto dq = c.wide(c.extent().tokens, heads * K), dk = c.wide(c.extent().tokens, heads * K);
    c.zero(dq);
    c.zero(dk);
    kernel::with_head_width(std::max(K, V), [&](auto width) {
      constexpr int W = width;
      const kernel::ChunkLists lists(c, kernel::ScalarOuterProductSizes<E, W>::rows);
      const Index chunks = lists.chunks.columns;
      const auto states = c.wide(chunks * heads, K * V), d_states = c.wide(chunks * heads, K * V), r = c.wide(chunks * heads, K);
      const auto final = c.wide(c.extent().sequences, heads * K * V);
      const auto in = inputs(c, pass, lists, pass.d_out.o);
      walk<W>(c, in, pass, View<E>{}, c.here(final), c.here(states));
      c.launch(c.extent().sequences * heads,
               kernel::ScalarOuterProductBack<E, W>{in, c.here(pass.d_out.o), c.here(states), c.here(final),
                                                    c.here(or_none(pass.carried.d_final).memory),
                                                    c.here(or_none(pass.carried.d_initial).memory), c.here(d_states), c.here(r)});
      c.launch(chunks * heads, kernel::ScalarOuterProductChunk<E, W>{in, lists.chunks, c.here(pass.d_out.o), c.here(states),
                                                                     c.here(d_states), c.here(r), c.here(dq), c.here(dk),
                                                                     c.here(pass.d_in.v), c.here(pass.d_in.g), c.here(pass.d_in.w)});
    });
    c.each_place(kernel::SumOverHeads<E>{c.here(dq), c.here(pass.d_in.q), K, heads / tag.groups}, pass.d_in.q);
    c.each_place(kernel::SumOverHeads<E>{c.here(dk), c.here(pass.d_in.k), K, heads / tag.groups}, pass.d_in.k);
  }

 private:
  template <class C>
  static auto inputs(C& c, const auto& pass, const kernel::ChunkLists& lists, typename C::Input d_o) {
    const ScalarOuterProduct& tag = pass.tag;
    const auto head = [&](auto view, Index width) { return c.here(view ? view.middle_columns(0, width) : view); };
    const bool packs = kernel::in_packs(head(pass.in.q, tag.key_width), head(pass.in.k, tag.key_width), head(pass.in.v, tag.value_width),
                                        head(d_o, tag.value_width));
    return kernel::ScalarOuterProductInputs<typename C::Scalar>{c.work().sequences,
                                                                lists.first_chunk,
                                                                c.here(pass.in.q),
                                                                c.here(pass.in.k),
                                                                c.here(pass.in.v),
                                                                c.here(pass.in.g),
                                                                c.here(pass.in.w),
                                                                static_cast<int>(tag.heads),
                                                                static_cast<int>(tag.heads / tag.groups),
                                                                static_cast<int>(tag.key_width),
                                                                static_cast<int>(tag.value_width),
                                                                static_cast<float>(tag.scale),
                                                                packs};
  }
  template <int W, class C>
  static void walk(C& c, const auto& in, const auto& pass, View<typename C::Scalar> o, View<float> final, View<float> states) {
    c.launch(c.extent().sequences * pass.tag.heads,
             kernel::ScalarOuterProductWalk<typename C::Scalar, W>{in, o, c.here(or_none(pass.carried.initial).memory), final, states});
  }
};

}  // namespace rondo
