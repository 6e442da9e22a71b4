// Hgrn2Files: reads and writes config.json of the form that rondo/model/checkpoint/hgrn2_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/hgrn2_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr NamePair hgrn2_names[] = {
    // the layout `fused_mlp`: all pairs but the last two
    {"blocks.{i}.channel.gate.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{0, 2}},
    {"blocks.{i}.channel.up.weight", "model.layers.{i}.mlp.gate_proj.weight", Rows{1, 2}},
    {"embedding.weight", "model.embeddings.weight"},
    {"lower_bounds", "model.lower_bounds"},
    {"blocks.{i}.mixer.norm.weight", "model.layers.{i}.attn_norm.weight"},
    {"blocks.{i}.mixer.query.weight", "model.layers.{i}.attn.q_proj.weight"},
    {"blocks.{i}.mixer.forget.weight", "model.layers.{i}.attn.f_proj.weight"},
    {"blocks.{i}.mixer.value.weight", "model.layers.{i}.attn.i_proj.weight"},
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

struct Hgrn2Files {
  static constexpr std::string_view model_type = "hgrn2";
  static constexpr std::size_t layouts = 2;
  static constexpr const char* class_name = "HGRN2ForCausalLM";
  static constexpr std::size_t separate = 0, fused_mlp = 1;
  static constexpr double fixed_epsilon = 1e-5;  // of the mixer's norm in the layout `separate`

  using Options = Hgrn2Options;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
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
    refuse_member(config, "attn", "rondo reads no hybrids of HGRN2 and attention");
    refuse_member(config, "attnres_block_size", "rondo has no residual attention");
    refuse_value(config, "elementwise_affine", false, "the mixer's norm has a weight");

    double ratio = 4;
    config.take("hidden_ratio", ratio, Between{0.0, 1024.0});
    const auto two_thirds = static_cast<Index>(static_cast<double>(shape.width) * ratio * 2 / 3);
    shape.mlp_width = (two_thirds + 255) / 256 * 256;
    config.take("intermediate_size", shape.mlp_width, possible_size);

    result.layout = layout_of(shape, tensors);
    shape.mixer_norm_epsilon = result.layout == separate ? fixed_epsilon : shape.norm_epsilon;
    read_heads(file, config, result);
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    const std::span<const NamePair> all{hgrn2_names};
    return description.layout == separate ? all.last(all.size() - 2) : all.first(all.size() - 2);
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (shape.heads * shape.head_key_width() != shape.width &&
        (description.layout == separate || description.options.lower_bounds))
      return "the keys of all heads together are not as wide as the model";
    const double epsilon = description.layout == separate ? fixed_epsilon : shape.norm_epsilon;
    if (shape.mixer_norm_epsilon != epsilon)
      return error("the epsilon of the mixer's norm is ", shape.mixer_norm_epsilon, ", such files mean ", epsilon).what();
    return "";
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    const bool derived_heads = shape.heads * shape.head_key_width() == shape.width;
    document["architectures"] = Json::array({class_name});
    document["hidden_size"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["expand_ratio"] = shape.head_key_width();
    document["num_heads"] = description.layout == fused_mlp && derived_heads ? Json(nullptr) : Json(shape.heads);
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
  static void read_heads(const ModelConfig& file, ObjectReader& config, Description<Options>& description) {
    Shape& shape = description.shape;
    Index keys = file.has("expand_ratio") ? 0 : 128, heads = 0;  // expand_ratio null: no value
    config.take("expand_ratio", keys, possible_size);
    config.take("num_heads", heads, possible_size);
    if (keys == 0) {
      if (heads == 0) heads = config.get<Index>("num_heads", possible_size);
      if (shape.width % heads != 0)
        throw config.mismatch("num_heads", "a divisor of hidden_size " + std::to_string(shape.width), *config.find("num_heads"));
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
