// Reference back-end: the diagonal recurrence, token by token (equations in rondo/recurrence/diagonal.hpp).
#pragma once

#include <rondo/backend/reference/sequence.hpp>
#include <rondo/recurrence/diagonal.hpp>

namespace rondo {

template <class C>
struct DiagonalLoop {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;

  static void forward(C& c, const Diagonal& p, Input g, Input x, Output h, Input initial, Output final) {
    c.zero(h);
    each_channel(c, p, [&](Index s, const Sequence& sequence, Index i) {
      T state = initial ? initial(s, i) : T(0);
      for (Index t = sequence.begin; t < sequence.begin + sequence.length; ++t)
        h(t, i) = state = exponential(g(t, i)) * state + x(t, i);
      if (final) final(s, i) = state;
    });
  }

  static void gradient(C& c, const Diagonal& p, Input g, Input h, Input d_h, Input initial, Input d_final, Output dg, Output dx,
                       Output d_initial) {
    c.zero(dg);
    c.zero(dx);
    each_channel(c, p, [&](Index s, const Sequence& sequence, Index i) {
      T d_state = d_final ? d_final(s, i) : T(0);
      for (Index t = sequence.begin + sequence.length - 1; t >= sequence.begin; --t) {
        const T before = t > sequence.begin ? h(t - 1, i) : initial ? initial(s, i) : T(0);
        dx(t, i) = d_h(t, i) + d_state;
        d_state = dx(t, i) * exponential(g(t, i));
        dg(t, i) = d_state * before;
      }
      if (d_initial) d_initial(s, i) = d_state;
    });
  }

 private:
  template <class Act>
  static void each_channel(C& c, const Diagonal& p, Act act) {
    for (Index s = 0; s < std::ssize(c.sequences()); ++s)
      for (Index i = 0; i < p.width; ++i) act(s, c.sequences()[static_cast<std::size_t>(s)], i);
  }
};

template <class T>
class ReferenceContext;
template <class T>
struct Recurrence<ReferenceContext<T>, Diagonal> : DiagonalLoop<ReferenceContext<T>> {};

}  // namespace rondo
