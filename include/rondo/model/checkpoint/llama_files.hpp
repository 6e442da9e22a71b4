// LlamaFiles: reads and writes config.json of the form that rondo/model/checkpoint/llama_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/llama_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/rotary_config.hpp>

namespace rondo {

inline constexpr NamePair llama_names[] = {
    {"embedding.weight", "model.embed_tokens.weight"},
    {"blocks.{i}.mixer.norm.weight", "model.layers.{i}.input_layernorm.weight"},
    {"blocks.{i}.mixer.query.{leaf}", "model.layers.{i}.self_attn.q_proj.{leaf}"},
    {"blocks.{i}.mixer.key.{leaf}", "model.layers.{i}.self_attn.k_proj.{leaf}"},
    {"blocks.{i}.mixer.value.{leaf}", "model.layers.{i}.self_attn.v_proj.{leaf}"},
    {"blocks.{i}.mixer.output.{leaf}", "model.layers.{i}.self_attn.o_proj.{leaf}"},
    {"blocks.{i}.channel.norm.weight", "model.layers.{i}.post_attention_layernorm.weight"},
    {"blocks.{i}.channel.gate.{leaf}", "model.layers.{i}.mlp.gate_proj.{leaf}"},
    {"blocks.{i}.channel.up.{leaf}", "model.layers.{i}.mlp.up_proj.{leaf}"},
    {"blocks.{i}.channel.down.{leaf}", "model.layers.{i}.mlp.down_proj.{leaf}"},
    {"norm.weight", "model.norm.weight"},
    {"head.weight", "lm_head.weight"},
};
inline constexpr std::string_view llama_buffers[] = {"model.layers.{i}.self_attn.rotary_emb.inv_freq",
                                                     "model.rotary_emb.inv_freq"};

struct LlamaFiles {
  static constexpr std::string_view model_type = "llama";
  static constexpr std::size_t layouts = 1;

  using Options = LlamaOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 4096, shape.mlp_width = 11008, shape.depth = 32, shape.heads = 32, shape.vocabulary = 32000;
    config.take("hidden_size", shape.width, possible_size);
    config.take("intermediate_size", shape.mlp_width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("num_attention_heads", shape.heads, possible_size);
    config.take("num_key_value_heads", shape.key_value_heads, possible_size);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("max_position_embeddings", shape.context, possible_size);
    config.take("rms_norm_eps", shape.norm_epsilon, possible_epsilon);
    config.take("attention_bias", result.options.biased);
    result.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
    if (!config.take("head_dim", shape.key_width, possible_size) && shape.width % shape.heads != 0)
      throw config.mismatch("num_attention_heads", "a divisor of hidden_size " + std::to_string(shape.width), Json(shape.heads));
    if (shape.key_width * shape.heads == shape.width) shape.key_width = 0;
    if (shape.key_value_heads == shape.heads) shape.key_value_heads = 0;
    std::string activation;
    config.take("hidden_act", activation, {"silu", "swish"});
    config.take("mlp_bias", shape.mlp_bias);
    read_rotary(config, shape);
    return result;
  }

  static NameTable names(const Description<Options>&) { return {llama_names, llama_buffers}; }

  static std::string refusal(const Description<Options>& description) {
    if (description.shape.embedding() != description.shape.width) return "the embedding is not as wide as the model";
    if (description.shape.window != 0) return "attention has a window";
    return rotary_refusal(description.shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"LlamaForCausalLM"});
    document["hidden_size"] = shape.width;
    document["intermediate_size"] = shape.mlp();
    document["num_hidden_layers"] = shape.depth;
    document["num_attention_heads"] = shape.heads;
    document["num_key_value_heads"] = shape.key_value_head_count();
    document["head_dim"] = shape.head_key_width();
    document["vocab_size"] = shape.vocabulary;
    document["max_position_embeddings"] = shape.context;
    document["hidden_act"] = "silu";
    document["rms_norm_eps"] = shape.norm_epsilon;
    document["attention_bias"] = description.options.biased;
    document["mlp_bias"] = shape.mlp_bias;
    document["tie_word_embeddings"] = description.options.tied;
    write_rotary(document, shape);
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const LlamaOptions& options) {
  return std::make_shared<PublishedFiles<LlamaFiles>>(options);
}

}  // namespace rondo
