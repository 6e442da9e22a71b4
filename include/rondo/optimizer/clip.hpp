// Clipping by the global norm (Pascanu et al. 2013):  g <- g min(1, limit / |g|),  |g| over all gradients together.
//
// The gradients stay as they are: the factor goes to the optimiser, which multiplies while it reads them.
#pragma once

#include <cmath>

#include <rondo/layer/layer.hpp>

namespace rondo {

struct ClippedNorm {
  double norm = 0;   // |scale g| before clipping
  double scale = 1;  // what to multiply g with: `scale`, and the clipping
};

// The norm of scale * gradients, and the factor that brings it down to `limit` (no limit where it is 0).
template <class C>
ClippedNorm clip_by_norm(C& c, In<C> gradients, double limit, double scale = 1) {
  const double norm = scale * std::sqrt(c.sum_of_squares(gradients));
  return {norm, limit > 0 && norm > limit ? scale * (limit / norm) : scale};
}

}  // namespace rondo
