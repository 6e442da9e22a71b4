// Outer-product recurrence with one decay and one write strength a head, keys and queries shared by groups of heads (Dao and Gu 2024,
// "Transformers are SSMs", section 6: the state of Mamba-2):
//
//   S_t = exp(g_t) S_{t-1} + w_t k_t v_t^T,     o_t = scale S_t^T q_t          per sequence and head, S [K, V]
//
// q, k [tokens, groups K], g, w [tokens, heads], v, o [tokens, heads V], states [sequences, heads K V]; head h reads group
// h / (heads / groups); g <= 0 is the logarithm of the decay. The current token enters undamped.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct ScalarOuterProduct {
  Index heads = 0;
  Index groups = 1;       // divides heads
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;

  [[nodiscard]] constexpr Index state_size() const { return heads * key_width * value_width; }
  // Operations of the step form of one token: k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(state_size()); }
};

}  // namespace rondo
