// Matrix memory with an exponential input gate, a normaliser and a stabiliser (mLSTM; Beck et al. 2024, "xLSTM", eq. 19 to 27):
//
//   m_t = max(lf_t + m_{t-1}, i_t),   keep = exp(lf_t + m_{t-1} - m_t),   write = exp(i_t - m_t),      lf = log s(f)
//   C_t = keep C_{t-1} + write k_t v_t^T,      n_t = keep n_{t-1} + write k_t                          C [K, V], n [K]
//   h_t = c C_t^T q_t / (max(|c n_t . q_t|, exp(-m_t)) + epsilon)                                      per sequence and head
//
// q, k [tokens, heads K], v, h [tokens, heads V], i, f [tokens, heads] before their functions; c = scale. States C [sequences,
// heads K V], n [sequences, heads K], m [sequences, heads]. Keys are kept unscaled.
//
// C and n mean something only together with their m: e^m C and e^m n are what the gates and keys define, and h depends on m through
// epsilon e^m alone. Gradients are exact in all of it. With C, n, m taken as they are stored and D the denominator,
//   backward with m held constant, then along m:  dm_t -= epsilon (dh_t . h_t) / D_t, handed to lf_t and m_{t-1}, or to i_t,
//   whichever was the larger;  dm_T -= <C_T, dC_T> + n_T . dn_T,  dm_0 += <C_0, dC_0> + n_0 . dn_0
//
// `start`: m before the first token of a fresh sequence, 0 (xLSTM-large) or minus infinity, m_1 = i_1 (the small xLSTM, as it is
// trained). A fresh state is all zeros in both; with Start::unbounded, zeros in n and m are read as m = -infinity.
#pragma once

#include <rondo/core/record.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

struct MatrixMemory {
  enum class Start : bool { zero, unbounded };

  Index heads = 0;
  Index key_width = 0;    // K
  Index value_width = 0;  // V
  double scale = 1;
  double epsilon = 1e-6;
  Start start = Start::zero;

  template <class S>
  struct State {
    S memory, normaliser, stabiliser;
  };
  auto state_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("memory", {extent.sequences, heads * key_width * value_width}, s.memory...),
                  buffer("normaliser", {extent.sequences, heads * key_width}, s.normaliser...),
                  buffer("stabiliser", {extent.sequences, heads}, s.stabiliser...));
  }

  // Operations of the step form of one token: k v^T into the state and q times the state.
  [[nodiscard]] constexpr double operations(Index) const { return 4.0 * static_cast<double>(heads * key_width * value_width); }
};

}  // namespace rondo
