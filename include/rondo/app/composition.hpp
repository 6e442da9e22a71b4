// Composition: one line of a comparison (rondo/app/ablation.hpp).
//
//   composition<Hgrn2Unbounded>("sigmoid-forget", "hgrn2 with forget gates that have no lower bound")
#pragma once

#include <string>

#include <rondo/app/served_model.hpp>

namespace rondo::app {

struct Composition {
  std::string name, purpose;
  ServedModel model;
  Index Shape::*size;  // what the solver changes
};

// `size`: the width of the MLP, or &Shape::width for models without one.
template <class Model>
Composition composition(std::string name, std::string purpose, Index Shape::*size = &Shape::mlp_width) {
  return {std::move(name), std::move(purpose), serve<Model>(), size};
}

}  // namespace rondo::app
