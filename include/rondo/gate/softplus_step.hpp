// Mamba-2's time step as a gate (Dao and Gu 2024, section 7): the step is what is written, and how long the state decays.
//
//   step = softplus(f) between `low` and `high`,    write = step,    log_decay g = -step exp(A_log)
//
// f is the pre-activation with its bias, A_log the "bound" of the gate, a number for each channel of f (gate/forget.hpp):
//   d step = dw - exp(A_log) dg,    df = d step s(f) where nothing is cut off, else 0,    dA_log = g dg
#pragma once

#include <limits>

#include <rondo/core/activation.hpp>
#include <rondo/core/device.hpp>
#include <rondo/gate/forget.hpp>

namespace rondo {

struct SoftplusStep {
  using Shared = NothingShared;
  double low = 0;
  double high = std::numeric_limits<double>::infinity();

  template <class T>
  [[nodiscard]] RONDO_ANYWHERE GateOutput<T> apply(T f, T A_log) const {
    const T step = cut(Softplus::apply(f));
    return {-step * exponential(A_log), step};
  }
  template <class T>
  [[nodiscard]] RONDO_ANYWHERE GateGradient<T> backward(T f, T A_log, T d_log_decay, T d_write) const {
    const T rate = exponential(A_log), whole = Softplus::apply(f), step = cut(whole);
    return {select(whole == step, (d_write - rate * d_log_decay) * Softplus::derivative(f), T(0)), -step * rate * d_log_decay};
  }

 private:
  template <class T>
  [[nodiscard]] RONDO_ANYWHERE T cut(T step) const {
    return bounded(step, static_cast<Real<T>>(low), static_cast<Real<T>>(high));
  }
};

}  // namespace rondo
