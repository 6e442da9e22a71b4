// Composition: one line of a comparison (rondo/app/ablation.hpp).
//
//   composition<Hgrn2Unbounded>("sigmoid-forget", "hgrn2 with forget gates that have no lower bound")
//   composition<Hgrn2>("keys-16", "hgrn2 with 16 keys a head", &Shape::mlp_width, [](Shape& shape) { shape.key_width = 16; })
#pragma once

#include <string>

#include <rondo/app/served_model.hpp>

namespace rondo::app {

struct Composition {
  std::string name, purpose;
  ServedModel model;
  Index Shape::*size;           // what the solver changes
  void (*adapt)(Shape& shape);  // sizes of its own; null: none
};

// `size`: the width of the MLP, or of what there is in its place.
template <class Model>
Composition composition(std::string name, std::string purpose, Index Shape::*size = &Shape::mlp_width,
                        void (*adapt)(Shape&) = nullptr) {
  return {std::move(name), std::move(purpose), serve<Model>(), size, adapt};
}

}  // namespace rondo::app
