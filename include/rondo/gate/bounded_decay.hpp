// A decay that stays above a bound, as Kimi delta attention may have it (Kimi Team 2025; flash-linear-attention's `lower_bound`).
//
//   log_decay g = -bound s(exp(A_log) f),    write 0
//
// A_log is the "bound" of the gate, a number for each channel of f (gate/forget.hpp):
//
//   df = -bound s(z) s(-z) exp(A_log) dg,    dA_log = f df,    z = exp(A_log) f
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/gate/forget.hpp>

namespace rondo {

template <int bound>
struct BoundedDecay {
  static_assert(bound > 0, "rondo: BoundedDecay takes a positive bound");
  using Shared = NothingShared;

  template <class T>
  static RONDO_ANYWHERE GateOutput<T> apply(T f, T A_log) {
    return {-T(bound) * sigmoid(exponential(A_log) * f), T(0)};
  }
  template <class T>
  static RONDO_ANYWHERE GateGradient<T> backward(T f, T A_log, T d_log_decay, T) {
    const T rate = exponential(A_log), z = rate * f;
    const T d = -T(bound) * sigmoid(z) * sigmoid(-z) * rate * d_log_decay;
    return {d, f * d};
  }
};

}  // namespace rondo
