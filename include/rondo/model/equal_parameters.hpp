// Shapes of equal parameter count, so that compositions can be compared fairly.
//
//   Shape shape = with_parameters<Llama>(base, &Shape::mlp_width, 8, budget);
//
// The multiple of `step` for which the model's parameter count is nearest to the budget; counts must grow with the size (bisection).
// Nothing is allocated but the description of a model. Throws Error where even the smallest size is beyond twice the budget, and
// where the model does not have this size.
#pragma once

#include <functional>

#include <rondo/core/shape.hpp>
#include <rondo/model/parameters.hpp>

namespace rondo {

template <class Model>
Index parameter_count(const Shape& shape) {
  return record_size(WeightRecords{}, Model{shape});
}

// `parameters(shape)` counts.
inline Shape with_parameters(const std::function<Index(const Shape&)>& parameters, Shape shape, Index Shape::*size, Index step,
                             Index budget) {
  const auto count = [&](Index steps) {
    shape.*size = steps * step;
    return parameters(shape);
  };
  Index low = 1, high = 2;
  require(count(low) < 2 * budget, "equal parameters: the smallest size has ", count(low), " parameters, the budget is ", budget);
  while (count(high) < budget) {
    require(count(high) > count(low), "equal parameters: the model has ", count(low), " parameters whatever this size is");
    low = high, high *= 2;
  }
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (count(middle) < budget ? low : high) = middle;
  }
  const Index below = budget - count(low), above = count(high) - budget;
  shape.*size = (below < above ? low : high) * step;
  return shape;
}
template <class Model>
Shape with_parameters(const Shape& shape, Index Shape::*size, Index step, Index budget) {
  return with_parameters(parameter_count<Model>, shape, size, step, budget);
}

}  // namespace rondo
