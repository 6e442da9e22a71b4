// XlstmLargeFiles: reads and writes config.json of the form that rondo/model/checkpoint/xlstm_large_form.hpp describes.
#pragma once

#include <array>
#include <cmath>

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/xlstm_large_form.hpp>

namespace rondo {

constexpr auto xlstm_large_names(std::string_view embedding, std::string_view query, std::string_view key, std::string_view value) {
  return std::array{
      NamePair{"embedding.weight", embedding},
      NamePair{"blocks.{i}.mixer.query.weight", query},
      NamePair{"blocks.{i}.mixer.key.weight", key},
      NamePair{"blocks.{i}.mixer.value.weight", value},
      NamePair{"blocks.{i}.mixer.norm.weight", "backbone.blocks.{i}.norm_mlstm.weight"},
      NamePair{"blocks.{i}.mixer.output_gate.weight", "backbone.blocks.{i}.mlstm_layer.ogate_preact.weight"},
      NamePair{"blocks.{i}.mixer.input_gate.{leaf}", "backbone.blocks.{i}.mlstm_layer.igate_preact.{leaf}"},
      NamePair{"blocks.{i}.mixer.forget_gate.{leaf}", "backbone.blocks.{i}.mlstm_layer.fgate_preact.{leaf}"},
      NamePair{"blocks.{i}.mixer.output_norm.weight", "backbone.blocks.{i}.mlstm_layer.multihead_norm.weight"},
      NamePair{"blocks.{i}.mixer.output.weight", "backbone.blocks.{i}.mlstm_layer.out_proj.weight"},
      NamePair{"blocks.{i}.channel.norm.weight", "backbone.blocks.{i}.norm_ffn.weight"},
      NamePair{"blocks.{i}.channel.gate.weight", "backbone.blocks.{i}.ffn.proj_up_gate.weight"},
      NamePair{"blocks.{i}.channel.up.weight", "backbone.blocks.{i}.ffn.proj_up.weight"},
      NamePair{"blocks.{i}.channel.down.weight", "backbone.blocks.{i}.ffn.proj_down.weight"},
      NamePair{"norm.weight", "backbone.out_norm.weight"},
      NamePair{"head.weight", "lm_head.weight"},
  };
}
inline constexpr auto xlstm_large_short_names =
    xlstm_large_names("backbone.embeddings.weight", "backbone.blocks.{i}.mlstm_layer.q.weight",
                      "backbone.blocks.{i}.mlstm_layer.k.weight", "backbone.blocks.{i}.mlstm_layer.v.weight");
inline constexpr auto xlstm_large_long_names =
    xlstm_large_names("backbone.embeddings.weight", "backbone.blocks.{i}.mlstm_layer.query.weight",
                      "backbone.blocks.{i}.mlstm_layer.key.weight", "backbone.blocks.{i}.mlstm_layer.value.weight");
inline constexpr auto xlstm_large_plain_embedding_names =
    xlstm_large_names("embedding.weight", "backbone.blocks.{i}.mlstm_layer.q.weight",
                      "backbone.blocks.{i}.mlstm_layer.k.weight", "backbone.blocks.{i}.mlstm_layer.v.weight");

struct XlstmLargeFiles {
  static constexpr std::string_view model_type = "xlstm";
  static constexpr std::size_t layouts = 3;
  static constexpr std::size_t short_names = 0, long_names = 1, plain_embedding = 2;

  using Options = XlstmLargeOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 4096, shape.depth = 32, shape.heads = 8, shape.vocabulary = 50304;
    for (const char* key : {"embedding_dim", "hidden_size"}) config.take(key, shape.width, possible_size);
    for (const char* key : {"num_blocks", "num_hidden_layers"}) config.take(key, shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("num_heads", shape.heads, possible_size);
    config.take("norm_eps", shape.norm_epsilon, possible_epsilon);
    shape.gate_soft_cap = read_cap(file, config, "gate_soft_cap", 15);
    shape.logit_soft_cap = read_cap(file, config, "output_logit_soft_cap", 30);
    result.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
    refuse_value(config, "use_bias", true, "rondo's xLSTM-large has biases in its gates alone");
    refuse_value(config, "add_out_norm", false, "the model ends in a norm");
    std::string mode;
    config.take("weight_mode", mode, {"single"});
    double epsilon = memory_epsilon;
    if (config.take("eps", epsilon) && epsilon != memory_epsilon)
      throw config.mismatch("eps", "1e-06 (the matrix memory's)", Json(epsilon));

    const Index values = read_width(config, "v_dim_factor", 1.0, shape), keys = read_width(config, "qk_dim_factor", 0.5, shape);
    shape.inner_width = values == shape.width ? 0 : values;
    shape.key_width = 2 * keys == values ? 0 : keys / shape.heads;
    Rounding rounding;
    config.take("ffn_proj_factor", rounding.factor, Between{1e-6, 1024.0});
    config.take("ffn_round_up_to_multiple_of", rounding.multiple, possible_size);
    shape.mlp_width = rounding.width(shape.width);
    if (shape.mlp_width < 1) throw config.mismatch("ffn_proj_factor", "a factor that leaves a width", Json(rounding.factor));
    result.layout = layout_of(tensors);
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    if (description.layout == long_names) return {xlstm_large_long_names};
    return description.layout == short_names ? NameTable{xlstm_large_short_names} : NameTable{xlstm_large_plain_embedding_names};
  }

  static std::string refusal(const Description<Options>& description) {
    if (description.shape.embedding() != description.shape.width) return "the embedding is not as wide as the model";
    return biased_mlp(description.shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"xLSTMForCausalLM"});
    for (const char* key : {"hidden_size", "embedding_dim"}) document[key] = shape.width;
    for (const char* key : {"num_hidden_layers", "num_blocks"}) document[key] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["num_heads"] = shape.heads;
    document["qk_dim_factor"] = factor_of(shape.heads * XlstmLargeMixer::key_width(shape), shape.width);
    document["v_dim_factor"] = factor_of(shape.heads * XlstmLargeMixer::value_width(shape), shape.width);
    document["gate_soft_cap"] = shape.gate_soft_cap > 0 ? Json(shape.gate_soft_cap) : Json(nullptr);
    document["output_logit_soft_cap"] = shape.logit_soft_cap > 0 ? Json(shape.logit_soft_cap) : Json(nullptr);
    document["norm_eps"] = shape.norm_epsilon;
    document["eps"] = memory_epsilon;
    document["use_bias"] = false;
    document["add_out_norm"] = true;
    document["weight_mode"] = "single";
    document["tie_word_embeddings"] = description.options.tied;
    write_mlp_width(shape, document);
  }

 private:
  static constexpr double memory_epsilon = 1e-6;

  // The width of an MLP as transformers computes it.
  struct Rounding {
    double factor = 2.667;
    Index multiple = 64;
    [[nodiscard]] Index width(Index of) const {
      const auto step = static_cast<double>(multiple), sum = factor * static_cast<double>(of) + (step - 1);
      return static_cast<Index>(sum - std::fmod(sum, step));
    }
  };
  static void write_mlp_width(const Shape& shape, Json& document) {
    Rounding rounding;
    const auto kept = document.find("ffn_proj_factor"), multiple = document.find("ffn_round_up_to_multiple_of");
    if (kept != document.end() && kept->is_number()) rounding.factor = kept->get<double>();
    if (multiple != document.end() && multiple->is_number_integer()) rounding.multiple = multiple->get<Index>();
    if (rounding.width(shape.width) != shape.mlp()) rounding = {};
    if (rounding.width(shape.width) != shape.mlp()) rounding = {factor_of(shape.mlp(), shape.width), 1};
    document["ffn_proj_factor"] = rounding.factor;
    document["ffn_round_up_to_multiple_of"] = rounding.multiple;
  }
  // A factor of `whole` that gives `part` when the product is cut off to an integer.
  static double factor_of(Index part, Index whole) {
    const double factor = static_cast<double>(part) / static_cast<double>(whole);
    if (static_cast<Index>(factor * static_cast<double>(whole)) == part) return factor;
    return (static_cast<double>(part) + 0.5) / static_cast<double>(whole);
  }
  static Index read_width(ObjectReader& config, const char* key, double factor, const Shape& shape) {
    config.take(key, factor, Between{1e-6, 1024.0});
    const auto width = static_cast<Index>(factor * static_cast<double>(shape.width));
    if (width < 1 || width % shape.heads != 0)
      throw config.mismatch(key, "a factor that makes hidden_size " + std::to_string(shape.width) + " a multiple of num_heads " +
                                     std::to_string(shape.heads), Json(factor));
    return width;
  }
  static double read_cap(const ModelConfig& file, ObjectReader& config, const char* key, double otherwise) {
    double cap = file.has(key) ? 0 : otherwise;  // null: none
    config.take(key, cap, Between{1e-6, 1e30});
    return cap;
  }
  static std::size_t layout_of(const TensorFolder* tensors) {
    if (tensors == nullptr) return short_names;
    if (tensors->contains("backbone.blocks.0.mlstm_layer.query.weight")) return long_names;
    return tensors->contains("embedding.weight") ? plain_embedding : short_names;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const XlstmLargeOptions& options) {
  return std::make_shared<PublishedFiles<XlstmLargeFiles>>(options);
}

}  // namespace rondo
