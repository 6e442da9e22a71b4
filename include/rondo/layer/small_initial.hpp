// How the weights of xLSTM start:
//
//   small_initial(width)            N(0, 2 / (5 width))              Nguyen and Salazar 2019 ("Transformers without tears")
//   output_initial(width, depth)    N(0, (2 / depth)^2 / width)      of projections back to the stream; Wang and Komatsuzaki 2021
//
// SmallStart<GatedMlp<F>>   a gated MLP that starts so (the small xLSTM's);  ZeroGateStart<GatedMlp<F>>   whose gate starts at zero as
// well, so that a fresh MLP gives zero (xLSTM-large). What the layer computes stays the same.
#pragma once

#include <cmath>

#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>

namespace rondo {

inline Initial small_initial(Index width) {
  return normal(std::sqrt(2.0 / (5.0 * static_cast<double>(width))));
}
inline Initial output_initial(Index width, Index depth) {
  return normal(2.0 / (static_cast<double>(depth) * std::sqrt(static_cast<double>(width))));
}

template <class Layer>
class SmallStart : public Layer {
 public:
  SmallStart(const Shape& shape, Index block)
      : Layer(shape, block, output_initial(shape.width, shape.depth), small_initial(shape.width), small_initial(shape.width)) {}
};
template <class Layer>
class ZeroGateStart : public Layer {
 public:
  ZeroGateStart(const Shape& shape, Index block)
      : Layer(shape, block, output_initial(shape.mlp(), shape.depth), small_initial(shape.width), zeros()) {}
};

}  // namespace rondo
