// MambaFiles: reads and writes config.json of the forms that rondo/model/checkpoint/mamba_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba_form.hpp>
#include <rondo/model/checkpoint/state_spaces_config.hpp>

namespace rondo {

inline constexpr NamePair mamba_names[] = {
    {"embedding.weight", "backbone.embedding.weight"},  // the layout `state_spaces`: all pairs but the last
    {"blocks.{i}.norm.weight", "backbone.layers.{i}.norm.weight"},
    {"blocks.{i}.input.{leaf}", "backbone.layers.{i}.mixer.in_proj.{leaf}"},
    {"blocks.{i}.convolution.{leaf}", "backbone.layers.{i}.mixer.conv1d.{leaf}"},
    {"blocks.{i}.selection.weight", "backbone.layers.{i}.mixer.x_proj.weight"},
    {"blocks.{i}.step.weight", "backbone.layers.{i}.mixer.dt_proj.weight"},
    {"blocks.{i}.step_bias", "backbone.layers.{i}.mixer.dt_proj.bias"},
    {"blocks.{i}.A_log", "backbone.layers.{i}.mixer.A_log"},
    {"blocks.{i}.D", "backbone.layers.{i}.mixer.D"},
    {"blocks.{i}.output.{leaf}", "backbone.layers.{i}.mixer.out_proj.{leaf}"},
    {"norm.weight", "backbone.norm_f.weight"},
    {"head.weight", "lm_head.weight"},
    {"embedding.weight", "backbone.embeddings.weight"},  // the layout `transformers`: all pairs but the first
};

struct MambaFiles : StateSpacesLayouts {
  static constexpr std::string_view model_type = "mamba";

  using Options = MambaOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    const bool others = is_state_spaces(file);
    Description<Options> result = others ? read_others(file.reader()) : read_transformers(file.reader());
    Shape& shape = result.shape;
    if (shape.inner_width == 2 * shape.width) shape.inner_width = 0;
    if (shape.state_size == MambaMixer::default_states) shape.state_size = 0;
    if (shape.step_rank == Shape{.width = shape.width}.rank()) shape.step_rank = 0;
    result.layout = layout_of(file, tensors);
    return result;
  }

  static NameTable names(const Description<Options>& description) { return names_of(mamba_names, description.layout); }
  static std::string refusal(const Description<Options>& description) {
    return refusal_of(description.shape, description.layout);
  }
  static void write(const Description<Options>& description, Json& document) {
    if (configured_by_state_spaces(description.layout, document))
      write_others(description, document);
    else
      write_transformers(description, document);
  }

 private:
  static Description<Options> read_transformers(ObjectReader config) {
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 768, shape.depth = 32, shape.vocabulary = 50280, shape.norm_epsilon = 1e-5;
    config.take("hidden_size", shape.width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("state_size", shape.state_size, possible_size);
    read_expansion(config, shape);
    config.take("intermediate_size", shape.inner_width, possible_size);
    config.take("conv_kernel", shape.convolution, possible_size);
    for (const char* key : {"time_step_rank", "dt_rank"}) read_rank(config, key, shape);
    for (const char* key : {"layer_norm_epsilon", "norm_eps"}) config.take(key, shape.norm_epsilon, possible_epsilon);
    result.options.tied = true;
    config.take("tie_word_embeddings", result.options.tied);
    std::string activation;
    config.take("hidden_act", activation, {"silu", "swish"});
    config.take("use_bias", shape.projection_bias);
    config.take("use_conv_bias", shape.convolution_bias);
    return result;
  }
  static Description<Options> read_others(ObjectReader config) {
    Description<Options> result;
    Shape& shape = result.shape;
    read_state_spaces(std::move(config), shape, result.options.tied, [&](ObjectReader& sizes) {
      std::string layer;
      sizes.take("layer", layer, {"Mamba1"});
      sizes.take("d_state", shape.state_size, possible_size);
      sizes.take("d_conv", shape.convolution, possible_size);
      read_expansion(sizes, shape);
      read_rank(sizes, "dt_rank", shape);
      read_biases(sizes, shape);
    });
    return result;
  }

  static void read_rank(ObjectReader& config, const char* key, Shape& shape) {
    const Json* rank = config.find(key);
    if (rank == nullptr || *rank == "auto") return;
    if (rank->is_string()) throw config.mismatch(key, "an integer or \"auto\"", *rank);
    config.take(key, shape.step_rank, possible_size);
  }

  static void write_transformers(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"MambaForCausalLM"});
    document["hidden_size"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["state_size"] = shape.state(MambaMixer::default_states);
    document["expand"] = shape.inner() / shape.width;
    document["intermediate_size"] = shape.inner();
    document["conv_kernel"] = shape.convolution;
    document["layer_norm_epsilon"] = shape.norm_epsilon;
    if (document.contains("norm_eps")) document["norm_eps"] = shape.norm_epsilon;
    document.erase("dt_rank");
    if (shape.step_rank != 0 || document.value("time_step_rank", Json()) != "auto") document["time_step_rank"] = shape.rank();
    document["hidden_act"] = "silu";
    document["use_bias"] = shape.projection_bias;
    document["use_conv_bias"] = shape.convolution_bias;
    // The default is left out by some versions, whose files stay as they are.
    if (!description.options.tied || document.contains("tie_word_embeddings") || !document.contains("transformers_version"))
      document["tie_word_embeddings"] = description.options.tied;
  }
  static void write_others(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    Json& sizes = write_state_spaces(shape, description.options.tied, document);
    put_size(sizes, "d_state", shape.state(MambaMixer::default_states), MambaMixer::default_states);
    put_size(sizes, "expand", shape.inner() / shape.width, 2);
    put_size(sizes, "d_conv", shape.convolution, 4);
    put_biases(sizes, shape);
    if (shape.step_rank != 0 || sizes.value("dt_rank", Json("auto")) != "auto") sizes["dt_rank"] = shape.rank();
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const MambaOptions& options) {
  return std::make_shared<PublishedFiles<MambaFiles>>(options);
}

}  // namespace rondo
