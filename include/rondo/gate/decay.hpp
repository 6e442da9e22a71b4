// Decays of linear recurrences that write with a key of its own: log decays g <= 0 of pre-activations, element by element.
//
//   SigmoidRoot<16>   g = log(s(f)) / 16, a decay of s(f)^(1/16): near one from the start (Yang et al. 2024, GLA, eq. 7)
//
// A decay of your own is such a struct: `apply` and `derivative` for any scalar, as an activation has (core/activation.hpp).
#pragma once

#include <rondo/core/device.hpp>
#include <rondo/core/math.hpp>

namespace rondo {

template <int root>
struct SigmoidRoot {
  static_assert(root > 0, "rondo: SigmoidRoot takes a positive root");
  template <class T>
  static RONDO_ANYWHERE T apply(T f) { return log_sigmoid(f) / T(root); }
  template <class T>
  static RONDO_ANYWHERE T derivative(T f) { return sigmoid(-f) / T(root); }
};

}  // namespace rondo
