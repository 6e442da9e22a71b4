// The sizes of a Shape with their names, once for all who read, write or print them.
//
//   each_size(shape, [](std::string_view name, auto& value) { ... });      value: Index, double, bool, RotaryKind or BlockSet
//   take_size(reader, name, value); size_json(value)           a number, true or false, a word, or block numbers: [3, 5, 7] or "3,5,7"
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <rondo/core/record.hpp>
#include <rondo/core/shape.hpp>
#include <rondo/io/object_reader.hpp>

namespace rondo {

template <class ShapeType, class Visit>
constexpr void each_size(ShapeType& shape, Visit&& visit) {
  static_assert(member_count<Shape>() == 34 && member_count<RotaryScaling>() == 7, "rondo: each_size must visit every member of Shape");
  visit("vocabulary", shape.vocabulary);
  visit("width", shape.width);
  visit("depth", shape.depth);
  visit("heads", shape.heads);
  visit("groups", shape.groups);
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
  visit("full_blocks", shape.full_blocks);
  visit("context", shape.context);
  visit("second_blocks", shape.second_blocks);
  visit("second_heads", shape.second_heads);
  visit("second_convolution", shape.second_convolution);
  visit("second_mlp", shape.second_mlp);
  visit("mlp_bias", shape.mlp_bias);
  visit("projection_bias", shape.projection_bias);
  visit("convolution_bias", shape.convolution_bias);
  visit("norm_epsilon", shape.norm_epsilon);
  visit("mixer_norm_epsilon", shape.mixer_norm_epsilon);
  visit("rope_theta", shape.rope_theta);
  visit("rope_share", shape.rope_share);
  visit("rope_type", shape.rope.kind);
  visit("rope_factor", shape.rope.factor);
  visit("rope_context", shape.rope.context);
  visit("rope_slow", shape.rope.slow);
  visit("rope_fast", shape.rope.fast);
  visit("rope_truncate", shape.rope.truncate);
  visit("rope_amplitude", shape.rope.amplitude);
  visit("step_low", shape.step_low);
  visit("step_high", shape.step_high);
  visit("gate_soft_cap", shape.gate_soft_cap);
  visit("logit_soft_cap", shape.logit_soft_cap);
  visit("dropout", shape.dropout);
}

inline bool take_size(ObjectReader& reader, std::string_view name, double& value) { return reader.take(name, value, at_least(0.0)); }
inline bool take_size(ObjectReader& reader, std::string_view name, Index& value) {
  return reader.take(name, value, Between<Index>{0, name == "depth" ? Shape::largest_depth : largest_size});
}
inline bool take_size(ObjectReader& reader, std::string_view name, bool& value) { return reader.take(name, value); }
inline bool take_size(ObjectReader& reader, std::string_view name, RotaryKind& value) {
  std::string word;
  if (!reader.take(name, word, {rotary_kinds.begin(), rotary_kinds.end()})) return false;
  value = static_cast<RotaryKind>(std::find(rotary_kinds.begin(), rotary_kinds.end(), word) - rotary_kinds.begin());
  return true;
}
inline bool take_size(ObjectReader& reader, std::string_view name, BlockSet& value) {
  const Json* member = reader.find(name);
  if (member == nullptr) return false;
  std::string list = member->is_string() ? member->get<std::string>() : member->dump();
  if (member->is_string() || member->is_number()) list = "[" + list + "]";
  const Json numbers = Json::accept(list) ? parse_json(list, std::string(name)) : Json();
  BlockSet blocks;
  bool fits = numbers.is_array();
  for (const Json& number : fits ? numbers : Json::array()) {
    fits = fits && number.is_number_unsigned() && number.get<std::uint64_t>() < static_cast<std::uint64_t>(BlockSet::capacity);
    if (fits) blocks.insert(number.get<Index>());
  }
  if (!fits) throw reader.mismatch(name, "numbers of blocks from 0 to 127, as [3, 5, 7] or \"3,5,7\"", *member);
  value = blocks;
  return true;
}

template <Number T>
Json size_json(T value) {
  return value;
}
inline Json size_json(RotaryKind kind) { return name_of(kind); }
inline Json size_json(const BlockSet& blocks) {
  Json list = Json::array();
  for (const Index block : blocks.numbers()) list.push_back(block);
  return list;
}

}  // namespace rondo
