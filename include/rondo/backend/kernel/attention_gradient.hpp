// The gradient of causal softmax attention (attention.hpp). p is formed again from the log sums, twice: once over tiles of keys, once
// over tiles of queries, so that every sum has one owner and an order, without atomics. With delta = rowsum(dO O):
//
//   AttentionKeyGradient     a team 64 entries of a key head: over its query heads, over the queries that see them,
//                              P^T = exp(scale K Q^T - log_sum);  dV += P^T dO;  dS^T = P^T (V dO^T - delta) scale;  dK += dS^T Q
//   AttentionQueryGradient   a team 64 queries of a head: over the keys they see,  dQ += dS K
#pragma once

#include <rondo/backend/kernel/attention.hpp>

namespace rondo::kernel {

template <class E>
struct AttentionGradientInputs {
  AttentionKeys<E> in;
  View<const E> q, d_o;
  View<const float> log_sum, delta;  // [tokens, heads]
};

template <class E>
struct AttentionDelta {
  View<const E> o, d_o;
  View<float> delta;
  RONDO_ANYWHERE void operator()(Index t, Index head) const {
    const Index d = o.columns / delta.columns;
    float sum = 0;
    for (Index c = head * d; c < (head + 1) * d; ++c) sum += number(o(t, c)) * number(d_o(t, c));
    delta(t, head) = sum;
  }
};

template <class E, int D>
struct AttentionKeyGradient {
  static constexpr int n = attention_rows, threads = attention_threads;
  static constexpr int queries = D > 64 ? 32 : n;  // at once, so that registers suffice
  AttentionGradientInputs<E> g;
  View<const Chunk> tiles;  // of entries: first is one's number in its sequence
  View<E> dk, dv;
  View<E> d_cached_keys, d_cached_values;  // may be absent

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, D> k, v;
    typename Team::template Tile<E, queries, D> q, d_o;
    typename Team::template Tile<float, 2, queries> rows;  // log_sum and delta of the queries
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const AttentionKeys<E>& in = g.in;
    const int all = in.heads / in.group, key_head = team.number() % all;
    const Chunk tile = tiles(0, team.number() / all);
    const int s = tile.sequence, past = in.past(s), begin = static_cast<int>(in.sequences(0, s).begin);
    const int length = static_cast<int>(in.sequences(0, s).length);
    auto& m = team.template memory<Memory<Team>>();
    in.fetch_keys(team, m.k, s, tile.first, tile.rows, key_head);
    in.fetch_values(team, m.v, s, tile.first, tile.rows, key_head);
    typename Team::template Accumulator<n, D> d_keys, d_values;
    team.clear(d_keys);
    team.clear(d_values);

    // The queries that see any of the entries.
    const int first_query = tile.first > past ? (tile.first - past) / queries * queries : 0;
    const int beyond = in.window > 0 ? tile.first + tile.rows - past + in.window - 1 : length;
    const int end = beyond < length ? beyond : length;
    for (int head = key_head * in.group; head < (key_head + 1) * in.group; ++head)
      for (int t0 = first_query; t0 < end; t0 += queries) {
        const int count = length - t0 < queries ? length - t0 : queries;
        fetch(team, m.q, count, head_rows(g.q, begin + t0, count, head, in.d), in.packs);
        fetch(team, m.d_o, count, head_rows(g.d_o, begin + t0, count, head, in.d), in.packs);
        team.each(queries, [&](int i) {
          m.rows(0, i) = i < count ? g.log_sum(begin + t0 + i, head) : 0.0F;
          m.rows(1, i) = i < count ? g.delta(begin + t0 + i, head) : 0.0F;
        });
        team.template arrived<0>();
        team.sync();
        typename Team::template Accumulator<n, queries> p, d_p;
        team.clear(p);
        team.clear(d_p);
        team.multiply(p, m.k, transposed(m.q));
        team.multiply(d_p, m.v, transposed(m.d_o));
        team.each(p, [&](int j, int i, float& value) {
          const bool masked = i >= count || j >= tile.rows || !in.sees(past, t0 + i, tile.first + j);
          value = masked ? 0.0F : exponential(value * in.scale - float(m.rows(0, i)));
        });
        team.multiply(d_values, team.template operand<E>(p), m.d_o);
        team.each(d_p, p, [&](int, int i, float& value, float weight) { value = weight * (value - float(m.rows(1, i))) * in.scale; });
        team.multiply(d_keys, team.template operand<E>(d_p), m.q);
        team.sync();
      }
    write(team, d_keys, dk, d_cached_keys, tile, past, begin, key_head, all);
    write(team, d_values, dv, d_cached_values, tile, past, begin, key_head, all);
  }

 private:
  template <class Team, class A>
  RONDO_KERNEL void write(Team& team, A& sums, const View<E>& rows, const View<E>& cache, const Chunk& tile, int past, int begin, int head,
                          int all) const {
    const int d = g.in.d;
    team.each(sums, [&](int j, int c, float& value) {
      const int entry = tile.first + j;
      if (j >= tile.rows || c >= d) return;
      if (entry >= past)
        rows(begin + entry - past, head * d + c) = narrow<E>(value);
      else if (cache)
        cache(tile.sequence, (static_cast<Index>(entry) * all + head) * d + c) = narrow<E>(value);
    });
  }
};

template <class E, int D>
struct AttentionQueryGradient {
  static constexpr int n = attention_rows, threads = attention_threads;
  AttentionGradientInputs<E> g;
  View<const Chunk> chunks;
  View<E> dq;

  template <class Team>
  struct Memory {
    typename Team::template Tile<E, n, D> q, d_o, k, v;
  };

  template <class Team>
  RONDO_KERNEL void operator()(Team& team) const {
    const AttentionKeys<E>& in = g.in;
    const int head = team.number() % in.heads, key_head = head / in.group;
    const Chunk chunk = chunks(0, team.number() / in.heads);
    const int s = chunk.sequence, t0 = chunk.number * n, past = in.past(s), entries = past + t0 + chunk.rows;
    auto& m = team.template memory<Memory<Team>>();
    fetch(team, m.q, chunk.rows, head_rows(g.q, chunk.first, chunk.rows, head, in.d), in.packs);
    fetch(team, m.d_o, chunk.rows, head_rows(g.d_o, chunk.first, chunk.rows, head, in.d), in.packs);
    typename Team::template Rows<n> log_sum, delta;
    team.each(log_sum, [&](int i, float& value) { value = i < chunk.rows ? g.log_sum(chunk.first + i, head) : 0.0F; });
    team.each(delta, [&](int i, float& value) { value = i < chunk.rows ? g.delta(chunk.first + i, head) : 0.0F; });
    typename Team::template Accumulator<n, D> d_queries;
    team.clear(d_queries);
    for (int j0 = in.first_seen(past, t0); j0 < entries; j0 += n) {
      const int count = entries - j0 < n ? entries - j0 : n;
      in.fetch_keys(team, m.k, s, j0, count, key_head);
      in.fetch_values(team, m.v, s, j0, count, key_head);
      team.template arrived<0>();
      team.sync();
      typename Team::template Accumulator<n, n> p, d_p;
      team.clear(p);
      team.clear(d_p);
      team.multiply(p, m.q, transposed(m.k));
      team.multiply(d_p, m.d_o, transposed(m.v));
      team.each(p, [&](int i, int j, float& value) {
        const bool masked = i >= chunk.rows || j >= count || !in.sees(past, t0 + i, j0 + j);
        value = masked ? 0.0F : exponential(value * in.scale - log_sum(i));
      });
      team.each(d_p, p, [&](int i, int, float& value, float weight) { value = weight * (value - delta(i)) * in.scale; });
      team.multiply(d_queries, team.template operand<E>(d_p), m.k);
      team.sync();
    }
    team.each(d_queries, [&](int i, int c, float& value) {
      if (i < chunk.rows && c < in.d) dq(chunk.first + i, head * in.d + c) = narrow<E>(value);
    });
  }
};

}  // namespace rondo::kernel

namespace rondo {

template <>
struct KernelRecurrence<SoftmaxAttention> {
  static bool fits(const SoftmaxAttention& tag) { return tag.head_width <= kernel::most_head_width; }
  template <class C>
  static void forward(C& c, const auto& pass) {
    using E = typename C::Scalar;
    const SoftmaxAttention& tag = pass.tag;
    c.zero(pass.out.o);
    if (pass.out.log_sum) c.zero(pass.out.log_sum);
    const auto initial = or_none(pass.carried.initial), final = or_none(pass.carried.final);
    const auto chunks = query_chunks(c);
    const auto in = keys_of<E>(c, pass, initial, pass.in.q);
    kernel::with_head_width(tag.head_width, [&](auto width) {
      c.launch(chunks.columns * tag.heads,
               kernel::Attention<E, width>{in, chunks, c.here(pass.in.q), c.here(pass.out.o), c.here(pass.out.log_sum)});
    });
    extend(c, pass.in.k, initial.keys, final.keys);
    extend(c, pass.in.v, initial.values, final.values);
  }
  template <class C>
  static void gradient(C& c, const auto& pass) {
    using E = typename C::Scalar;
    const SoftmaxAttention& tag = pass.tag;
    const auto initial = or_none(pass.carried.initial), d_final = or_none(pass.carried.d_final);
    const auto d_initial = or_none(pass.carried.d_initial);
    const auto zero = [&](const auto&... written) { ((written ? c.zero(written) : void()), ...); };
    zero(pass.d_in.q, pass.d_in.k, pass.d_in.v, d_initial.keys, d_initial.values);
    const auto delta = c.wide(c.extent().tokens, tag.heads);
    c.each_place(kernel::AttentionDelta<E>{c.here(pass.out.o), c.here(pass.d_out.o), c.here(delta)}, delta);
    const auto chunks = query_chunks(c), tiles = key_tiles(c, bool(initial.keys));
    const kernel::AttentionGradientInputs<E> g{keys_of<E>(c, pass, initial, pass.d_out.o), c.here(pass.in.q), c.here(pass.d_out.o),
                                               c.here(pass.out.log_sum), c.here(delta)};
    kernel::with_head_width(tag.head_width, [&](auto width) {
      c.launch(tiles.columns * tag.key_value_heads,
               kernel::AttentionKeyGradient<E, width>{g, tiles, c.here(pass.d_in.k), c.here(pass.d_in.v), c.here(d_initial.keys),
                                                      c.here(d_initial.values)});
      c.launch(chunks.columns * tag.heads, kernel::AttentionQueryGradient<E, width>{g, chunks, c.here(pass.d_in.q)});
    });
    extend_gradient(c, d_final.keys, pass.d_in.k, d_initial.keys);
    extend_gradient(c, d_final.values, pass.d_in.v, d_initial.values);
  }

 private:
  static auto query_chunks(auto& c) {
    std::vector<kernel::Chunk> list;
    kernel::chunks_of(c.sequences(), kernel::attention_rows, list);
    return c.here(c.placed(View<const kernel::Chunk>{list.data(), 1, std::ssize(list)}));
  }
  // Tiles of the entries that queries see: cached ones and rows.
  static auto key_tiles(auto& c, bool cached) {
    std::vector<Sequence> entries(c.sequences().begin(), c.sequences().end());
    for (Sequence& sequence : entries) sequence = {0, sequence.length > 0 ? sequence.length + (cached ? sequence.position : 0) : 0};
    std::vector<kernel::Chunk> list;
    kernel::chunks_of(entries, kernel::attention_rows, list);
    return c.here(c.placed(View<const kernel::Chunk>{list.data(), 1, std::ssize(list)}));
  }
  // `other`: one more matrix whose heads are fetched.
  template <class E>
  static kernel::AttentionKeys<E> keys_of(auto& c, const auto& pass, const auto& initial, auto other) {
    const SoftmaxAttention& tag = pass.tag;
    const auto head = [&](auto view) { return c.here(view.middle_columns(0, tag.head_width)); };
    const bool packs = kernel::in_packs(head(pass.in.q), head(pass.in.k), head(pass.in.v), head(other));
    return {c.work().sequences,
            c.here(pass.in.k),
            c.here(pass.in.v),
            c.here(typename std::remove_reference_t<decltype(c)>::Input(initial.keys)),
            c.here(typename std::remove_reference_t<decltype(c)>::Input(initial.values)),
            static_cast<int>(tag.heads),
            static_cast<int>(tag.heads / tag.key_value_heads),
            static_cast<int>(tag.head_width),
            static_cast<int>(tag.window),
            static_cast<float>(tag.scale),
            packs};
  }
  static void extend(auto& c, auto rows, auto initial, auto final) {
    using E = typename std::remove_reference_t<decltype(c)>::Scalar;
    if (final) c.each_place(kernel::ExtendCache<E>{c.work().sequences, c.here(rows), c.here(initial), c.here(final)}, final);
  }
  static void extend_gradient(auto& c, auto d_final, auto d_rows, auto d_initial) {
    using E = typename std::remove_reference_t<decltype(c)>::Scalar;
    if (d_final)
      c.each_place(kernel::ExtendCacheGradient<E>{c.work().sequences, c.here(d_final), c.here(d_rows), c.here(d_initial)}, d_final);
  }
};

}  // namespace rondo
