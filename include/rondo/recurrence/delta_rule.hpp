// Delta rule: what a key reads is corrected before it is written (Yang et al. 2024, "Parallelizing linear transformers with the delta
// rule", eq. 3: DeltaNet). The state may decay first: by one number a head (Yang et al. 2025, "Gated delta networks", eq. 10), or by one
// a channel of the key (Kimi Team 2025, "Kimi Linear", eq. 1):
//
//   R = diag(exp g_t) S_{t-1},    e = v_t - R^T k_t,    S_t = R + beta_t k_t e^T,    o_t = scale S_t^T q_t      per sequence and head
//
// q, k [tokens, groups K], g [tokens, heads decays], beta [tokens, heads], v, o [tokens, heads V], states S [sequences, heads K V];
// head h reads group h / (heads / groups); g <= 0 is the logarithm of the decay, `decays` of them a head: none, 1 or K. States stay
// bounded where keys have unit length and 0 <= beta <= 2. Backward (o is not looked at), d = dS^T k:
//   dS += scale q do^T;  dq += scale S do;  dbeta = e.d;  dv = beta d;  dk += dS beta e - R dv;  dR = dS - k dv^T;
//   dg = rowsum(dR R), summed over a head that has one decay;  dS = diag(exp g) dR.  dq and dk are sums over the heads of a group.
#pragma once

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct DeltaRule {
  Index heads = 0;
  Index groups = 1;       // divides heads
  Index decays = 0;       // a head: 0, 1 or K
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;

  template <class V>
  struct Inputs {
    V q, k;
    Wide<V> g, beta;
    V v;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    const Dimensions keys{extent.tokens, groups * key_width};
    return leaves(buffer("q", keys, in.q...), buffer("k", keys, in.k...),
                  buffer("g", {extent.tokens, heads * decays}, in.g...).only_if(decays > 0),
                  buffer("beta", {extent.tokens, heads}, in.beta...), buffer("v", {extent.tokens, heads * value_width}, in.v...));
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
    require(groups > 0 && heads % groups == 0, "delta rule: ", heads, " heads do not divide among ", groups, " groups");
    require(decays == 0 || decays == 1 || decays == key_width, "delta rule: ", decays, " decays a head, expected 0, 1 or ", key_width);
  }

  // What a key reads of the state, k e^T into it and q times it.
  [[nodiscard]] constexpr double operations(Index) const { return 6.0 * static_cast<double>(heads * key_width * value_width); }
  static constexpr double gradient_cost = 2;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, beta = pass.in.beta, v = pass.in.v;
    const auto o = pass.out.o;
    auto mark = c.mark();
    const auto S = c.matrix(key_width, value_width), error = c.matrix(1, value_width);
    c.zero(o);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      const Index keys = keys_of(h), values = h * value_width;
      load_state(or_none(pass.carried.initial).memory, s, h * S.size(), S);
      each_row_of(sequence, [&](Index t) {
        decayed(g, t, h, S, S);
        write(S, S, k.row(t) + keys, v.row(t) + values, beta(t, h), error);
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
    const auto q = pass.in.q, k = pass.in.k, g = pass.in.g, beta = pass.in.beta, v = pass.in.v, d_o = pass.d_out.o;
    const auto dq = pass.d_in.q, dk = pass.d_in.k, dg = pass.d_in.g, d_beta = pass.d_in.beta, dv = pass.d_in.v;
    for (const auto& d : {dq, dk, dv}) c.zero(d);
    c.zero(d_beta);
    if (decays > 0) c.zero(dg);
    each_sequence(pass.sequences, heads, [&](Index s, const Sequence& sequence, Index h) {
      const Index keys = keys_of(h), values = h * V;
      auto mark = c.mark();
      const auto states = c.matrix((sequence.length + 1) * K, V);  // S_0 .. S_T
      const auto R = c.matrix(K, V), dS = c.matrix(K, V), error = c.matrix(1, V);
      const auto state = [&](Index number) { return states.middle_rows(number * K, K); };
      load_state(or_none(pass.carried.initial).memory, s, h * K * V, state(0));
      each_row_of(sequence, [&](Index t) {
        const Index number = t - sequence.begin;
        decayed(g, t, h, state(number), R);
        write(R, state(number + 1), k.row(t) + keys, v.row(t) + values, beta(t, h), error);
      });
      load_state(or_none(pass.carried.d_final).memory, s, h * K * V, dS);
      each_row_back(sequence, [&](Index t) {
        const auto after = state(t - sequence.begin + 1);
        decayed(g, t, h, state(t - sequence.begin), R);
        read(R, k.row(t) + keys, v.row(t) + values, error);
        for (Index j = 0; j < V; ++j) {
          T d(0);
          for (Index i = 0; i < K; ++i) {
            const T d_output = as_scalar<T>(scale) * d_o(t, values + j);
            dS(i, j) += q(t, keys + i) * d_output;
            dq(t, keys + i) += after(i, j) * d_output;
            d += dS(i, j) * k(t, keys + i);
          }
          d_beta(t, h) += error(0, j) * d;
          dv(t, values + j) = beta(t, h) * d;
        }
        for (Index i = 0; i < K; ++i) {
          T to_g(0);
          for (Index j = 0; j < V; ++j) {
            const T d_error = dv(t, values + j);
            dk(t, keys + i) += dS(i, j) * beta(t, h) * error(0, j) - R(i, j) * d_error;
            dS(i, j) -= k(t, keys + i) * d_error;
            to_g += dS(i, j) * R(i, j);
          }
          if (decays > 0) dg(t, decay_of(h, i)) += to_g;
        }
        decayed(g, t, h, dS, dS);
      });
      store_state(dS, or_none(pass.carried.d_initial).memory, s, h * K * V);
    });
  }

  // The first column of q and k that a head reads; the column of g that its channel i reads.
  [[nodiscard]] constexpr Index keys_of(Index head) const { return head / (heads / groups) * key_width; }
  [[nodiscard]] constexpr Index decay_of(Index head, Index i) const { return head * decays + (decays == 1 ? 0 : i); }

 private:
  void decayed(const auto& g, Index t, Index h, const auto& before, const auto& after) const {
    using T = std::remove_cvref_t<decltype(*after.data)>;
    for (Index i = 0; i < after.rows; ++i) {
      const T decay = decays > 0 ? exponential(g(t, decay_of(h, i))) : T(1);
      for (Index j = 0; j < after.columns; ++j) after(i, j) = decay * before(i, j);
    }
  }
  // error = v - R^T k
  static void read(const auto& R, const auto* k, const auto* v, const auto& error) {
    for (Index j = 0; j < R.columns; ++j) {
      error(0, j) = v[j];
      for (Index i = 0; i < R.rows; ++i) error(0, j) -= R(i, j) * k[i];
    }
  }
  static void write(const auto& R, const auto& after, const auto* k, const auto* v, const auto& beta, const auto& error) {
    read(R, k, v, error);
    for (Index i = 0; i < R.rows; ++i)
      for (Index j = 0; j < R.columns; ++j) after(i, j) = R(i, j) + beta * k[i] * error(0, j);
  }
};

}  // namespace rondo
