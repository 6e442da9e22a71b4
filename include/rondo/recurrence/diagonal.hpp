// Diagonal linear recurrence, a state of one number a channel (Qin et al. 2023, "Hierarchically gated recurrent neural network for
// sequence modeling", eq. 4; the same with a fixed decay is an exponential moving average):
//
//   h_t = exp(g_t) h_{t-1} + x_t                      per sequence and channel
//
// g, x, h [tokens, width], states [sequences, width]; g <= 0 is the logarithm of the decay. The current token enters undamped.
// Backward, h being what the forward wrote:  dh_t += exp(g_{t+1}) dh_{t+1},  dx_t = dh_t,  dg_t = dh_t exp(g_t) h_{t-1}.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct Diagonal {
  Index width = 0;

  [[nodiscard]] constexpr Index state_size() const { return width; }
  // Operations of one token: decay times state, plus input.
  [[nodiscard]] constexpr double operations(Index) const { return 2.0 * static_cast<double>(width); }
};

}  // namespace rondo
