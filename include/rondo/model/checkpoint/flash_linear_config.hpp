// What the configurations of flash-linear-attention's models have in common, whatever their mixers are (HGRN, DeltaNet):
//
//   hidden_size, num_hidden_layers, vocab_size 32000, max_position_embeddings 2048, norm_eps 1e-6, hidden_act "swish",
//   hidden_ratio 4 and intermediate_size null (width of the MLP: 256 ceil(int(hidden_size hidden_ratio 2/3) / 256)),
//   use_short_conv, conv_size 4, tie_word_embeddings false
//
// Refused by name: hybrids (`attn`), `attnres_block_size`, other activations.
#pragma once

#include <string>

#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

// `shape` and `convolved` come with the defaults of their architecture.
inline void read_flash_linear(ObjectReader& config, const TensorFolder* tensors, Shape& shape, bool& convolved, bool& tied) {
  shape.vocabulary = 32000;
  config.take("hidden_size", shape.width, possible_size);
  config.take("num_hidden_layers", shape.depth, possible_depth);
  config.take("vocab_size", shape.vocabulary, possible_size);
  config.take("max_position_embeddings", shape.context, possible_size);
  config.take("norm_eps", shape.norm_epsilon, possible_epsilon);
  config.take("use_short_conv", convolved);
  config.take("conv_size", shape.convolution, possible_size);
  tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
  std::string activation;
  config.take("hidden_act", activation, {"swish", "silu"});
  refuse_member(config, "attn", "rondo reads no hybrids with attention");
  refuse_member(config, "attnres_block_size", "rondo has no residual attention");

  double ratio = 4;
  config.take("hidden_ratio", ratio, Between{0.0, 1024.0});
  const auto two_thirds = static_cast<Index>(static_cast<double>(shape.width) * ratio * 2 / 3);
  shape.mlp_width = (two_thirds + 255) / 256 * 256;
  config.take("intermediate_size", shape.mlp_width, possible_size);
}

inline void write_flash_linear(const Shape& shape, bool convolved, bool tied, const char* class_name, Json& document) {
  document["architectures"] = Json::array({class_name});
  document["hidden_size"] = shape.width;
  document["num_hidden_layers"] = shape.depth;
  document["vocab_size"] = shape.vocabulary;
  document["intermediate_size"] = shape.mlp();
  document["hidden_act"] = "swish";
  document["use_short_conv"] = convolved;
  document["conv_size"] = shape.convolution;
  document["norm_eps"] = shape.norm_epsilon;
  document["tie_word_embeddings"] = tied;
  document["max_position_embeddings"] = shape.context;
}

}  // namespace rondo
