// Gated outer-product recurrence (Yang et al. 2024, "Gated linear attention", eq. 3; the state of HGRN2, GLA, RetNet):
//
//   S_t = diag(exp g_t) S_{t-1} + k_t v_t^T,     o_t = scale S_t^T q_t         per sequence and head, S [K, V]
//
// q, k, g [tokens, heads K], v, o [tokens, heads V], states [sequences, heads K V]; g <= 0 is the logarithm of the decay.
// The current token enters undamped. Back-ends compute it in chunks (whole prompt as matrix products) or step by step.
// Backward (o is not looked at):
//   dS += scale q do^T;  dq = scale S do;  dk = dS v;  dv = dS^T k;  dg = exp(g) rowsum(dS S_{t-1});  dS = diag(exp g) dS
#pragma once

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct OuterProduct {
  Index heads = 0;
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;

  template <class V>
  struct Inputs {
    V q, k;
    Wide<V> g;
    V v;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, heads * key_width}, values{extent.tokens, heads * value_width};
    return leaves(buffer("q", keys, in.q...), buffer("k", keys, in.k...), buffer("g", keys, in.g...), buffer("v", values, in.v...));
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

  // k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(heads * key_width * value_width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index K = key_width, V = value_width;
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, v = pass.in.v;
    const auto o = pass.out.o;
    auto mark = c.mark();
    const auto S = c.matrix(K, V);
    c.zero(o);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      load_state(or_none(pass.carried.initial).memory, s, h * K * V, S);
      each_row_of(sequence, [&](Index t) {
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j)
            S(i, j) = exponential(g(t, h * K + i)) * S(i, j) + k(t, h * K + i) * v(t, h * V + j);
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j) o(t, h * V + j) += as_scalar<T>(scale) * S(i, j) * q(t, h * K + i);
      });
      store_state(S, or_none(pass.carried.final).memory, s, h * K * V);
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const Index K = key_width, V = value_width;
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, v = pass.in.v, d_o = pass.d_out.o;
    const auto dq = pass.d_in.q, dk = pass.d_in.k, dg = pass.d_in.g, dv = pass.d_in.v;
    for (const auto& d : {dq, dk, dg, dv}) c.zero(d);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      auto mark = c.mark();
      const auto states = c.matrix((sequence.length + 1) * K, V);  // S_0 .. S_T
      const auto dS = c.matrix(K, V);
      load_state(or_none(pass.carried.initial).memory, s, h * K * V, states.middle_rows(0, K));
      each_row_of(sequence, [&](Index t) {
        const Index before = (t - sequence.begin) * K;
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j)
            states(before + K + i, j) = exponential(g(t, h * K + i)) * states(before + i, j) + k(t, h * K + i) * v(t, h * V + j);
      });
      load_state(or_none(pass.carried.d_final).memory, s, h * K * V, dS);
      each_row_back(sequence, [&](Index t) {
        const Index before = (t - sequence.begin) * K;
        for (Index i = 0; i < K; ++i) {
          const T decay = exponential(g(t, h * K + i));
          T to_q(0), to_k(0), to_g(0);
          for (Index j = 0; j < V; ++j) {
            dS(i, j) += as_scalar<T>(scale) * q(t, h * K + i) * d_o(t, h * V + j);
            to_q += as_scalar<T>(scale) * states(before + K + i, j) * d_o(t, h * V + j);
            to_k += dS(i, j) * v(t, h * V + j);
            dv(t, h * V + j) += dS(i, j) * k(t, h * K + i);
            to_g += dS(i, j) * states(before + i, j);
            dS(i, j) *= decay;
          }
          dq(t, h * K + i) = to_q;
          dk(t, h * K + i) = to_k;
          dg(t, h * K + i) = decay * to_g;
        }
      });
      store_state(dS, or_none(pass.carried.d_initial).memory, s, h * K * V);
    });
  }
};

}  // namespace rondo
