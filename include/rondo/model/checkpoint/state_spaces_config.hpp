// What the configurations of state-spaces/mamba have in common, whichever layers they describe (mamba_form.hpp, mamba2_form.hpp):
// d_model 2560, n_layer 64, vocab_size 50277, rounded up to a multiple of pad_vocab_size_multiple 8, tie_embeddings true, ssm_cfg with
// the sizes of a layer. The norms' epsilon is 1e-5. MLPs (d_intermediate), attention (attn_layer_idx) and norms that are no RMS norms
// (rms_norm) are refused by name.
#pragma once

#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr double state_spaces_epsilon = 1e-5;
inline constexpr std::string_view state_spaces_embedding = "backbone.embedding.weight";

// Whether a configuration is of this kind.
inline bool is_state_spaces(const ModelConfig& file) { return !file.has("model_type") && file.has("d_model"); }

// What the two kinds of folders of either Mamba are told apart by: names and configuration of transformers, or of state-spaces.
struct StateSpacesLayouts {
  static constexpr std::size_t layouts = 2;
  static constexpr std::size_t transformers = 0, state_spaces = 1;

  static std::size_t layout_of(const ModelConfig& file, const TensorFolder* tensors) {
    const bool old_name = tensors != nullptr ? tensors->contains(std::string(state_spaces_embedding)) : is_state_spaces(file);
    return old_name ? state_spaces : transformers;
  }
  // `all` begins with state-spaces' name of the embedding and ends with transformers'.
  static NameTable names_of(std::span<const NamePair> all, std::size_t layout) {
    return layout == transformers ? all.last(all.size() - 1) : all.first(all.size() - 1);
  }
  static std::string refusal_of(const Shape& shape, std::size_t layout) {
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (shape.inner() % shape.width != 0) return "the inner width is no multiple of the width";
    if (layout == state_spaces && shape.norm_epsilon != state_spaces_epsilon)
      return other_epsilon("norm_epsilon", shape.norm_epsilon, state_spaces_epsilon);
    return "";
  }
  // Files of the old names may have the newer program's configuration.
  static bool configured_by_state_spaces(std::size_t layout, const Json& document) {
    return layout == state_spaces && !document.contains("hidden_size");
  }
};

inline Index padded_vocabulary(ObjectReader& config, Index vocabulary) {
  Index multiple = 8;
  config.take("pad_vocab_size_multiple", multiple, Between<Index>{1, 65536});
  return (vocabulary + multiple - 1) / multiple * multiple;
}
inline void read_expansion(ObjectReader& config, Shape& shape) {
  double expansion = 2;
  config.take("expand", expansion, Between{1.0 / 1024, 1024.0});
  shape.inner_width = static_cast<Index>(expansion * static_cast<double>(shape.width));
  if (shape.inner_width == 0) throw config.mismatch("expand", "at least one channel", Json(expansion));
}

inline void check_groups(const ObjectReader& config, const char* key, const Shape& shape) {
  if (shape.heads % shape.groups != 0)
    throw config.mismatch(key, "a divisor of the " + std::to_string(shape.heads) + " heads", Json(shape.groups));
}

// read_sizes(ObjectReader&) takes the members of ssm_cfg.
template <class ReadSizes>
void read_state_spaces(ObjectReader config, Shape& shape, bool& tied, ReadSizes read_sizes) {
  shape.width = 2560, shape.depth = 64, shape.vocabulary = 50277, shape.norm_epsilon = state_spaces_epsilon;
  config.take("d_model", shape.width, possible_size);
  config.take("n_layer", shape.depth, possible_depth);
  config.take("vocab_size", shape.vocabulary, possible_size);
  shape.vocabulary = padded_vocabulary(config, shape.vocabulary);
  const Json none = Json::object();
  const Json* sizes = config.find("ssm_cfg");
  ObjectReader reader{sizes ? *sizes : none, config.place(""), "ssm_cfg", Policy::foreign};
  read_sizes(reader);
  tied = true;
  config.take("tie_embeddings", tied);
  refuse_value(config, "rms_norm", false, "rondo's Mamba has RMS norms");
  Index mlp = 0;
  config.take("d_intermediate", mlp, at_least<Index>(0));
  if (mlp != 0) throw config.mismatch("d_intermediate", "0 (rondo reads no Mamba with MLPs)", Json(mlp));
  if (const Json* attention = config.find("attn_layer_idx"); attention != nullptr && !attention->empty())
    throw config.mismatch("attn_layer_idx", "none (rondo reads no hybrids of Mamba and attention)", *attention);
}

// A size in ssm_cfg: left out where it is the default and was not there.
inline void put_size(Json& sizes, const char* key, Index value, Index by_default) {
  if (value != by_default || sizes.contains(key)) sizes[key] = value;
}
// The biases of the maps and of the convolution, in ssm_cfg.
inline void read_biases(ObjectReader& sizes, Shape& shape) {
  sizes.take("bias", shape.projection_bias);
  sizes.take("conv_bias", shape.convolution_bias);
}
inline void put_biases(Json& sizes, const Shape& shape) {
  if (shape.projection_bias || sizes.contains("bias")) sizes["bias"] = shape.projection_bias;
  if (!shape.convolution_bias || sizes.contains("conv_bias")) sizes["conv_bias"] = shape.convolution_bias;
}
// Returns ssm_cfg.
inline Json& write_state_spaces(const Shape& shape, bool tied, Json& document) {
  document.erase("model_type");
  document["d_model"] = shape.width;
  document["n_layer"] = shape.depth;
  ObjectReader kept{document, "config.json", "", Policy::foreign};
  Index vocabulary = 0;
  kept.take("vocab_size", vocabulary, possible_size);
  if (padded_vocabulary(kept, vocabulary) != shape.vocabulary) {
    document["vocab_size"] = shape.vocabulary;
    document["pad_vocab_size_multiple"] = shape.vocabulary % 8 == 0 ? 8 : 1;
  }
  document["rms_norm"] = true;
  document["residual_in_fp32"] = true;
  document["fused_add_norm"] = true;
  document["tie_embeddings"] = tied;
  if (!document.contains("ssm_cfg") || !document["ssm_cfg"].is_object()) document["ssm_cfg"] = Json::object();
  return document["ssm_cfg"];
}

}  // namespace rondo
