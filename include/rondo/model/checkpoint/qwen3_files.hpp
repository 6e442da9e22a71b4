// Qwen3Files: reads and writes config.json of the form that rondo/model/checkpoint/qwen3_form.hpp describes.
#pragma once

#include <algorithm>

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/llama_keys.hpp>
#include <rondo/model/checkpoint/qwen3_form.hpp>

namespace rondo {

struct Qwen3Files {
  static constexpr std::string_view model_type = "qwen3";
  static constexpr std::size_t layouts = 1;
  static constexpr std::string_view full = "full_attention", sliding = "sliding_attention";

  using Options = Qwen3Options;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 4096, shape.mlp_width = 22016, shape.depth = 32, shape.heads = 32, shape.vocabulary = 151936;
    shape.key_width = 128, shape.context = 32768;
    if (!file.has("num_key_value_heads")) shape.key_value_heads = 32;
    read_llama_keys(config, tensors, result);
    read_windows(file, config, shape);
    return result;
  }

  static NameTable names(const Description<Options>&) { return {pairs, llama_buffers}; }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.window != 0 && shape.depth > BlockSet::capacity) return "its blocks without a window are too many to list";
    return shape.mlp_bias ? biased_mlp(shape) : llama_refusal(shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["architectures"] = Json::array({"Qwen3ForCausalLM"});
    write_llama_keys(description, document);
    write_windows(shape, document);
  }

 private:
  static constexpr auto pairs = [] {
    constexpr NamePair norms[] = {{"blocks.{i}.mixer.query_norm.weight", "model.layers.{i}.self_attn.q_norm.weight"},
                                  {"blocks.{i}.mixer.key_norm.weight", "model.layers.{i}.self_attn.k_norm.weight"}};
    std::array<NamePair, llama_names.size() + std::size(norms)> all{};
    std::copy(std::begin(norms), std::end(norms), std::copy(llama_names.begin(), llama_names.end(), all.begin()));
    return all;
  }();

  static void read_windows(const ModelConfig& file, ObjectReader& config, Shape& shape) {
    bool windows = false;
    Index window = 4096, first = 28;
    config.take("use_sliding_window", windows);
    const bool sized = config.take("sliding_window", window, possible_size) || !file.has("sliding_window");  // null: no window
    config.take("max_window_layers", first, Between<Index>{0, largest_size});
    const Json* types = config.find("layer_types");
    const auto has_window = [&](Index block) {
      return types != nullptr ? (*types)[static_cast<std::size_t>(block)] == sliding : block >= first;
    };
    if (types != nullptr && !are_types(*types, shape.depth))
      throw config.mismatch("layer_types", "full_attention or sliding_attention for each of " + std::to_string(shape.depth) + " blocks",
                            *types);
    for (Index block = 0; block < shape.depth; ++block) {
      if (!has_window(block)) {
        if (block < BlockSet::capacity) shape.full_blocks.insert(block);
      } else if (windows && sized) {
        shape.window = window;
      } else if (types != nullptr) {
        throw config.mismatch("layer_types", "full_attention for every block (use_sliding_window and sliding_window name no window)",
                              *types);
      }
    }
    if (shape.window == 0) shape.full_blocks = {};
    if (shape.window != 0 && shape.depth > BlockSet::capacity)
      throw config.mismatch("num_hidden_layers", "at most " + std::to_string(BlockSet::capacity) + " (blocks without a window are listed)",
                            Json(shape.depth));
  }
  static bool are_types(const Json& types, Index depth) {
    return types.is_array() && std::ssize(types) == depth &&
           std::all_of(types.begin(), types.end(), [](const Json& type) { return type == full || type == sliding; });
  }

  // Leaves what no block looks at.
  static void write_windows(const Shape& shape, Json& document) {
    const bool windows = shape.window != 0;
    Json types = Json::array();
    for (Index block = 0; block < shape.depth; ++block) types.push_back(shape.window_of(block) == 0 ? full : sliding);
    const auto first = static_cast<Index>(std::find(types.begin(), types.end(), Json(sliding)) - types.begin());
    const bool in_turn = std::find(types.begin() + first, types.end(), Json(full)) == types.end();
    document["use_sliding_window"] = windows;
    if (windows) document["sliding_window"] = shape.window;
    if (document.contains("layer_types") || !in_turn)
      document["layer_types"] = types;
    else if (windows)
      document["max_window_layers"] = first;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Qwen3Options& options) {
  return std::make_shared<PublishedFiles<Qwen3Files>>(options);
}

}  // namespace rondo
