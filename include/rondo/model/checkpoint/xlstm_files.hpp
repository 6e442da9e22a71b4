// XlstmFiles: reads and writes config.json of the form that rondo/model/checkpoint/xlstm_form.hpp describes.
#pragma once

#include <cmath>

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/model_config.hpp>
#include <rondo/model/checkpoint/xlstm_form.hpp>

namespace rondo {

inline constexpr NamePair xlstm_names[] = {
    // the layout `cuda`: all pairs but the last five
    {"blocks.{i}.mixer.recurrent", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._recurrent_kernel_", Rows{}, Stored::turned_rows},
    {"blocks.{i}.mixer.input.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{0, 4}, Stored::interleaved},
    {"blocks.{i}.mixer.forget.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{1, 4}, Stored::interleaved},
    {"blocks.{i}.mixer.cell.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{2, 4}, Stored::interleaved},
    {"blocks.{i}.mixer.output.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{3, 4}, Stored::interleaved},
    {"embedding.weight", "token_embedding.weight"},
    {"norm.weight", "xlstm_block_stack.post_blocks_norm.weight"},
    {"head.weight", "lm_head.weight"},
    // mLSTM
    {"blocks.{i}.norm.weight", "xlstm_block_stack.blocks.{i}.xlstm_norm.weight"},
    {"blocks.{i}.convolution.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.conv1d.conv.{leaf}"},
    {"blocks.{i}.up.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.proj_up.{leaf}"},
    {"blocks.{i}.query.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.q_proj.{leaf}"},
    {"blocks.{i}.key.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.k_proj.{leaf}"},
    {"blocks.{i}.value.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.v_proj.{leaf}"},
    {"blocks.{i}.input_gate.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.mlstm_cell.igate.{leaf}"},
    {"blocks.{i}.forget_gate.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.mlstm_cell.fgate.{leaf}"},
    {"blocks.{i}.output_norm.weight", "xlstm_block_stack.blocks.{i}.xlstm.mlstm_cell.outnorm.weight"},
    {"blocks.{i}.skip.weight", "xlstm_block_stack.blocks.{i}.xlstm.learnable_skip"},
    {"blocks.{i}.down.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.proj_down.{leaf}"},
    // sLSTM, whose input and forget gates have each other's names there
    {"blocks.{i}.mixer.norm.weight", "xlstm_block_stack.blocks.{i}.xlstm_norm.weight"},
    {"blocks.{i}.mixer.convolution.{leaf}", "xlstm_block_stack.blocks.{i}.xlstm.conv1d.conv.{leaf}"},
    {"blocks.{i}.mixer.input.weight", "xlstm_block_stack.blocks.{i}.xlstm.fgate.weight"},
    {"blocks.{i}.mixer.forget.weight", "xlstm_block_stack.blocks.{i}.xlstm.igate.weight"},
    {"blocks.{i}.mixer.cell.weight", "xlstm_block_stack.blocks.{i}.xlstm.zgate.weight"},
    {"blocks.{i}.mixer.output.weight", "xlstm_block_stack.blocks.{i}.xlstm.ogate.weight"},
    {"blocks.{i}.mixer.head_norm.weight", "xlstm_block_stack.blocks.{i}.xlstm.group_norm.weight"},
    {"blocks.{i}.channel.norm.weight", "xlstm_block_stack.blocks.{i}.ffn_norm.weight"},
    {"blocks.{i}.channel.gate.{leaf}", "xlstm_block_stack.blocks.{i}.ffn.proj_up.{leaf}", Rows{0, 2}},
    {"blocks.{i}.channel.up.{leaf}", "xlstm_block_stack.blocks.{i}.ffn.proj_up.{leaf}", Rows{1, 2}},
    {"blocks.{i}.channel.down.{leaf}", "xlstm_block_stack.blocks.{i}.ffn.proj_down.{leaf}"},
    // the layout `vanilla`: all pairs but the first five
    {"blocks.{i}.mixer.recurrent", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._recurrent_kernel_"},
    {"blocks.{i}.mixer.input.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{0, 4}, Stored::flat},
    {"blocks.{i}.mixer.forget.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{1, 4}, Stored::flat},
    {"blocks.{i}.mixer.cell.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{2, 4}, Stored::flat},
    {"blocks.{i}.mixer.output.bias", "xlstm_block_stack.blocks.{i}.xlstm.slstm_cell._bias_", Rows{3, 4}, Stored::flat},
};

struct XlstmFiles {
  static constexpr std::string_view model_type = "xlstm_small";
  static constexpr std::size_t layouts = 2;
  static constexpr std::size_t vanilla = 0, cuda = 1;
  static constexpr double norm_epsilon = 1e-5;  // of every norm

  using Options = XlstmOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.norm_epsilon = shape.mixer_norm_epsilon = norm_epsilon;
    shape.vocabulary = config.get<Index>("vocab_size", possible_size);
    shape.width = 128, shape.depth = 1;
    config.take("embedding_dim", shape.width, possible_size);
    config.take("num_blocks", shape.depth, possible_depth);
    Index context = -1;
    config.take("context_length", context, Between<Index>{-1, possible_size.high});
    if (context > 0) shape.context = context;
    config.take("dropout", shape.dropout, Between{0.0, 0.999999});
    result.options.tied = read_tied(config, "tie_weights", tensors, "lm_head.weight");
    refuse_value(config, "add_post_blocks_norm", false, "rondo's stack ends with a norm");

    shape.second_blocks = read_places(config, shape.depth);
    const bool some_mlstm = shape.second_blocks != BlockSet::all(std::min(shape.depth, BlockSet::capacity));
    const bool some_slstm = !shape.second_blocks.empty();
    config.take("bias", result.options.biased);
    result.options.biased = result.options.biased && some_mlstm;
    const Layer mlstm = some_mlstm ? read_mlstm(config, shape) : Layer{};
    const Layer slstm = some_slstm ? read_slstm(config, shape) : mlstm, first = some_mlstm ? mlstm : slstm;
    shape.heads = first.heads;
    shape.convolution = first.taps;
    if (slstm.heads != first.heads) shape.second_heads = slstm.heads;
    if (slstm.taps != first.taps) shape.second_convolution = slstm.taps;
    if (some_slstm && tensors != nullptr) result.layout = layout_of(shape, *tensors);
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    const std::span<const NamePair> all{xlstm_names};
    return description.layout == vanilla ? all.last(all.size() - 5) : all.first(all.size() - 5);
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (shape.norm_epsilon != norm_epsilon) return other_epsilon("norm_epsilon", shape.norm_epsilon, norm_epsilon);
    if (shape.mixer_norm_epsilon != norm_epsilon)
      return other_epsilon("mixer_norm_epsilon", shape.mixer_norm_epsilon, norm_epsilon);
    if (shape.logit_soft_cap != 0) return "its logits are capped";
    return "";
  }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    const bool some_mlstm = shape.second_blocks != BlockSet::all(std::min(shape.depth, BlockSet::capacity));
    const bool some_slstm = !shape.second_blocks.empty();
    document["vocab_size"] = shape.vocabulary;
    document["embedding_dim"] = shape.width;
    document["num_blocks"] = shape.depth;
    if (document.value("context_length", Index{0}) > 0 || shape.context != Shape{}.context || !document.contains("context_length"))
      document["context_length"] = shape.context;
    write_places(shape, some_mlstm, document);
    document["add_post_blocks_norm"] = true;
    if (some_mlstm || !document.contains("bias")) document["bias"] = description.options.biased;
    document["dropout"] = shape.dropout;
    document["tie_weights"] = description.options.tied;
    Json& mlstm_block = document["mlstm_block"];
    if (some_mlstm) {
      Json& mlstm = mlstm_block["mlstm"];
      mlstm["conv1d_kernel_size"] = shape.convolution;
      mlstm["qkv_proj_blocksize"] = shape.block_width;
      mlstm["num_heads"] = shape.heads;
      write_width(mlstm, shape.width, MlstmMixer<>::inner(shape), 2);
    }
    Json& slstm_block = document["slstm_block"];
    if (some_slstm) {
      Json& slstm = slstm_block["slstm"];
      slstm["num_heads"] = shape.second().heads;
      slstm["conv1d_kernel_size"] = shape.second().convolution;
      if (!slstm.contains("backend")) slstm["backend"] = description.layout == vanilla ? "vanilla" : "cuda";
      Json& mlp = slstm_block["feedforward"];
      if (!shape.second_mlp) return void(mlp = nullptr);
      write_width(mlp, shape.width, shape.mlp(), 1.3);
      if (!mlp.contains("act_fn")) mlp["act_fn"] = "gelu";
      if (shape.mlp_bias || mlp.contains("bias")) mlp["bias"] = shape.mlp_bias;
    }
  }

 private:
  struct Layer {
    Index heads = 4, taps = 4;
  };

  // The blocks that `slstm_at` names; absent where it is nothing of the kind.
  static std::optional<BlockSet> listed(const Json& places, Index depth) {
    const Index limit = std::min(depth, BlockSet::capacity);
    if (places == "all" && depth <= BlockSet::capacity) return BlockSet::all(depth);
    if (!places.is_array()) return std::nullopt;
    BlockSet blocks;
    for (const Json& place : places) {
      if (!place.is_number_integer() || place < 0 || place >= limit) return std::nullopt;
      blocks.insert(place.get<Index>());
    }
    return blocks;
  }
  static BlockSet read_places(ObjectReader& config, Index depth) {
    const bool mlstm = config.find("mlstm_block") != nullptr, slstm = config.find("slstm_block") != nullptr;
    if (!mlstm && !slstm) throw config.mismatch("mlstm_block", "an object, or one as slstm_block", Json());
    const Json all = "all", none = Json::array();
    const Json* given = config.find("slstm_at");
    const Json& places = !mlstm ? all : given ? *given : none;
    const auto blocks = listed(places, depth);
    if (!blocks)
      throw config.mismatch("slstm_at",
                            "\"all\" or numbers of blocks, from 0 to " + std::to_string(std::min(depth, BlockSet::capacity) - 1), places);
    if (!blocks->empty() && !slstm) throw config.mismatch("slstm_block", "an object, as slstm_at names blocks", Json());
    return *blocks;
  }
  static void write_places(const Shape& shape, bool some_mlstm, Json& document) {
    if (document.contains("slstm_at") && listed(document["slstm_at"], shape.depth) == shape.second_blocks) return;
    if (!some_mlstm)
      document["slstm_at"] = "all";
    else
      document["slstm_at"] = shape.second_blocks.numbers();
  }

  // factor times width, rounded to a multiple.
  static Index rounded(double factor, Index width, Index multiple, bool up) {
    const double multiples = factor * static_cast<double>(width) / static_cast<double>(multiple);
    return static_cast<Index>(up ? std::ceil(multiples) : std::floor(multiples)) * multiple;
  }
  static Index read_width(ObjectReader& layer, Index width, double factor) {
    Index multiple = 64;
    bool up = true;
    layer.take("proj_factor", factor, Between{0.0, 1024.0});
    layer.take("round_proj_up_to_multiple_of", multiple, possible_size);
    layer.take("round_proj_up_dim_up", up);
    const Index result = rounded(factor, width, multiple, up);
    if (result <= 0) throw layer.mismatch("proj_factor", "a factor that leaves a channel", Json(factor));
    return result;
  }
  // Leaves what gives this width already.
  static void write_width(Json& layer, Index width, Index wanted, double usual) {
    const double factor = layer.is_object() ? layer.value("proj_factor", usual) : usual;
    const Index multiple = layer.is_object() ? layer.value("round_proj_up_to_multiple_of", Index{64}) : 64;
    const bool up = !layer.is_object() || layer.value("round_proj_up_dim_up", true);
    if (rounded(factor, width, multiple, up) == wanted) {
      if (!layer.contains("proj_factor")) layer["proj_factor"] = factor;
      return;
    }
    const Index fitting = wanted % 64 == 0 ? 64 : 1;
    layer["proj_factor"] = (static_cast<double>(wanted) - static_cast<double>(fitting) / 2) / static_cast<double>(width);
    layer["round_proj_up_to_multiple_of"] = fitting;
    layer["round_proj_up_dim_up"] = true;
  }

  static void read_taps(ObjectReader& layer, Layer& result) {
    layer.take("num_heads", result.heads, possible_size);
    layer.take("conv1d_kernel_size", result.taps, possible_size);
  }
  static Layer read_mlstm(ObjectReader& config, Shape& shape) {
    Layer result;
    shape.inner_width = rounded(2, shape.width, 64, true);
    config.object("mlstm_block", [&](ObjectReader& block) {
      block.object("mlstm", [&](ObjectReader& layer) {
        read_taps(layer, result);
        layer.take("qkv_proj_blocksize", shape.block_width, possible_size);
        shape.inner_width = read_width(layer, shape.width, 2);
      });
    });
    return result;
  }
  static Layer read_slstm(ObjectReader& config, Shape& shape) {
    Layer result;
    shape.mlp_width = rounded(1.3, shape.width, 64, true);
    config.object("slstm_block", [&](ObjectReader& block) {
      block.object("slstm", [&](ObjectReader& layer) {
        read_taps(layer, result);
        std::string word;
        layer.take("function", word, {"slstm"});
        layer.take("bias_init", word, {"powerlaw_blockdependent", "small_init", "standard", "zeros"});
        layer.take("recurrent_weight_init", word, {"zeros", "standard"});
        refuse_value(layer, "group_norm_weight", false, "the norm of the heads has a weight");
        refuse_value(layer, "gradient_recurrent_cut", true, "rondo's gradients are exact");
        for (const char* key : {"gradient_recurrent_clipval", "forward_clipval"}) refuse_member(layer, key, "rondo clips nothing in cells");
        if (const Json* start = layer.find("initial_val"); start != nullptr && *start != 0)
          throw layer.mismatch("initial_val", "0", *start);
      });
      const Json& all = *config.find("slstm_block");
      shape.second_mlp = !all.contains("feedforward") || !all["feedforward"].is_null();
      if (!shape.second_mlp) shape.mlp_width = 0;
      block.object("feedforward", [&](ObjectReader& mlp) {
        std::string word;
        mlp.take("act_fn", word, {"gelu"});
        mlp.take("ff_type", word, {"ffn_gated"});
        mlp.take("bias", shape.mlp_bias);
        shape.mlp_width = read_width(mlp, shape.width, 1.3);
      });
    });
    return result;
  }

  static std::size_t layout_of(const Shape& shape, const TensorFolder& tensors) {
    const std::string block = std::to_string(shape.second_blocks.numbers().front());
    const StoredTensor* kernel = tensors.find("xlstm_block_stack.blocks." + block + ".xlstm.slstm_cell._recurrent_kernel_");
    return kernel != nullptr && kernel->shape.size() == 3 && kernel->shape[2] == 4 * kernel->shape[1] ? cuda : vanilla;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const XlstmOptions& options) {
  return std::make_shared<PublishedFiles<XlstmFiles>>(options);
}

}  // namespace rondo
