// LlamaFiles: reads and writes config.json of the form that rondo/model/checkpoint/llama_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/llama_form.hpp>
#include <rondo/model/checkpoint/llama_keys.hpp>

namespace rondo {

struct LlamaFiles {
  static constexpr std::string_view model_type = "llama";
  static constexpr std::size_t layouts = 1;

  using Options = LlamaOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 4096, shape.mlp_width = 11008, shape.depth = 32, shape.heads = 32, shape.vocabulary = 32000;
    read_llama_keys(config, tensors, result);
    config.take("mlp_bias", shape.mlp_bias);
    return result;
  }

  static NameTable names(const Description<Options>&) { return {llama_names, llama_buffers}; }

  static std::string refusal(const Description<Options>& description) {
    return description.shape.window != 0 ? "attention has a window" : llama_refusal(description.shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    document["architectures"] = Json::array({"LlamaForCausalLM"});
    document["mlp_bias"] = description.shape.mlp_bias;
    write_llama_keys(description, document);
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const LlamaOptions& options) {
  return std::make_shared<PublishedFiles<LlamaFiles>>(options);
}

}  // namespace rondo
