// Forget gates of linear recurrences: scalar functions from a pre-activation to a decay and a write strength.
//
//   LowerBoundedForget   a = beta + (1 - beta) s(f)   HGRN2 (Qin et al. 2024, eq. 6): beta grows with the layer
//   SigmoidForget        a = s(f)                     the same without the bound
//
//   apply(f, beta) -> log_decay g = log a <= 0,  write k = 1 - a = (1 - beta) s(-f), formed without cancellation
//   backward(f, beta, dg, dk) -> df, dbeta            with G = dg - a dk:
//       df = G (1 - beta) s(f) s(-f) / a,   dbeta = G s(-f) / a
// Where a all but vanishes, (1 - beta) s(f) / a is formed first, and is 1 at a = 0; dbeta is cut off there, so that sums of it are finite.
//
// A gate of your own is such a struct: `apply`, `backward` for any scalar T, static or (where it has settings) not, and `Shared`,
// the layer that makes its bounds from parameters of all layers (NothingShared: beta = 0).
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/core/math.hpp>
#include <rondo/layer/lower_bounds.hpp>

namespace rondo {

template <class T>
struct GateOutput {
  T log_decay;
  T write;
};
template <class T>
struct GateGradient {
  T d_pre_activation;
  T d_bound;
};

// Decays below this are lost in every sum, and what is divided by them soon leaves the range of numbers.
template <class T>
inline constexpr Real<T> vanishing_decay = static_cast<Real<T>>(sizeof(Real<T>) == sizeof(float) ? 1e-30 : 1e-280);

struct LowerBoundedForget {
  using Shared = LowerBounds;

  template <class T>
  static RONDO_ANYWHERE GateOutput<T> apply(T f, T beta) {
    const T write = (T(1) - beta) * sigmoid(-f);
    const T decay = beta + (T(1) - beta) * sigmoid(f);
    return {log_of_complement(decay, write), write};
  }
  template <class T>
  static RONDO_ANYWHERE GateGradient<T> backward(T f, T beta, T d_log_decay, T d_write) {
    const T s = sigmoid(f), complement = sigmoid(-f);
    const T decay = beta + (T(1) - beta) * s, total = (d_log_decay - decay * d_write) * complement / decay;
    const T share = select(real_part(decay) == 0, T(1), (T(1) - beta) * s / decay);
    const bool vanishes = real_part(decay) < vanishing_decay<T>;
    return {select(vanishes, (d_log_decay - decay * d_write) * complement * share, total * (T(1) - beta) * s),
            select(vanishes, (d_log_decay / vanishing_decay<T> - d_write) * complement, total)};
  }
};

struct SigmoidForget {
  using Shared = NothingShared;

  template <class T>
  static RONDO_ANYWHERE GateOutput<T> apply(T f, T) {
    return {log_sigmoid(f), sigmoid(-f)};
  }
  template <class T>
  static RONDO_ANYWHERE GateGradient<T> backward(T f, T, T d_log_decay, T d_write) {
    const T complement = sigmoid(-f);
    return {d_log_decay * complement - d_write * complement * sigmoid(f), T(0)};
  }
};

}  // namespace rondo
