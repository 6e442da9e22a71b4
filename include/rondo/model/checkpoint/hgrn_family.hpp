// HgrnFamily<Files>: what reading and writing the files of HGRN1 and HGRN2 has in common: most keys, all names, and the MLP's two layouts.
//
//   separate    gate_proj and up_proj [I, D]: since February 2025
//   fused_mlp   one gate_proj [2 I, D], gate above up: before; found by its shape
#pragma once

#include <rondo/model/checkpoint/flash_linear_config.hpp>
#include <rondo/model/checkpoint/hgrn_options.hpp>

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
    shape.width = 2048, shape.depth = 24;
    read_flash_linear(config, tensors, shape, result.options.convolved, result.options.tied);
    config.take("use_lower_bound", result.options.lower_bounds);
    refuse_value(config, "elementwise_affine", false, "the mixer's norm has a weight");
    result.layout = layout_of(shape, tensors);
  }

  static void write_common(const Description<Options>& description, const char* class_name, Json& document) {
    write_flash_linear(description.shape, description.options.convolved, description.options.tied, class_name, document);
    document["use_lower_bound"] = description.options.lower_bounds;
    document["elementwise_affine"] = true;
  }

 private:
  static std::size_t layout_of(const Shape& shape, const TensorFolder* tensors) {
    if (tensors == nullptr || tensors->contains("model.layers.0.mlp.up_proj.weight")) return separate;
    const StoredTensor* gate = tensors->find("model.layers.0.mlp.gate_proj.weight");
    return gate != nullptr && !gate->shape.empty() && gate->shape[0] == 2 * shape.mlp_width ? fused_mlp : separate;
  }
};

}  // namespace rondo
