// The loops of the Cpu back-end's norms, positions and convolutions (sequence_operations.hpp), compiled once.
#pragma once

#include <algorithm>

#include <rondo/backend/cpu/kernels.hpp>
#include <rondo/backend/cpu/norm.hpp>
#include <rondo/backend/cpu/sequence_operations.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo {

RONDO_DEFINED_ONCE void CpuSequence::norm(const NormSizes& sizes, Input x, Input weight, Input bias, Output y, Output mean,
                                          Output reciprocal) {
  (mean ? normalise<Mean::yes> : normalise<Mean::no>)(sizes, x, weight, bias, y, mean, reciprocal, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::norm_gradient(const NormSizes& sizes, Input x, Input weight, Input mean, Input reciprocal,
                                                   Input dy, Output dx, Output d_weight, Output d_bias, Input plus) {
  (mean ? normalise_gradient<Mean::yes> : normalise_gradient<Mean::no>)(sizes, x, weight, mean, reciprocal, dy, dx, d_weight, d_bias,
                                                                        plus, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::rotate(const Rotation& rotary, Output x, int direction) {
  rondo::rotate(sequences(), x, rotary, direction, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::short_convolution(Input x, Input weight, Output y, Input initial, Output final) {
  rondo::short_convolution(sequences(), x, weight, y, initial, final, scratch);
}

RONDO_DEFINED_ONCE void CpuSequence::short_convolution_gradient(Input x, Input weight, Input dy, Output dx, Output d_weight,
                                                                Input initial, Input d_final, Output d_initial) {
  rondo::short_convolution_gradient(sequences(), x, weight, dy, dx, d_weight, initial, d_final, d_initial, scratch);
}

}  // namespace rondo
