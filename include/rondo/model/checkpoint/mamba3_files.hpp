// Mamba3Files: reads and writes config.json of the form that rondo/model/checkpoint/mamba3_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba3_form.hpp>
#include <rondo/model/checkpoint/state_spaces_config.hpp>

namespace rondo {

inline constexpr NamePair mamba3_names[] = {
    {"embedding.weight", "backbone.embeddings.weight"},
    {"blocks.{i}.norm.weight", "backbone.layers.{i}.norm.weight"},
    {"blocks.{i}.input.{leaf}", "backbone.layers.{i}.mixer.in_proj.{leaf}"},
    {"blocks.{i}.step_bias", "backbone.layers.{i}.mixer.dt_bias"},
    {"blocks.{i}.key_norm.weight", "backbone.layers.{i}.mixer.B_norm.weight"},
    {"blocks.{i}.query_norm.weight", "backbone.layers.{i}.mixer.C_norm.weight"},
    {"blocks.{i}.key_bias", "backbone.layers.{i}.mixer.B_bias"},
    {"blocks.{i}.query_bias", "backbone.layers.{i}.mixer.C_bias"},
    {"blocks.{i}.skip.weight", "backbone.layers.{i}.mixer.D"},
    {"blocks.{i}.output_norm.weight", "backbone.layers.{i}.mixer.norm.weight"},
    {"blocks.{i}.output.{leaf}", "backbone.layers.{i}.mixer.out_proj.{leaf}"},
    {"norm.weight", "backbone.norm_f.weight"},
    {"head.weight", "lm_head.weight"},
};

struct Mamba3Files {
  static constexpr std::string_view model_type = "mamba3";
  static constexpr std::size_t layouts = 1;

  using Options = Mamba3Options;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 2048, shape.depth = 48, shape.vocabulary = 32000, shape.norm_epsilon = 1e-5, shape.rope_share = 0.5;
    config.take("hidden_size", shape.width, possible_size);
    config.take("num_hidden_layers", shape.depth, possible_depth);
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("state_size", shape.state_size, possible_size);
    config.take("n_groups", shape.groups, possible_size);
    config.take("norm_eps", shape.norm_epsilon, possible_epsilon);
    config.take("rope_fraction", shape.rope_share, Between{0.0, 1.0});
    config.take("use_bias", shape.projection_bias);
    config.take("is_outproj_norm", result.options.normed);
    read_expansion(config, shape);
    read_heads(config, shape);
    refuse_value(config, "is_mimo", true, "rondo's Mamba-3 has one input a head");
    double floor = slowest_rate;
    config.take("A_floor", floor);
    if (floor != slowest_rate) throw config.mismatch("A_floor", "1e-4", Json(floor));
    std::string word = "softplus";
    config.take("A_activation", word, {"softplus", "heavy_tail"});
    result.options.heavy_tail = word == "heavy_tail";
    config.take("hidden_act", word, {"silu", "swish"});
    result.options.tied = read_tied(config, "tie_word_embeddings", tensors, "lm_head.weight");
    if (shape.inner_width == 2 * shape.width) shape.inner_width = 0;
    if (shape.state_size == default_states) shape.state_size = 0;
    return result;
  }

  static NameTable names(const Description<Options>&) { return {mamba3_names}; }
  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    return shape.inner() % shape.width != 0 ? "the inner width is no multiple of the width" : "";
  }
  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"Mamba3ForCausalLM"});
    document["hidden_size"] = shape.width;
    document["num_hidden_layers"] = shape.depth;
    document["vocab_size"] = shape.vocabulary;
    document["state_size"] = shape.state(default_states);
    document["expand"] = shape.inner() / shape.width;
    document["num_heads"] = shape.heads;
    document["head_dim"] = shape.inner() / shape.heads;
    document["n_groups"] = shape.groups;
    document["rope_fraction"] = shape.rope_share;
    document["A_floor"] = slowest_rate;
    if (description.options.heavy_tail)
      document["A_activation"] = "heavy_tail";
    else if (document.contains("A_activation"))
      document["A_activation"] = "softplus";
    document["is_outproj_norm"] = description.options.normed;
    document["is_mimo"] = false;
    document["norm_eps"] = shape.norm_epsilon;
    document["hidden_act"] = "silu";
    document["use_bias"] = shape.projection_bias;
    document["tie_word_embeddings"] = description.options.tied;
  }

 private:
  static constexpr Index default_states = Mamba3Mixer<>::default_states;

  static void read_heads(ObjectReader& config, Shape& shape) {
    Index head_width = 64;
    config.take("head_dim", head_width, possible_size);
    if (shape.inner_width % head_width != 0)
      throw error(config.place("head_dim"), ": expected a divisor of expand * hidden_size = ", shape.inner_width, ", found ", head_width);
    shape.heads = shape.inner_width / head_width;
    Index heads = shape.heads;
    config.take("num_heads", heads, possible_size);
    if (heads != shape.heads)
      throw error(config.place("num_heads"), ": expected expand * hidden_size / head_dim = ", shape.heads, ", found ", heads);
    check_groups(config, "n_groups", shape);
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Mamba3Options& options) {
  return std::make_shared<PublishedFiles<Mamba3Files>>(options);
}

}  // namespace rondo
