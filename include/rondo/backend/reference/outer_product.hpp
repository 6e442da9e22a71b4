// Reference back-end: the gated outer-product recurrence, token by token.
//
// Backward: dS += scale q do^T;  dq = scale S do;  dk = dS v;  dv = dS^T k;  dg = exp(g) rowsum(dS S_{t-1});  dS = diag(exp g) dS.
#pragma once

#include <rondo/backend/reference/head_states.hpp>
#include <rondo/recurrence/outer_product.hpp>

namespace rondo {

template <class C>
struct OuterProductLoop : private HeadStates<C> {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;
  using HeadStates<C>::scalar, HeadStates<C>::load, HeadStates<C>::store, HeadStates<C>::each_token;

  static void forward(C& c, const OuterProduct& p, Input q, Input k, Input g, Input v, Output o, Input initial, Output final) {
    const Index K = p.key_width, V = p.value_width;
    auto mark = c.mark();
    const Output S = c.matrix(K, V);
    c.zero(o);
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index h = 0; h < p.heads; ++h) {
        load(c, initial, s, h, S);
        each_token(c, s, false, [&](Index t) {
          for (Index i = 0; i < K; ++i)
            for (Index j = 0; j < V; ++j)
              S(i, j) = exponential(g(t, h * K + i)) * S(i, j) + k(t, h * K + i) * v(t, h * V + j);
          for (Index i = 0; i < K; ++i)
            for (Index j = 0; j < V; ++j) o(t, h * V + j) += scalar(p.scale) * S(i, j) * q(t, h * K + i);
        });
        store(S, final, s, h);
      }
  }

  static void gradient(C& c, const OuterProduct& p, Input q, Input k, Input g, Input v, Input d_o, Input initial, Input d_final,
                       Output dq, Output dk, Output dg, Output dv, Output d_initial) {
    const Index K = p.key_width, V = p.value_width;
    auto mark = c.mark();
    for (const Output out : {dq, dk, dg, dv}) c.zero(out);
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index h = 0; h < p.heads; ++h) {
        auto inner = c.mark();
        const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
        const Output states = c.matrix((sequence.length + 1) * K, V);  // S_0 .. S_T
        const Output dS = c.matrix(K, V);
        load(c, initial, s, h, states.middle_rows(0, K));
        each_token(c, s, false, [&](Index t) {
          const Index before = (t - sequence.begin) * K;
          for (Index i = 0; i < K; ++i)
            for (Index j = 0; j < V; ++j)
              states(before + K + i, j) = exponential(g(t, h * K + i)) * states(before + i, j) + k(t, h * K + i) * v(t, h * V + j);
        });
        load(c, d_final, s, h, dS);
        each_token(c, s, true, [&](Index t) {
          const Index before = (t - sequence.begin) * K;
          for (Index i = 0; i < K; ++i) {
            const T decay = exponential(g(t, h * K + i));
            T to_q(0), to_k(0), to_g(0);
            for (Index j = 0; j < V; ++j) {
              dS(i, j) += scalar(p.scale) * q(t, h * K + i) * d_o(t, h * V + j);
              to_q += scalar(p.scale) * states(before + K + i, j) * d_o(t, h * V + j);
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
        store(dS, d_initial, s, h);
      }
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, OuterProduct> : OuterProductLoop<ReferenceContext<T>> {};

}  // namespace rondo
