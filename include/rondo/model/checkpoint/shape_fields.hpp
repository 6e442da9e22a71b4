// The sizes of a Shape with their names, once for all who read, write or print them.
//
//   each_size(shape, [](std::string_view name, auto& value) { ... });      value: Index or double
#pragma once

#include <string_view>

#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>

namespace rondo {

template <class ShapeType, class Visit>
constexpr void each_size(ShapeType& shape, Visit&& visit) {
  static_assert(member_count<Shape>() == 21, "rondo: each_size must visit every member of Shape");
  visit("vocabulary", shape.vocabulary);
  visit("width", shape.width);
  visit("depth", shape.depth);
  visit("heads", shape.heads);
  visit("key_value_heads", shape.key_value_heads);
  visit("key_width", shape.key_width);
  visit("mlp_width", shape.mlp_width);
  visit("embedding_width", shape.embedding_width);
  visit("inner_width", shape.inner_width);
  visit("state_size", shape.state_size);
  visit("step_rank", shape.step_rank);
  visit("block_width", shape.block_width);
  visit("convolution", shape.convolution);
  visit("window", shape.window);
  visit("context", shape.context);
  visit("norm_epsilon", shape.norm_epsilon);
  visit("mixer_norm_epsilon", shape.mixer_norm_epsilon);
  visit("rope_theta", shape.rope_theta);
  visit("gate_soft_cap", shape.gate_soft_cap);
  visit("logit_soft_cap", shape.logit_soft_cap);
  visit("dropout", shape.dropout);
}

}  // namespace rondo
