// Reference back-end: what loops over heads with a matrix as their state share.
#pragma once

#include <rondo/backend/reference/sequence.hpp>

namespace rondo {

template <class C>
struct HeadStates {
  using T = typename C::Scalar;
  using Input = View<const T>;
  using Output = View<T>;

  static T scalar(double value) { return T(static_cast<Real<T>>(value)); }
  // S [K, V], the state of head h of sequence s; zero where there is none.
  static void load(C& c, Input states, Index s, Index h, Output S) {
    if (states)
      c.copy(states.middle_rows(s, 1).middle_columns(h * S.size(), S.size()).reshaped(S.rows, S.columns), S);
    else
      c.zero(S);
  }
  static void store(Output S, Output states, Index s, Index h) {
    if (!states) return;
    for (Index i = 0; i < S.size(); ++i) states(s, h * S.size() + i) = S.data[i];
  }
  template <class Act>
  static void each_token(C& c, Index s, bool reversed, Act act) {
    const Sequence& sequence = c.sequences()[static_cast<std::size_t>(s)];
    for (Index t = 0; t < sequence.length; ++t) act(sequence.begin + (reversed ? sequence.length - 1 - t : t));
  }
};

}  // namespace rondo
