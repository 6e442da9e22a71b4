// Cpu back-end, part 2: losses on blocks of logits (contracts: rondo/backend/backend.hpp).
#pragma once

#include <rondo/backend/cpu/elementwise_operations.hpp>

namespace rondo {

class CpuLosses : public CpuElementwise {
 public:
  using Input = View<const float>;
  using Output = View<float>;

  void cross_entropy(Output logits, Tokens labels, double soft_cap_at, const CrossEntropyOptions& options, double weight, Output losses);

  void log_probability(Input logits, Tokens labels, double soft_cap_at, Output result);
};

}  // namespace rondo
