// Cpu back-end, part 3: norms, positions and convolutions (contracts: rondo/backend/backend.hpp).
#pragma once

#include <rondo/backend/cpu/loss_operations.hpp>

namespace rondo {

class CpuSequence : public CpuLosses {
 public:
  using Input = View<const float>;
  using Output = View<float>;

  void norm(const NormSizes& sizes, Input x, Input weight, Input bias, Output y, Output mean, Output reciprocal);
  void norm_gradient(const NormSizes& sizes, Input x, Input weight, Input mean, Input reciprocal, Input dy, Output dx,
                     Output d_weight, Output d_bias, Input plus = {});

  void rotate(const Rotation& rotary, Output x, int direction);

  void short_convolution(Input x, Input weight, Output y, Input initial, Output final);
  void short_convolution_gradient(Input x, Input weight, Input dy, Output dx, Output d_weight, Input initial, Input d_final,
                                  Output d_initial);
};

}  // namespace rondo
