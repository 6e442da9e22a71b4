// HgrnFamily<Files>: what reading and writing the files of HGRN1 and HGRN2 has in common: most keys, all names, and the MLP's two layouts.
//
//   separate    gate_proj and up_proj [I, D]: since February 2025
//   fused_mlp   one gate_proj [2 I, D], gate above up: before; found by its shape
#pragma once

#include <rondo/model/checkpoint/hgrn_options.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr NamePair hgrn_names[] = {
    // the layout `fused_mlp`: all pairs but the last two
    {"blocks.{i}.channel.gate.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{0, 2}},
    {"blocks.{i}.channel.up.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{1, 2}},
    {"embedding.weight", "model.embeddings.weight"},
    {"lower_bounds", "model.lower_bounds"},
    {"blocks.{i}.mixer.norm.weight", "model.layers.{i}.attn_norm.weight"},
    {"blocks.{i}.mixer.query.weight", "model.layers.{i}.attn.q_proj.weight"},  // HGRN2
    {"blocks.{i}.mixer.forget.weight", "model.layers.{i}.attn.f_proj.weight"},
    {"blocks.{i}.mixer.value.weight", "model.layers.{i}.attn.i_proj.weight"},
    {"blocks.{i}.mixer.gate.weight", "model.layers.{i}.attn.g_proj.weight"},  // HGRN1
    {"blocks.{i}.mixer.query.convolution.weight", "model.layers.{i}.attn.q_conv1d.weight"},
    {"blocks.{i}.mixer.forget.convolution.weight", "model.layers.{i}.attn.f_conv1d.weight"},
    {"blocks.{i}.mixer.value.convolution.weight", "model.layers.{i}.attn.i_conv1d.weight"},
    {"blocks.{i}.mixer.output_norm.weight", "model.layers.{i}.attn.g_norm.weight"},
    {"blocks.{i}.mixer.output.weight", "model.layers.{i}.attn.o_proj.weight"},
    {"blocks.{i}.channel.norm.weight", "model.layers.{i}.mlp_norm.weight"},
    {"blocks.{i}.channel.down.weight", "model.layers.{i}.mlp.down_proj.weight"},
    {"norm.weight", "model.norm.weight"},
    {"head.weight", "lm_head.weight"},
    // the layout `separate`: all pairs but the first two
    {"blocks.{i}.channel.gate.weight", "model.layers.{i}.mlp.gate_proj.weight"},
    {"blocks.{i}.channel.up.weight", "model.layers.{i}.mlp.up_proj.weight"},
};

template <class Files>
struct HgrnFamily {
  using Options = HgrnOptions<Files>;
  static constexpr std::size_t layouts = 2;
  static constexpr std::size_t separate = 0, fused_mlp = 1;

  static NameTable names(const Description<Options>& description) {
    const std::span<const NamePair> all{hgrn_names};
    return description.layout == separate ? all.last(all.size() - 2) : all.first(all.size() - 2);
  }

 protected:
  static void read_common(ObjectReader& config, const TensorFolder* tensors, Description<Options>& result) {
    Shape& shape = result.shape;
    shape.width = 2048, shape.depth = 24, shape.vocabulary = 32000;
    config.take("hidden_size", shape.width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("max_position_embeddings", shape.context, possible_size);
    config.take("norm_eps", shape.norm_epsilon, possible_epsilon);
    config.take("use_lower_bound", result.options.lower_bounds);
    config.take("use_short_conv", result.options.convolved);
    config.take("conv_size", shape.convolution, possible_size);
    result.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
    std::string activation;
    config.take("hidden_act", activation, {"swish", "silu"});
    refuse_member(config, "attn", "rondo reads no hybrids of HGRN and attention");
    refuse_member(config, "attnres_block_size", "rondo has no residual attention");
    refuse_value(config, "elementwise_affine", false, "the mixer's norm has a weight");

    double ratio = 4;
    config.take("hidden_ratio", ratio, Between{0.0, 1024.0});
    const auto two_thirds = static_cast<Index>(static_cast<double>(shape.width) * ratio * 2 / 3);
    shape.mlp_width = (two_thirds + 255) / 256 * 256;
    config.take("intermediate_size", shape.mlp_width, possible_size);
    result.layout = layout_of(shape, tensors);
  }

  static void write_common(const Description<Options>& description, const char* class_name, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({class_name});
    document["hidden_size"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["intermediate_size"] = shape.mlp();
    document["hidden_act"] = "swish";
    document["use_short_conv"] = description.options.convolved;
    document["conv_size"] = shape.convolution;
    document["use_lower_bound"] = description.options.lower_bounds;
    document["norm_eps"] = shape.norm_epsilon;
    document["elementwise_affine"] = true;
    document["tie_word_embeddings"] = description.options.tied;
    document["max_position_embeddings"] = shape.context;
  }

 private:
  static std::size_t layout_of(const Shape& shape, const TensorFolder* tensors) {
    if (tensors == nullptr || tensors->contains("model.layers.0.mlp.up_proj.weight")) return separate;
    const StoredTensor* gate = tensors->find("model.layers.0.mlp.gate_proj.weight");
    return gate != nullptr && !gate->shape.empty() && gate->shape[0] == 2 * shape.mlp_width ? fused_mlp : separate;
  }
};

}  // namespace rondo
