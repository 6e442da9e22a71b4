// DeltaNetFiles, GatedDeltaNetFiles, KdaFiles: read and write config.json of the forms that
// rondo/model/checkpoint/delta_net_form.hpp describes.
#pragma once

#include <cmath>

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/delta_net_form.hpp>
#include <rondo/model/checkpoint/flash_linear_config.hpp>

namespace rondo {

inline constexpr NamePair delta_net_names[] = {
    {"blocks.{i}.mixer.step.down.weight", "model.layers.{i}.attn.f_proj.0.weight"},  // KDA: all pairs but the last
    {"blocks.{i}.mixer.step.up.weight", "model.layers.{i}.attn.f_proj.1.weight"},
    {"blocks.{i}.mixer.step.up.bias", "model.layers.{i}.attn.dt_bias"},
    {"blocks.{i}.mixer.gate.down.weight", "model.layers.{i}.attn.g_proj.0.weight"},
    {"blocks.{i}.mixer.gate.up.{leaf}", "model.layers.{i}.attn.g_proj.1.{leaf}"},
    {"embedding.weight", "model.embeddings.weight"},
    {"blocks.{i}.mixer.norm.weight", "model.layers.{i}.attn_norm.weight"},
    {"blocks.{i}.mixer.query.weight", "model.layers.{i}.attn.q_proj.weight"},
    {"blocks.{i}.mixer.key.weight", "model.layers.{i}.attn.k_proj.weight"},
    {"blocks.{i}.mixer.value.weight", "model.layers.{i}.attn.v_proj.weight"},
    {"blocks.{i}.mixer.query.convolution.weight", "model.layers.{i}.attn.q_conv1d.weight"},
    {"blocks.{i}.mixer.key.convolution.weight", "model.layers.{i}.attn.k_conv1d.weight"},
    {"blocks.{i}.mixer.value.convolution.weight", "model.layers.{i}.attn.v_conv1d.weight"},
    {"blocks.{i}.mixer.step.weight", "model.layers.{i}.attn.a_proj.weight"},
    {"blocks.{i}.mixer.A_log", "model.layers.{i}.attn.A_log"},
    {"blocks.{i}.mixer.write.weight", "model.layers.{i}.attn.b_proj.weight"},
    {"blocks.{i}.mixer.gate.weight", "model.layers.{i}.attn.g_proj.weight"},
    {"blocks.{i}.mixer.output_norm.weight", "model.layers.{i}.attn.o_norm.weight"},
    {"blocks.{i}.mixer.output.weight", "model.layers.{i}.attn.o_proj.weight"},
    {"blocks.{i}.channel.norm.weight", "model.layers.{i}.mlp_norm.weight"},
    {"blocks.{i}.channel.gate.weight", "model.layers.{i}.mlp.gate_proj.weight"},
    {"blocks.{i}.channel.up.weight", "model.layers.{i}.mlp.up_proj.weight"},
    {"blocks.{i}.channel.down.weight", "model.layers.{i}.mlp.down_proj.weight"},
    {"norm.weight", "model.norm.weight"},
    {"head.weight", "lm_head.weight"},
    {"blocks.{i}.mixer.step_bias", "model.layers.{i}.attn.dt_bias"},  // the others: all but the first five
};

template <class Files>
struct DeltaFamily {
  using Options = DeltaOptions<Files>;
  static constexpr std::size_t layouts = 1;

  static NameTable names(const Description<Options>&) {
    const std::span<const NamePair> all{delta_net_names};
    return std::is_same_v<Files, KdaFiles> ? all.first(all.size() - 1) : all.last(all.size() - 5);
  }

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.width = 2048, shape.depth = Files::usual_depth;
    result.options.gated = Files::usually_gated;
    read_flash_linear(config, tensors, shape, result.options.convolved, result.options.tied);
    if constexpr (!std::is_same_v<Files, KdaFiles>) config.take("use_gate", result.options.gated);
    config.take("allow_neg_eigval", result.options.turning);
    refuse_value(config, "use_beta", false, "rondo's delta rule has a write strength");
    std::string word;
    config.take("qk_norm", word, {"l2"});
    config.take("qk_activation", word, {"silu"});
    config.take("output_gate_activation", word, {"swish", "silu"});
    Files::read_heads(config, shape);
    if constexpr (requires { Files::read_gate(config, result.options); }) Files::read_gate(config, result.options);
    if (shape.heads * shape.key_width == shape.width) shape.key_width = 0;
    if (shape.inner_width == shape.width) shape.inner_width = 0;
    return result;
  }

  static std::string refusal(const Description<Options>& description) {
    const Shape& shape = description.shape;
    if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
    if (const std::string widths = Files::refused_widths(shape); !widths.empty()) return widths;
    return biased_mlp(shape);
  }

  static void write(const Description<Options>& description, Json& document) {
    write_flash_linear(description.shape, description.options.convolved, description.options.tied, Files::class_name, document);
    if constexpr (requires { Files::write_gate(description.options, document); })
      Files::write_gate(description.options, document);
    else
      document["use_gate"] = description.options.gated;
    document["allow_neg_eigval"] = description.options.turning;
    Files::write_heads(description.shape, document);
  }

 protected:
  // A share or multiple of `of`, as the value of `key`; `heads` of them must be whole.
  static Index expanded(ObjectReader& config, const char* key, double factor, Index of, Index heads) {
    config.take(key, factor, Between{0.0, 1024.0});
    const double exact = static_cast<double>(of) * factor;
    const auto whole = static_cast<Index>(std::lround(exact));
    if (whole < 1 || whole % heads != 0 || std::abs(exact - static_cast<double>(whole)) > 1e-9 * exact)
      throw config.mismatch(key, "a factor of " + std::to_string(of) + " that gives a multiple of " + std::to_string(heads), Json(factor));
    return whole;
  }
  static double ratio(Index part, Index whole) { return static_cast<double>(part) / static_cast<double>(whole); }
  static Index inner(const Shape& shape) { return shape.inner_width ? shape.inner_width : shape.width; }
};

struct DeltaNetFiles : DeltaFamily<DeltaNetFiles> {
  static constexpr std::string_view model_type = "delta_net";
  static constexpr const char* class_name = "DeltaNetForCausalLM";
  static constexpr Index usual_depth = 24;
  static constexpr bool usually_gated = false;

  static void read_heads(ObjectReader& config, Shape& shape) {
    shape.heads = 16;
    config.take("num_heads", shape.heads, possible_size);
    shape.key_width = expanded(config, "expand_k", 1, shape.width, shape.heads) / shape.heads;
    shape.inner_width = expanded(config, "expand_v", 1, shape.width, shape.heads);
  }
  static std::string refused_widths(const Shape& shape) {
    return shape.key_value_head_count() == shape.heads ? "" : "heads share their keys";
  }
  static void write_heads(const Shape& shape, Json& document) {
    document["num_heads"] = shape.heads;
    document["expand_k"] = ratio(shape.heads * shape.head_key_width(), shape.width);
    document["expand_v"] = ratio(inner(shape), shape.width);
  }
};

// Heads of values may be more than those of keys.
template <class Files>
struct GroupedDeltaFamily : DeltaFamily<Files> {
  static constexpr bool usually_gated = true;

  static void read_heads(ObjectReader& config, Shape& shape) {
    Index key_heads = Files::usual_heads;
    config.take("num_heads", key_heads, possible_size);
    shape.heads = key_heads;
    config.take("num_v_heads", shape.heads, possible_size);
    if (shape.heads % key_heads != 0)
      throw config.mismatch("num_v_heads", "a multiple of num_heads " + std::to_string(key_heads), Json(shape.heads));
    if (key_heads != shape.heads) shape.key_value_heads = key_heads;
    shape.key_width = Files::usual_key_width;
    config.take("head_dim", shape.key_width, possible_size);
    shape.inner_width = shape.heads * GroupedDeltaFamily::expanded(config, "expand_v", Files::usual_expansion, shape.key_width, 1);
  }
  static std::string refused_widths(const Shape&) { return ""; }
  static void write_heads(const Shape& shape, Json& document) {
    document["num_heads"] = shape.key_value_head_count();
    document["num_v_heads"] = shape.key_value_head_count() == shape.heads ? Json(nullptr) : Json(shape.heads);
    document["head_dim"] = shape.head_key_width();
    document["expand_v"] = GroupedDeltaFamily::ratio(GroupedDeltaFamily::inner(shape) / shape.heads, shape.head_key_width());
  }
};

struct GatedDeltaNetFiles : GroupedDeltaFamily<GatedDeltaNetFiles> {
  static constexpr std::string_view model_type = "gated_deltanet";
  static constexpr const char* class_name = "GatedDeltaNetForCausalLM";
  static constexpr Index usual_depth = 21, usual_heads = 6, usual_key_width = 256;
  static constexpr double usual_expansion = 2;
};

struct KdaFiles : GroupedDeltaFamily<KdaFiles> {
  static constexpr std::string_view model_type = "kda";
  static constexpr const char* class_name = "KDAForCausalLM";
  static constexpr Index usual_depth = 24, usual_heads = 16, usual_key_width = 128;
  static constexpr double usual_expansion = 1;

  static void read_gate(ObjectReader& config, Options& options) {
    double bound = -5;
    bool safe = false;
    options.bounded = config.take("lower_bound", bound);
    if (bound != -5) throw config.mismatch("lower_bound", "null or -5", Json(bound));
    config.take("safe_gate", safe);
    if (safe && !options.bounded) throw config.mismatch("safe_gate", "false (there is no lower_bound)", Json(safe));
  }
  static void write_gate(const Options& options, Json& document) {
    document["lower_bound"] = options.bounded ? Json(-5.0) : Json(nullptr);
    document["safe_gate"] = options.bounded;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const DeltaOptions<DeltaNetFiles>& options) {
  return std::make_shared<PublishedFiles<DeltaNetFiles>>(options);
}
RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const DeltaOptions<GatedDeltaNetFiles>& options) {
  return std::make_shared<PublishedFiles<GatedDeltaNetFiles>>(options);
}

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const DeltaOptions<KdaFiles>& options) {
  return std::make_shared<PublishedFiles<KdaFiles>>(options);
}

}  // namespace rondo
