// Outer-product recurrence with one decay and one write strength a head, keys and queries shared by groups of heads (Dao and Gu 2024,
// "Transformers are SSMs", section 6: the state of Mamba-2):
//
//   S_t = exp(g_t) S_{t-1} + w_t k_t v_t^T,     o_t = scale S_t^T q_t          per sequence and head, S [K, V]
//
// q, k [tokens, groups K], g, w [tokens, heads], v, o [tokens, heads V], states [sequences, heads K V]; head h reads group
// h / (heads / groups); g <= 0 is the logarithm of the decay. The current token enters undamped. Backward (o is not looked at):
//   dS += scale q do^T;  dq += scale S do;  dk += w dS v;  dw = k^T dS v;  dv = w dS^T k;  dg = exp(g) <dS, S_{t-1}>;
//   dS = exp(g) dS.  dq and dk are sums over the heads of a group.
#pragma once

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct ScalarOuterProduct {
  Index heads = 0;
  Index groups = 1;       // divides heads
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;

  template <class V>
  struct Inputs {
    V q, k;
    Wide<V> g, w;
    V v;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, groups * key_width}, numbers{extent.tokens, heads};
    return leaves(buffer("q", keys, in.q...), buffer("k", keys, in.k...), buffer("g", numbers, in.g...),
                  buffer("w", numbers, in.w...), buffer("v", {extent.tokens, heads * value_width}, in.v...));
  }
  template <class V>
  struct Outputs {
    V o;
  };
  auto output_leaves(Extent extent, auto&... out) const {
    return leaves(buffer("o", {extent.tokens, heads * value_width}, out.o...));
  }
  template <class V>
  struct State {
    Wide<V> memory;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("memory", {extent.sequences, heads * key_width * value_width}, s.memory...));
  }
  void check(const auto&) const {
    require(groups > 0 && heads % groups == 0, "outer product: ", heads, " heads do not divide among ", groups, " groups");
  }

  // k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(heads * key_width * value_width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, w = pass.in.w, v = pass.in.v;
    const auto o = pass.out.o;
    auto mark = c.mark();
    const auto S = c.matrix(key_width, value_width);
    c.zero(o);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      const Index keys = keys_of(h), values = h * value_width;
      load_state(or_none(pass.carried.initial).memory, s, h * S.size(), S);
      each_row_of(sequence, [&](Index t) {
        advance<T>(S, S, exponential(g(t, h)), w(t, h), k.row(t) + keys, v.row(t) + values);
        for (Index i = 0; i < S.rows; ++i)
          for (Index j = 0; j < S.columns; ++j) o(t, values + j) += as_scalar<T>(scale) * S(i, j) * q(t, keys + i);
      });
      store_state(S, or_none(pass.carried.final).memory, s, h * S.size());
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index K = key_width, V = value_width;
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, w = pass.in.w, v = pass.in.v, d_o = pass.d_out.o;
    const auto dq = pass.d_in.q, dk = pass.d_in.k, dg = pass.d_in.g, dw = pass.d_in.w, dv = pass.d_in.v;
    for (const auto& d : {dq, dk, dg, dw, dv}) c.zero(d);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      const Index keys = keys_of(h), values = h * value_width;
      auto mark = c.mark();
      const auto states = c.matrix((sequence.length + 1) * K, V);  // S_0 .. S_T
      const auto dS = c.matrix(K, V);
      const auto state = [&](Index number) { return states.middle_rows(number * K, K); };
      load_state(or_none(pass.carried.initial).memory, s, h * K * V, state(0));
      each_row_of(sequence, [&](Index t) {
        const Index number = t - sequence.begin;
        advance<T>(state(number), state(number + 1), exponential(g(t, h)), w(t, h), k.row(t) + keys, v.row(t) + values);
      });
      load_state(or_none(pass.carried.d_final).memory, s, h * K * V, dS);
      each_row_back(sequence, [&](Index t) {
        const auto before = state(t - sequence.begin), after = state(t - sequence.begin + 1);
        const T decay = exponential(g(t, h));
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j) {
            const T d_output = as_scalar<T>(scale) * d_o(t, values + j);
            dS(i, j) += q(t, keys + i) * d_output;
            dq(t, keys + i) += after(i, j) * d_output;
            dk(t, keys + i) += w(t, h) * dS(i, j) * v(t, values + j);
            dw(t, h) += k(t, keys + i) * dS(i, j) * v(t, values + j);
            dv(t, values + j) += w(t, h) * dS(i, j) * k(t, keys + i);
            dg(t, h) += decay * dS(i, j) * before(i, j);
            dS(i, j) *= decay;
          }
      });
      store_state(dS, or_none(pass.carried.d_initial).memory, s, h * K * V);
    });
  }

 private:
  template <class T>
  static void advance(const auto& before, const auto& after, T decay, T write, const T* k, const T* v) {
    for (Index i = 0; i < after.rows; ++i)
      for (Index j = 0; j < after.columns; ++j) after(i, j) = decay * before(i, j) + write * k[i] * v[j];
  }
  // The first column of q and k that a head reads.
  [[nodiscard]] Index keys_of(Index head) const { return head / (heads / groups) * key_width; }
};

}  // namespace rondo
