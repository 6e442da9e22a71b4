// Rotary positions in the config.json of transformers 4 and 5:
//
//   rope_theta              10000, of transformers 4; max_position_embeddings is read by who calls
//   partial_rotary_factor   1: the share of a head's channels, the leading ones, that turn
//   rope_scaling            (transformers 4) or rope_parameters (5); the first counts where it is there and not empty: an object
//     rope_type, once type      "default", "linear", "dynamic", "yarn" or "llama3" (rondo/core/rotation.hpp)
//     rope_theta, partial_rotary_factor             before those above
//     factor                                        of all but "default"; of "yarn" null: max_position_embeddings / the original
//     original_max_position_embeddings              of "yarn" and "llama3"; one outside the object comes first, without any it is
//                                                   max_position_embeddings, which "dynamic" always goes by
//     low_freq_factor 1, high_freq_factor 4         of "llama3"
//     beta_slow 1, beta_fast 32, truncate true, attention_factor, mscale, mscale_all_dim         of "yarn"; without attention_factor
//                                                   it is that of mscale over that of mscale_all_dim where both are there
#pragma once

#include <cmath>

#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/shape_fields.hpp>

namespace rondo {

inline constexpr Between<double> possible_base{1.0, 1e12};
inline constexpr Between<double> possible_factor{1e-6, 1e12};

// The name of the object that counts.
inline const char* rotary_object(const Json* scaling) {
  return scaling != nullptr && !scaling->empty() ? "rope_scaling" : "rope_parameters";
}

inline void read_share(ObjectReader& config, Shape& shape) {
  double share = shape.rope_share;
  if (!config.take("partial_rotary_factor", share, Between{0.0, 1.0})) return;
  const auto turning = static_cast<Index>(share * static_cast<double>(shape.head_key_width()));
  if (turning < 2 || turning % 2 != 0)
    throw config.mismatch("partial_rotary_factor", "a share that is an even number of a head's " + std::to_string(shape.head_key_width()) +
                                                       " channels", Json(share));
  shape.rope_share = share;
}

inline void read_yarn(ObjectReader& positions, RotaryScaling& rope, double ratio) {
  if (!positions.take("factor", rope.factor, possible_factor)) rope.factor = ratio;
  positions.take("beta_slow", rope.slow, possible_factor);
  positions.take("beta_fast", rope.fast, possible_factor);
  positions.take("truncate", rope.truncate);
  double share = 0, share_of_all = 0;
  positions.take("mscale", share, Between{0.0, 1e6});
  positions.take("mscale_all_dim", share_of_all, Between{0.0, 1e6});
  const auto amplitude = [&](double of) { return rope.factor <= 1 ? 1.0 : 0.1 * of * std::log(rope.factor) + 1; };
  if (!positions.take("attention_factor", rope.amplitude, possible_factor) && share > 0 && share_of_all > 0)
    rope.amplitude = amplitude(share) / amplitude(share_of_all);
}

// Shape::context is max_position_embeddings.
inline void read_rotary(ObjectReader& config, Shape& shape) {
  config.take("rope_theta", shape.rope_theta, possible_base);
  read_share(config, shape);
  Index original = shape.context;
  const bool outside = config.take("original_max_position_embeddings", original, possible_size);
  const char* object = rotary_object(config.find("rope_scaling"));
  config.object(object, [&](ObjectReader& positions) {
    for (const auto& [key, member] : config.find(object)->items())
      if (member.is_object()) throw positions.mismatch(key, "a number or a word (rondo turns alike in all blocks)", member);
    RotaryScaling& rope = shape.rope;
    for (const char* key : {"type", "rope_type"}) take_size(positions, key, rope.kind);
    positions.take("rope_theta", shape.rope_theta, possible_base);
    read_share(positions, shape);
    if (rope.kind == RotaryKind::none) return;
    if (!outside && rope.kind != RotaryKind::dynamic) positions.take("original_max_position_embeddings", original, possible_size);
    if (rope.kind == RotaryKind::yarn) {
      read_yarn(positions, rope, static_cast<double>(shape.context) / static_cast<double>(original));
    } else {
      rope.factor = positions.get<double>("factor", possible_factor);
    }
    if (rope.kind == RotaryKind::llama3) {
      positions.take("low_freq_factor", rope.slow, possible_factor);
      positions.take("high_freq_factor", rope.fast, possible_factor);
    }
    // What follows anyway is left to follow.
    if (rope.slow == RotaryScaling{rope.kind}.slow_turns()) rope.slow = 0;
    if (rope.fast == RotaryScaling{rope.kind}.fast_turns()) rope.fast = 0;
    rope.context = original == shape.context || rope.kind == RotaryKind::linear || rope.kind == RotaryKind::dynamic ? 0 : original;
  });
}

// Why such files cannot say the rotary positions of a shape; empty where they can.
inline std::string rotary_refusal(const Shape& shape) {
  const RotaryScaling& rope = shape.rope;
  if (rope.kind != RotaryKind::yarn && rope.amplitude != 0 && rope.amplitude != 1) return "only yarn has an amplitude";
  if (rope.kind == RotaryKind::dynamic && rope.context != 0 && rope.context != shape.context)
    return "its rotary positions grow from another length than its context";
  return "";
}

// Whether two shapes have the same rotary positions, however they say so.
inline bool same_turns(const Shape& a, const Shape& b) {
  const Rotation first = a.rotation(), second = b.rotation();
  bool same = a.rope_theta == b.rope_theta && a.rope_share == b.rope_share && first.amplitude() == second.amplitude();
  for (Index j = 0; same && j < first.pairs(); ++j)
    for (const Index length : {Index{1}, 2 * a.context}) same = same && first.frequency(j, length) == second.frequency(j, length);
  return same;
}

// Leaves what says the same already.
inline void write_rotary(Json& document, const Shape& shape) {
  ObjectReader reader{document, "config.json", "", Policy::foreign};
  const Json* kept = reader.find(rotary_object(reader.find("rope_scaling")));
  const Json* newer = reader.find("rope_parameters");
  if (document.contains("rope_theta") || kept != nullptr) {
    Shape found = shape;
    found.rope_theta = Shape{}.rope_theta, found.rope_share = 1, found.rope = {};
    read_rotary(reader, found);
    if (same_turns(found, shape)) return;
  }
  const RotaryScaling& rope = shape.rope;
  const bool yarn = rope.kind == RotaryKind::yarn, llama3 = rope.kind == RotaryKind::llama3;
  Json positions = Json::object();
  positions["rope_type"] = name_of(rope.kind);
  if (rope.kind != RotaryKind::none) positions["factor"] = rope.factor;
  if (yarn || llama3) positions["original_max_position_embeddings"] = rope.context ? rope.context : shape.context;
  if (llama3) positions["low_freq_factor"] = rope.slow_turns(), positions["high_freq_factor"] = rope.fast_turns();
  if (yarn && rope.slow > 0) positions["beta_slow"] = rope.slow;
  if (yarn && rope.fast > 0) positions["beta_fast"] = rope.fast;
  if (yarn && !rope.truncate) positions["truncate"] = false;
  if (yarn && rope.amplitude > 0) positions["attention_factor"] = rope.amplitude;
  Json& outside = newer != nullptr ? positions : document;
  for (const char* key : {"rope_scaling", "rope_parameters", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings"})
    document.erase(key);
  outside["rope_theta"] = shape.rope_theta;
  if (shape.rope_share != 1) outside["partial_rotary_factor"] = shape.rope_share;
  if (newer != nullptr)
    document["rope_parameters"] = positions;
  else if (rope.kind != RotaryKind::none)
    document["rope_scaling"] = positions;
}

}  // namespace rondo
