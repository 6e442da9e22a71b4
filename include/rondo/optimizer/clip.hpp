// Clipping by the global norm (Pascanu et al. 2013):  g <- g min(1, limit / |g|),  |g| over all gradients together.
// With an epsilon  limit / (|g| + epsilon), as torch's clip_grad_norm_ has it with 1e-6.
//
// The gradients stay as they are: the factor goes to the optimiser, which multiplies while it reads them.
#pragma once

#include <cmath>

#include <rondo/core/device.hpp>

namespace rondo {

struct ClippedNorm {
  double norm = 0;   // |scale g| before clipping
  double scale = 1;  // what to multiply g with: `scale`, and the clipping
};

// The norm of scale * gradients whose squares have this sum, and the factor that brings it down to `limit` (no limit where it is 0).
RONDO_ANYWHERE inline ClippedNorm clip_norm(double sum_of_squares, double limit, double scale = 1, double epsilon = 0) {
  const double norm = scale * std::sqrt(sum_of_squares), divisor = norm + epsilon;
  return {norm, limit > 0 && divisor > limit ? scale * (limit / divisor) : scale};
}

}  // namespace rondo
