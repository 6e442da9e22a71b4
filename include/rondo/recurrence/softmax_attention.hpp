// Causal softmax attention with grouped queries (Vaswani et al. 2017; Ainslie et al. 2023), as a recurrence whose state is the
// cache of keys and values:
//
//   o_i = sum_j p_ij v_j,   p_i = softmax over j <= i of scale q_i . k_j        (j > i - window where window > 0)
//
// q, o [tokens, heads d], k, v [tokens, key_value_heads d], log_sum [tokens, heads]; query head h reads key head
// h / (heads / key_value_heads). Caches [sequences, capacity key_value_heads d], of which a sequence's first `position`
// entries are filled. Back-ends never hold a tokens x tokens matrix (Dao et al. 2022): the backward forms p again from log_sum.
#pragma once

#include <rondo/core/view.hpp>

namespace rondo {

struct SoftmaxAttention {
  Index heads = 0;
  Index key_value_heads = 0;
  Index head_width = 0;  // d
  double scale = 1;
  Index window = 0;  // 0: no limit

  [[nodiscard]] constexpr Index key_value_size() const { return key_value_heads * head_width; }
  // Operations for one of `tokens` tokens of a sequence: q k^T and p v over the causal half of the square.
  [[nodiscard]] constexpr double operations(Index tokens) const {
    return 2.0 * static_cast<double>(tokens) * static_cast<double>(heads * head_width);
  }
};

}  // namespace rondo
