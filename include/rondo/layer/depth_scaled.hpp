// DepthScaled<Layer>: a layer of a residual branch whose output projection starts the smaller, the more branches are added up:
//
//   N(0, 0.02^2 / (2 depth))       GPT-2 (Radford et al. 2019); a stack has two branches a block
//
// so that the stream keeps its size with depth. What the layer computes stays the same. Layer's constructor takes the start of its
// output projection last: (shape, block, initial).
#pragma once

#include <cmath>

#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>

namespace rondo {

template <class Layer>
class DepthScaled : public Layer {
 public:
  DepthScaled(const Shape& shape, Index block)
      : Layer(shape, block, normal(0.02 / std::sqrt(2 * static_cast<double>(shape.depth)))) {}
};

}  // namespace rondo
