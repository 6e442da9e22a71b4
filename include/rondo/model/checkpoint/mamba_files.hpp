// MambaFiles: reads and writes config.json of the forms that rondo/model/checkpoint/mamba_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr NamePair mamba_names[] = {
    {"embedding.weight", "backbone.embedding.weight"},  // the layout `state_spaces`: all pairs but the last
    {"blocks.{i}.norm.weight", "backbone.layers.{i}.norm.weight"},
    {"blocks.{i}.input.weight", "backbone.layers.{i}.mixer.in_proj.weight"},
    {"blocks.{i}.convolution.{leaf}", "backbone.layers.{i}.mixer.conv1d.{leaf}"},
    {"blocks.{i}.selection.weight", "backbone.layers.{i}.mixer.x_proj.weight"},
    {"blocks.{i}.step.weight", "backbone.layers.{i}.mixer.dt_proj.weight"},
    {"blocks.{i}.step_bias", "backbone.layers.{i}.mixer.dt_proj.bias"},
    {"blocks.{i}.A_log", "backbone.layers.{i}.mixer.A_log"},
    {"blocks.{i}.D", "backbone.layers.{i}.mixer.D"},
    {"blocks.{i}.output.weight", "backbone.layers.{i}.mixer.out_proj.weight"},
    {"norm.weight", "backbone.norm_f.weight"},
    {"head.weight", "lm_head.weight"},
    {"embedding.weight", "backbone.embeddings.weight"},  // the layout `transformers`: all pairs but the first
};

struct MambaFiles {
  static constexpr std::string_view model_type = "mamba";
  static constexpr std::size_t layouts = 2;
  static constexpr std::size_t transformers = 0, state_spaces = 1;
  static constexpr double fixed_epsilon = 1e-5;  // of the norms in configurations of state-spaces

  using Options = MambaOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    const bool own_config = file.has("model_type") || !file.has("d_model");
    Description<Options> result = own_config ? read_transformers(file.reader()) : read_state_spaces(file.reader());
    Shape& shape = result.shape;
    if (shape.inner_width == 2 * shape.width) shape.inner_width = 0;
    if (shape.state_size == MambaMixer::default_states) shape.state_size = 0;
    if (shape.step_rank == Shape{.width = shape.width}.rank()) shape.step_rank = 0;
    const bool old_name = tensors != nullptr ? tensors->contains("backbone.embedding.weight") : !own_config;
    result.layout = old_name ? state_spaces : transformers;
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    const std::span<const NamePair> all{mamba_names};
    return description.layout == transformers ? all.last(all.size() - 1) : all.first(all.size() - 1);
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (shape.inner() % shape.width != 0) return "the inner width is no multiple of the width";
    if (description.layout == state_spaces && shape.norm_epsilon != fixed_epsilon)
      return error("the epsilon of the norms is ", shape.norm_epsilon, ", such files mean ", fixed_epsilon).what();
    return "";
  }

  static void write(const Description<Options>& description, Json& document) {
    // Files of the old names may have the newer program's configuration.
    if (description.layout == state_spaces && !document.contains("hidden_size"))
      write_state_spaces(description, document);
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
    refuse_biases(config, "use_bias", "use_conv_bias");
    return result;
  }
  static Description<Options> read_state_spaces(ObjectReader config) {
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 2560, shape.depth = 64, shape.vocabulary = 50277, shape.norm_epsilon = fixed_epsilon;
    config.take("d_model", shape.width, possible_size);
    config.take("n_layer", shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    shape.vocabulary = padded(shape.vocabulary, read_padding(config));
    shape.inner_width = 2 * shape.width;
    config.object("ssm_cfg", [&](ObjectReader& sizes) {
      std::string layer;
      sizes.take("layer", layer, {"Mamba1"});
      sizes.take("d_state", shape.state_size, possible_size);
      sizes.take("d_conv", shape.convolution, possible_size);
      read_expansion(sizes, shape);
      read_rank(sizes, "dt_rank", shape);
      refuse_biases(sizes, "bias", "conv_bias");
    });
    result.options.tied = true;
    config.take("tie_embeddings", result.options.tied);
    refuse_value(config, "rms_norm", false, "rondo's Mamba has RMS norms");
    Index mlp = 0;
    config.take("d_intermediate", mlp, at_least<Index>(0));
    if (mlp != 0) throw config.mismatch("d_intermediate", "0 (rondo reads no Mamba with MLPs)", Json(mlp));
    if (const Json* attention = config.find("attn_layer_idx"); attention != nullptr && !attention->empty())
      throw config.mismatch("attn_layer_idx", "none (rondo reads no hybrids of Mamba and attention)", *attention);
    return result;
  }

  static void read_expansion(ObjectReader& config, Shape& shape) {
    double expansion = 2;
    config.take("expand", expansion, Between{1.0 / 1024, 1024.0});
    shape.inner_width = static_cast<Index>(expansion * static_cast<double>(shape.width));
    if (shape.inner_width == 0) throw config.mismatch("expand", "at least one channel", Json(expansion));
  }
  static void read_rank(ObjectReader& config, const char* key, Shape& shape) {
    const Json* rank = config.find(key);
    if (rank == nullptr || *rank == "auto") return;
    if (rank->is_string()) throw config.mismatch(key, "an integer or \"auto\"", *rank);
    config.take(key, shape.step_rank, possible_size);
  }
  static void refuse_biases(ObjectReader& config, const char* projections, const char* convolution) {
    refuse_value(config, projections, true, "rondo's Mamba has no biases in its projections");
    refuse_value(config, convolution, false, "rondo's Mamba has biases in its convolutions");
  }
  static Index read_padding(ObjectReader& config) {
    Index multiple = 8;
    config.take("pad_vocab_size_multiple", multiple, Between<Index>{1, 65536});
    return multiple;
  }
  static Index padded(Index vocabulary, Index multiple) { return (vocabulary + multiple - 1) / multiple * multiple; }

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
    document["use_bias"] = false;
    document["use_conv_bias"] = true;
    // The default is left out by some versions, whose files stay as they are.
    if (!description.options.tied || document.contains("tie_word_embeddings") || !document.contains("transformers_version"))
      document["tie_word_embeddings"] = description.options.tied;
  }
  static void write_state_spaces(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document.erase("model_type");
    document["d_model"] = shape.width;
    document["n_layer"] = shape.depth;
    ObjectReader kept{document, "config.json", "", Policy::foreign};
    Index vocabulary = 0;
    kept.take("vocab_size", vocabulary, possible_size);
    if (padded(vocabulary, read_padding(kept)) != shape.vocabulary) {
      document["vocab_size"] = shape.vocabulary;
      document["pad_vocab_size_multiple"] = shape.vocabulary % 8 == 0 ? 8 : 1;
    }
    if (!document.contains("ssm_cfg") || !document["ssm_cfg"].is_object()) document["ssm_cfg"] = Json::object();
    Json& sizes = document["ssm_cfg"];
    const auto put = [&](const char* key, Index value, Index by_default) {
      if (value != by_default || sizes.contains(key)) sizes[key] = value;
    };
    put("d_state", shape.state(MambaMixer::default_states), MambaMixer::default_states);
    put("expand", shape.inner() / shape.width, 2);
    put("d_conv", shape.convolution, 4);
    if (shape.step_rank != 0 || sizes.value("dt_rank", Json("auto")) != "auto") sizes["dt_rank"] = shape.rank();
    document["rms_norm"] = true;
    document["residual_in_fp32"] = true;
    document["fused_add_norm"] = true;
    document["tie_embeddings"] = description.options.tied;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const MambaOptions& options) {
  return std::make_shared<PublishedFiles<MambaFiles>>(options);
}

}  // namespace rondo
