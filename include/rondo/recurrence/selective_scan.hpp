// Selective scan (Gu and Dao 2023, "Mamba: Linear-time sequence modeling with selective state spaces", algorithm 2):
//
//   step_t[d] = softplus(raw_t[d] + step_bias[d]),     A = -exp(A_log)                       per sequence and channel d
//   h_t[d, n] = exp(step_t[d] A[d, n]) h_{t-1}[d, n] + step_t[d] B_t[n] u_t[d]
//   y_t[d]    = (sum_n C_t[n] h_t[d, n] + D[d] u_t[d]) silu(z_t[d])
//
// u, raw, z, y [tokens, channels], B, C [tokens, states], shared by all channels; step_bias, D [1, channels],
// A_log [channels, states]; states h [sequences, channels states]. The rate of decay is discretised exactly, the input by Euler's
// rule. Bias, skip and gate are part of it because each would be another pass over [tokens, channels].
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct SelectiveScan {
  Index channels = 0;
  Index states = 0;  // numbers a channel remembers

  [[nodiscard]] constexpr Index state_size() const { return channels * states; }
  // Operations of the step form of one token: three of the decay, two of the input, two of the update, two of the output.
  [[nodiscard]] constexpr double operations(Index) const { return 9.0 * static_cast<double>(state_size()); }
};

// What a token brings, and the gradients of it. V: a view, or what else a walk needs.
template <class V>
struct SelectiveScanInputs {
  V u, raw_step, B, C, z;
  template <class U>
  constexpr operator SelectiveScanInputs<U>() const { return {u, raw_step, B, C, z}; }
};
// What all tokens share, and the gradients of it.
template <class V>
struct SelectiveScanWeights {
  V step_bias, A_log, D;
  template <class U>
  constexpr operator SelectiveScanWeights<U>() const { return {step_bias, A_log, D}; }
};

}  // namespace rondo
