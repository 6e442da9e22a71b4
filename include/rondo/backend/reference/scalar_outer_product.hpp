// Reference back-end: the outer-product recurrence with one decay a head, token by token.
//
// Backward: dS += scale q do^T;  dq += scale S do;  dk += w dS v;  dw = k^T dS v;  dv = w dS^T k;  dg = exp(g) <dS, S_{t-1}>;
//   dS = exp(g) dS.  dq and dk are sums over the heads of a group.
#pragma once

#include <rondo/backend/reference/head_states.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>

namespace rondo {

template <class C>
struct ScalarOuterProductLoop : private HeadStates<C> {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;
  using HeadStates<C>::scalar, HeadStates<C>::load, HeadStates<C>::store, HeadStates<C>::each_token;

  static void forward(C& c, const ScalarOuterProduct& p, Input q, Input k, Input g, Input w, Input v, Output o, Input initial,
                      Output final) {
    auto mark = c.mark();
    const Output S = c.matrix(p.key_width, p.value_width);
    c.zero(o);
    each_head(c, p, [&](Index s, Index h, Index keys, Index values) {
      load(c, initial, s, h, S);
      each_token(c, s, false, [&](Index t) {
        advance(S, S, exponential(g(t, h)), w(t, h), k.row(t) + keys, v.row(t) + values);
        for (Index i = 0; i < S.rows; ++i)
          for (Index j = 0; j < S.columns; ++j) o(t, values + j) += scalar(p.scale) * S(i, j) * q(t, keys + i);
      });
      store(S, final, s, h);
    });
  }

  static void gradient(C& c, const ScalarOuterProduct& p, Input q, Input k, Input g, Input w, Input v, Input d_o, Input initial,
                       Input d_final, Output dq, Output dk, Output dg, Output dw, Output dv, Output d_initial) {
    const Index K = p.key_width, V = p.value_width;
    for (const Output out : {dq, dk, dg, dw, dv}) c.zero(out);
    each_head(c, p, [&](Index s, Index h, Index keys, Index values) {
      auto mark = c.mark();
      const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
      const Output states = c.matrix((sequence.length + 1) * K, V);  // S_0 .. S_T
      const Output dS = c.matrix(K, V);
      const auto state = [&](Index number) { return states.middle_rows(number * K, K); };
      load(c, initial, s, h, state(0));
      each_token(c, s, false, [&](Index t) {
        const Index number = t - sequence.begin;
        advance(state(number), state(number + 1), exponential(g(t, h)), w(t, h), k.row(t) + keys, v.row(t) + values);
      });
      load(c, d_final, s, h, dS);
      each_token(c, s, true, [&](Index t) {
        const Output before = state(t - sequence.begin), after = state(t - sequence.begin + 1);
        const T decay = exponential(g(t, h));
        for (Index i = 0; i < K; ++i)
          for (Index j = 0; j < V; ++j) {
            const T d_output = scalar(p.scale) * d_o(t, values + j);
            dS(i, j) += q(t, keys + i) * d_output;
            dq(t, keys + i) += after(i, j) * d_output;
            dk(t, keys + i) += w(t, h) * dS(i, j) * v(t, values + j);
            dw(t, h) += k(t, keys + i) * dS(i, j) * v(t, values + j);
            dv(t, values + j) += w(t, h) * dS(i, j) * k(t, keys + i);
            dg(t, h) += decay * dS(i, j) * before(i, j);
            dS(i, j) *= decay;
          }
      });
      store(dS, d_initial, s, h);
    });
  }

 private:
  static void advance(Input before, Output after, T decay, T write, const T* k, const T* v) {
    for (Index i = 0; i < after.rows; ++i)
      for (Index j = 0; j < after.columns; ++j) after(i, j) = decay * before(i, j) + write * k[i] * v[j];
  }
  // act(sequence, head, its first column of q and k, its first column of v and o)
  template <class Act>
  static void each_head(C& c, const ScalarOuterProduct& p, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index h = 0; h < p.heads; ++h) act(s, h, h / (p.heads / p.groups) * p.key_width, h * p.value_width);
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, ScalarOuterProduct> : ScalarOuterProductLoop<ReferenceContext<T>> {};

}  // namespace rondo
