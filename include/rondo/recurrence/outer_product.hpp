// Gated outer-product recurrence (Yang et al. 2024, "Gated linear attention", eq. 3; the state of HGRN2, GLA, RetNet):
//
//   S_t = diag(exp g_t) S_{t-1} + k_t v_t^T,     o_t = scale S_t^T q_t         per sequence and head, S [K, V]
//
// q, k, g [tokens, heads K], v, o [tokens, heads V], states [sequences, heads K V]; g <= 0 is the logarithm of the decay.
// The current token enters undamped. Back-ends compute it in chunks (whole prompt as matrix products) or step by step.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct OuterProduct {
  Index heads = 0;
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;

  [[nodiscard]] constexpr Index state_size() const { return heads * key_width * value_width; }
  // Operations of the step form of one token: k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(state_size()); }
};

}  // namespace rondo
