// Diagonal linear recurrence, a state of one number a channel (Qin et al. 2023, "Hierarchically gated recurrent neural network for
// sequence modeling", eq. 4; the same with a fixed decay is an exponential moving average):
//
//   h_t = exp(g_t) h_{t-1} + x_t                      per sequence and channel
//
// g, x, h [tokens, width], states [sequences, width]; g <= 0 is the logarithm of the decay. The current token enters undamped.
// Backward, h being what the forward wrote (x is not looked at):
//   dh_t += exp(g_{t+1}) dh_{t+1},  dx_t = dh_t,  dg_t = dh_t exp(g_t) h_{t-1}
#pragma once

#include <rondo/recurrence/recurrence.hpp>

namespace rondo {

struct Diagonal {
  Index width = 0;

  template <class V>
  struct Inputs {
    Wide<V> g;
    V x;
  };
  auto input_leaves(Extent extent, auto&... in) const {
    return leaves(buffer("g", {extent.tokens, width}, in.g...), buffer("x", {extent.tokens, width}, in.x...));
  }
  template <class V>
  struct Outputs {
    V h;
  };
  auto output_leaves(Extent extent, auto&... out) const { return leaves(buffer("h", {extent.tokens, width}, out.h...)); }
  template <class V>
  struct State {
    Wide<V> memory;
  };
  auto state_leaves(Extent extent, auto&... s) const { return leaves(buffer("memory", {extent.sequences, width}, s.memory...)); }

  // Decay times state, plus input.
  [[nodiscard]] constexpr double operations(Index) const { return 2.0 * static_cast<double>(width); }
  static constexpr double gradient_cost = 1.5;

  template <class C>
  void forward(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto g = pass.in.g, x = pass.in.x;
    const auto h = pass.out.h, initial = or_none(pass.carried.initial).memory, final = or_none(pass.carried.final).memory;
    c.zero(h);
    each_sequence(pass.sequences, width, [&](Index s, const Sequence& sequence, Index i) {
      T state = initial ? initial(s, i) : T(0);
      each_row_of(sequence, [&](Index t) { h(t, i) = state = exponential(g(t, i)) * state + x(t, i); });
      if (final) final(s, i) = state;
    });
  }

  template <class C>
  void gradient(C& c, const auto& pass) const {
    using T = typename C::Scalar;
    const auto g = pass.in.g, h = pass.out.h, d_h = pass.d_out.h;
    const auto dg = pass.d_in.g, dx = pass.d_in.x, initial = or_none(pass.carried.initial).memory;
    const auto d_final = or_none(pass.carried.d_final).memory, d_initial = or_none(pass.carried.d_initial).memory;
    c.zero(dg);
    c.zero(dx);
    each_sequence(pass.sequences, width, [&](Index s, const Sequence& sequence, Index i) {
      T d_state = d_final ? d_final(s, i) : T(0);
      each_row_back(sequence, [&](Index t) {
        const T before = t > sequence.begin ? h(t - 1, i) : initial ? initial(s, i) : T(0);
        dx(t, i) = d_h(t, i) + d_state;
        d_state = dx(t, i) * exponential(g(t, i));
        dg(t, i) = d_state * before;
      });
      if (d_initial) d_initial(s, i) = d_state;
    });
  }
};

}  // namespace rondo
