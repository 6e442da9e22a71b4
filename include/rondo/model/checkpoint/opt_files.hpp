// OptFiles: reads and writes config.json of the second form that rondo/model/checkpoint/gpt2_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/gpt2_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr std::array opt_names{
    NamePair{"embedding.weight", "model.decoder.embed_tokens.weight"},
    NamePair{"embedding.position", "model.decoder.embed_positions.weight"},
    NamePair{"blocks.{i}.mixer.norm.{leaf}", "model.decoder.layers.{i}.self_attn_layer_norm.{leaf}"},
    NamePair{"blocks.{i}.mixer.query.{leaf}", "model.decoder.layers.{i}.self_attn.q_proj.{leaf}"},
    NamePair{"blocks.{i}.mixer.key.{leaf}", "model.decoder.layers.{i}.self_attn.k_proj.{leaf}"},
    NamePair{"blocks.{i}.mixer.value.{leaf}", "model.decoder.layers.{i}.self_attn.v_proj.{leaf}"},
    NamePair{"blocks.{i}.mixer.output.{leaf}", "model.decoder.layers.{i}.self_attn.out_proj.{leaf}"},
    NamePair{"blocks.{i}.channel.norm.{leaf}", "model.decoder.layers.{i}.final_layer_norm.{leaf}"},
    NamePair{"blocks.{i}.channel.up.{leaf}", "model.decoder.layers.{i}.fc1.{leaf}"},
    NamePair{"blocks.{i}.channel.down.{leaf}", "model.decoder.layers.{i}.fc2.{leaf}"},
    NamePair{"norm.{leaf}", "model.decoder.final_layer_norm.{leaf}"},
    NamePair{"head.weight", "lm_head.weight"},
};
inline constexpr auto opt_bare_names = without_prefix(opt_names, "model.");

struct OptFiles {
  static constexpr std::string_view model_type = "opt";
  static constexpr std::size_t layouts = 2;
  enum Layout : std::size_t { prefixed, bare };
  static constexpr double norm_epsilon = 1e-5;

  using Options = OptOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.vocabulary = 50272, shape.width = 768, shape.depth = 12, shape.heads = 12, shape.mlp_width = 3072;
    shape.norm_epsilon = norm_epsilon, shape.dropout = 0.1;
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("max_position_embeddings", shape.context, possible_size);
    config.take("hidden_size", shape.width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("num_attention_heads", shape.heads, possible_size);
    if (shape.width % shape.heads != 0)
      throw config.mismatch("num_attention_heads", "a divisor of hidden_size " + std::to_string(shape.width), Json(shape.heads));
    config.take("ffn_dim", shape.mlp_width, possible_size);
    config.take("dropout", shape.dropout, Between{0.0, 0.999999});
    config.take("tie_word_embeddings", result.options.tied);
    result.options.activation = read_activation(config, "activation_function", "relu");
    Index projected = shape.width;
    config.take("word_embed_proj_dim", projected);
    if (projected != shape.width)
      throw config.mismatch("word_embed_proj_dim", "hidden_size, " + std::to_string(shape.width) + " (rondo projects no embedding)",
                            Json(projected));
    refuse_value(config, "do_layer_norm_before", false, "rondo's blocks have their norms before the layers");
    refuse_value(config, "enable_bias", false, "rondo's OPT has biases");
    refuse_value(config, "layer_norm_elementwise_affine", false, "rondo's layer norms have weights and biases");
    refuse_value(config, "_remove_final_layer_norm", true, "rondo's OPT ends with a norm");
    if (tensors != nullptr && tensors->contains("decoder.embed_tokens.weight")) result.layout = bare;
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    return description.layout == bare ? NameTable{opt_bare_names} : NameTable{opt_names};
  }

  static std::string refusal(const Description<Options>& description) {
    const double epsilon = description.shape.norm_epsilon;
    if (epsilon != norm_epsilon) return other_epsilon("norm_epsilon", epsilon, norm_epsilon);
    return positioned_refusal(description.shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    const bool fresh = !document.contains("hidden_size");
    document["architectures"] = Json::array({"OPTForCausalLM"});
    document["vocab_size"] = shape.vocabulary;
    document["max_position_embeddings"] = shape.context;
    document["hidden_size"] = shape.width;
    document["word_embed_proj_dim"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["num_attention_heads"] = shape.heads;
    document["ffn_dim"] = shape.mlp();
    write_activation(document, "activation_function", description.options.activation);
    document["dropout"] = shape.dropout;
    document["do_layer_norm_before"] = true;
    document["enable_bias"] = true;
    document["layer_norm_elementwise_affine"] = true;
    document["_remove_final_layer_norm"] = false;
    if (fresh || !description.options.tied || document.contains("tie_word_embeddings"))
      document["tie_word_embeddings"] = description.options.tied;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const OptOptions& options) {
  return std::make_shared<PublishedFiles<OptFiles>>(options);
}

}  // namespace rondo
