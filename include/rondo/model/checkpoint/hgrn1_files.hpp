// Hgrn1Files: reads and writes config.json of the form that rondo/model/checkpoint/hgrn1_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/hgrn1_form.hpp>
#include <rondo/model/checkpoint/hgrn_family.hpp>

namespace rondo {

struct Hgrn1Files : HgrnFamily<Hgrn1Files> {
  static constexpr std::string_view model_type = "hgrn";

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    read_common(config, tensors, result);
    Index ratio = 1;
    config.take("expand_ratio", ratio, Between<Index>{1, 1024});
    if (ratio != 1 && result.options.lower_bounds)
      throw config.mismatch("expand_ratio", "1 (lower bounds are as wide as the model)", Json(ratio));
    result.shape.key_width = ratio == 1 ? 0 : ratio * result.shape.width;
    return result;
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    const Index state = shape.heads * shape.head_key_width();
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (state % shape.width != 0) return "the state is not a multiple of the model's width";
    if (state != shape.width && description.options.lower_bounds) return "the state is wider than the model, and so are its bounds";
    return biased_mlp(shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    write_common(description, "HGRNForCausalLM", document);
    document["expand_ratio"] = shape.heads * shape.head_key_width() / shape.width;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Hgrn1Options& options) {
  return std::make_shared<PublishedFiles<Hgrn1Files>>(options);
}

}  // namespace rondo
