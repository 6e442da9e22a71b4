// Mamba2Files: reads and writes config.json of the forms that rondo/model/checkpoint/mamba2_form.hpp describes.
#pragma once

#include <cmath>

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba2_form.hpp>
#include <rondo/model/checkpoint/state_spaces_config.hpp>

namespace rondo {

inline constexpr NamePair mamba2_names[] = {
    {"embedding.weight", "backbone.embedding.weight"},  // the layout `state_spaces`: all pairs but the last
    {"blocks.{i}.norm.weight", "backbone.layers.{i}.norm.weight"},
    {"blocks.{i}.input.{leaf}", "backbone.layers.{i}.mixer.in_proj.{leaf}"},
    {"blocks.{i}.convolution.{leaf}", "backbone.layers.{i}.mixer.conv1d.{leaf}"},
    {"blocks.{i}.step_bias", "backbone.layers.{i}.mixer.dt_bias"},
    {"blocks.{i}.A_log", "backbone.layers.{i}.mixer.A_log"},
    {"blocks.{i}.skip.weight", "backbone.layers.{i}.mixer.D"},
    {"blocks.{i}.output_norm.weight", "backbone.layers.{i}.mixer.norm.weight"},
    {"blocks.{i}.output.{leaf}", "backbone.layers.{i}.mixer.out_proj.{leaf}"},
    {"norm.weight", "backbone.norm_f.weight"},
    {"head.weight", "lm_head.weight"},
    {"embedding.weight", "backbone.embeddings.weight"},  // the layout `transformers`: all pairs but the first
};

struct Mamba2Files : StateSpacesLayouts {
  static constexpr std::string_view model_type = "mamba2";

  using Options = Mamba2Options;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    const bool others = is_state_spaces(file);
    Description<Options> result = others ? read_others(file.reader()) : read_transformers(file.reader(), tensors);
    Shape& shape = result.shape;
    if (shape.inner_width == 2 * shape.width) shape.inner_width = 0;
    if (shape.state_size == default_states) shape.state_size = 0;
    result.layout = layout_of(file, tensors);
    return result;
  }

  static NameTable names(const Description<Options>& description) { return names_of(mamba2_names, description.layout); }
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
  static constexpr Index default_states = Mamba2Mixer::default_states;

  static Description<Options> read_transformers(ObjectReader config, const TensorFolder* tensors) {
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 4096, shape.depth = 64, shape.vocabulary = 32768, shape.norm_epsilon = 1e-5;
    shape.heads = 128, shape.groups = 8;
    config.take("hidden_size", shape.width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("state_size", shape.state_size, possible_size);
    config.take("num_heads", shape.heads, possible_size);
    config.take("n_groups", shape.groups, possible_size);
    config.take("conv_kernel", shape.convolution, possible_size);
    config.take("layer_norm_epsilon", shape.norm_epsilon, possible_epsilon);
    read_expansion(config, shape);
    Index head_width = 64;
    config.take("head_dim", head_width, possible_size);
    if (shape.heads * head_width != shape.inner_width)
      throw error(config.place("num_heads"), ": expected num_heads * head_dim = expand * hidden_size = ", shape.inner_width,
                  ", found ", shape.heads * head_width);
    check_groups(config, "n_groups", shape);
    read_limits(config, "time_step_limit", shape);
    config.take("use_bias", shape.projection_bias);
    config.take("use_conv_bias", shape.convolution_bias);
    result.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
    std::string activation;
    config.take("hidden_act", activation, {"silu", "swish"});
    return result;
  }
  static Description<Options> read_others(ObjectReader config) {
    Description<Options> result;
    Shape& shape = result.shape;
    read_state_spaces(std::move(config), shape, result.options.tied, [&](ObjectReader& sizes) {
      std::string layer;
      sizes.take("layer", layer, {"Mamba2"});
      sizes.take("d_state", shape.state_size, possible_size);
      sizes.take("d_conv", shape.convolution, possible_size);
      sizes.take("ngroups", shape.groups, possible_size);
      read_expansion(sizes, shape);
      Index head_width = 64, scanned = shape.inner_width;
      sizes.take("headdim", head_width, possible_size);
      if (shape.inner_width % head_width != 0)
        throw error(sizes.place("headdim"), ": expected a divisor of expand * d_model = ", shape.inner_width, ", found ", head_width);
      shape.heads = shape.inner_width / head_width;
      check_groups(sizes, "ngroups", shape);
      sizes.take("d_ssm", scanned, possible_size);
      if (scanned != shape.inner_width)
        throw sizes.mismatch("d_ssm", error("null or ", shape.inner_width, " (rondo's Mamba-2 has states for all channels)").what(),
                             Json(scanned));
      read_limits(sizes, "dt_limit", shape);
      read_biases(sizes, shape);
      refuse_value(sizes, "D_has_hdim", true, "rondo's Mamba-2 has one skip a head");
      refuse_value(sizes, "rmsnorm", false, "rondo's Mamba-2 has a norm in its mixer");
      refuse_value(sizes, "norm_before_gate", true, "rondo's Mamba-2 has its gate before its norm");
    });
    return result;
  }

  // A number, infinite ones as Python's json or as transformers 5 writes them.
  static double bound_of(const Json& bound) {
    if (bound.is_number()) return bound.get<double>();
    if (bound.is_object() && bound.contains("__float__") && bound["__float__"] == "Infinity")
      return std::numeric_limits<double>::infinity();
    return std::numeric_limits<double>::quiet_NaN();
  }
  static void read_limits(ObjectReader& config, const char* key, Shape& shape) {
    const Json* limits = config.find(key);
    if (limits == nullptr) return;
    const bool pair = limits->is_array() && limits->size() == 2;
    const double low = pair ? bound_of((*limits)[0]) : -1, high = pair ? bound_of((*limits)[1]) : -1;
    if (!(low >= 0 && low <= high && high > 0 && std::isfinite(low)))
      throw config.mismatch(key, "two numbers, 0 <= low <= high", *limits);
    shape.step_low = low;
    shape.step_high = std::isinf(high) ? 0 : high;
  }
  // Left as they are where they say the same.
  static void put_limits(Json& document, const char* key, const Shape& shape) {
    Shape found;
    ObjectReader reader{document, "config.json", "", Policy::foreign};
    read_limits(reader, key, found);
    if (found.step_low != shape.step_low || found.step_high != shape.step_high)
      document[key] = Json::array({shape.step_low, shape.step_limit()});
  }

  static void write_transformers(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"Mamba2ForCausalLM"});
    document["hidden_size"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["state_size"] = shape.state(default_states);
    document["expand"] = shape.inner() / shape.width;
    document["num_heads"] = shape.heads;
    document["head_dim"] = shape.inner() / shape.heads;
    document["n_groups"] = shape.groups;
    document["conv_kernel"] = shape.convolution;
    document["layer_norm_epsilon"] = shape.norm_epsilon;
    put_limits(document, "time_step_limit", shape);
    document["hidden_act"] = "silu";
    document["use_bias"] = shape.projection_bias;
    document["use_conv_bias"] = shape.convolution_bias;
    if (!document.contains("rms_norm")) document["rms_norm"] = true;
    document["tie_word_embeddings"] = description.options.tied;
  }
  static void write_others(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    Json& sizes = write_state_spaces(shape, description.options.tied, document);
    sizes["layer"] = "Mamba2";
    put_size(sizes, "d_state", shape.state(default_states), default_states);
    put_size(sizes, "expand", shape.inner() / shape.width, 2);
    put_size(sizes, "headdim", shape.inner() / shape.heads, 64);
    put_size(sizes, "ngroups", shape.groups, 1);
    put_size(sizes, "d_conv", shape.convolution, 4);
    put_limits(sizes, "dt_limit", shape);
    put_biases(sizes, shape);
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Mamba2Options& options) {
  return std::make_shared<PublishedFiles<Mamba2Files>>(options);
}

}  // namespace rondo
