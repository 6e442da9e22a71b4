// What config.json of Llama and of models of its kind (Qwen3) have in common: keys and names (rondo/model/checkpoint/llama_form.hpp).
#pragma once

#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/rotary_config.hpp>

namespace rondo {

inline constexpr std::array<NamePair, 12> llama_names{{
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
}};
inline constexpr std::string_view llama_buffers[] = {"model.layers.{i}.self_attn.rotary_emb.inv_freq",
                                                     "model.rotary_emb.inv_freq"};

// Over the defaults that `description` has.
template <class Options>
void read_llama_keys(ObjectReader& config, const TensorFolder* tensors, Description<Options>& description) {
  Shape& shape = description.shape;
  config.take("hidden_size", shape.width, possible_size);
  config.take("intermediate_size", shape.mlp_width, possible_size);
  config.take("num_hidden_layers", shape.depth, possible_depth);
  config.take("num_attention_heads", shape.heads, possible_size);
  config.take("num_key_value_heads", shape.key_value_heads, possible_size);
  config.take("vocab_size", shape.vocabulary, possible_size);
  config.take("max_position_embeddings", shape.context, possible_size);
  config.take("rms_norm_eps", shape.norm_epsilon, possible_epsilon);
  config.take("attention_bias", description.options.biased);
  description.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
  if (!config.take("head_dim", shape.key_width, possible_size) && shape.key_width == 0 && shape.width % shape.heads != 0)
    throw config.mismatch("num_attention_heads", "a divisor of hidden_size " + std::to_string(shape.width), Json(shape.heads));
  if (shape.key_width * shape.heads == shape.width) shape.key_width = 0;
  if (shape.key_value_heads == shape.heads) shape.key_value_heads = 0;
  std::string activation;
  config.take("hidden_act", activation, {"silu", "swish"});
  read_rotary(config, shape);
}

template <class Options>
void write_llama_keys(const Description<Options>& description, Json& document) {
  const Shape& shape = description.shape;
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
  document["tie_word_embeddings"] = description.options.tied;
  write_rotary(document, shape);
}

inline std::string llama_refusal(const Shape& shape) {
  return shape.embedding() != shape.width ? "the embedding is not as wide as the model" : rotary_refusal(shape);
}

}  // namespace rondo
