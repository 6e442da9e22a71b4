// Hgrn2Files: reads and writes config.json of the form that rondo/model/checkpoint/hgrn2_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/hgrn2_form.hpp>
#include <rondo/model/checkpoint/hgrn_family.hpp>

namespace rondo {

struct Hgrn2Files : HgrnFamily<Hgrn2Files> {
  static constexpr std::string_view model_type = "hgrn2";
  static constexpr double fixed_epsilon = 1e-5;  // of the mixer's norm in the layout `separate`

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    read_common(config, tensors, result);
    Shape& shape = result.shape;
    shape.mixer_norm_epsilon = result.layout == separate ? fixed_epsilon : shape.norm_epsilon;
    read_heads(file, config, result);
    return result;
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (shape.heads * shape.head_key_width() != shape.width &&
        (description.layout == separate || description.options.lower_bounds))
      return "the keys of all heads together are not as wide as the model";
    const double epsilon = description.layout == separate ? fixed_epsilon : shape.norm_epsilon;
    if (shape.mixer_norm_epsilon != epsilon) return other_epsilon("mixer_norm_epsilon", shape.mixer_norm_epsilon, epsilon);
    return biased_mlp(shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    const bool derived_heads = shape.heads * shape.head_key_width() == shape.width;
    write_common(description, "HGRN2ForCausalLM", document);
    document["expand_ratio"] = shape.head_key_width();
    document["num_heads"] = description.layout == fused_mlp && derived_heads ? Json(nullptr) : Json(shape.heads);
  }

 private:
  static void read_heads(const ModelConfig& file, ObjectReader& config, Description<Options>& description) {
    Shape& shape = description.shape;
    Index keys = file.has("expand_ratio") ? 0 : 128, heads = 0;  // expand_ratio null: no value
    config.take("expand_ratio", keys, possible_size);
    config.take("num_heads", heads, possible_size);
    if (keys == 0 && heads == 0) heads = config.get<Index>("num_heads", possible_size);
    if (heads != 0 && shape.width % heads != 0)  // even where the keys decide
      throw config.mismatch("num_heads", "a divisor of hidden_size " + std::to_string(shape.width), *config.find("num_heads"));
    if (keys == 0) {
      keys = shape.width / heads;
    } else if (heads == 0 || description.layout == separate) {
      if (shape.width % keys != 0) {
        const Json found = keys;
        throw config.mismatch("expand_ratio", "a divisor of hidden_size " + std::to_string(shape.width), found);
      }
      heads = shape.width / keys;
    }
    shape.heads = heads;
    shape.key_width = keys * heads == shape.width ? 0 : keys;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Hgrn2Options& options) {
  return std::make_shared<PublishedFiles<Hgrn2Files>>(options);
}

}  // namespace rondo
