// Gpt2Files: reads and writes config.json of the first form that rondo/model/checkpoint/gpt2_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/gpt2_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr std::array gpt2_names{
    NamePair{"embedding.weight", "transformer.wte.weight"},
    NamePair{"embedding.position", "transformer.wpe.weight"},
    NamePair{"blocks.{i}.mixer.norm.{leaf}", "transformer.h.{i}.ln_1.{leaf}"},
    NamePair{"blocks.{i}.mixer.query.weight", "transformer.h.{i}.attn.c_attn.weight", Rows{0, 3}, Stored::transposed},
    NamePair{"blocks.{i}.mixer.key.weight", "transformer.h.{i}.attn.c_attn.weight", Rows{1, 3}, Stored::transposed},
    NamePair{"blocks.{i}.mixer.value.weight", "transformer.h.{i}.attn.c_attn.weight", Rows{2, 3}, Stored::transposed},
    NamePair{"blocks.{i}.mixer.query.bias", "transformer.h.{i}.attn.c_attn.bias", Rows{0, 3}},
    NamePair{"blocks.{i}.mixer.key.bias", "transformer.h.{i}.attn.c_attn.bias", Rows{1, 3}},
    NamePair{"blocks.{i}.mixer.value.bias", "transformer.h.{i}.attn.c_attn.bias", Rows{2, 3}},
    NamePair{"blocks.{i}.mixer.output.weight", "transformer.h.{i}.attn.c_proj.weight", Rows{}, Stored::transposed},
    NamePair{"blocks.{i}.mixer.output.bias", "transformer.h.{i}.attn.c_proj.bias"},
    NamePair{"blocks.{i}.channel.norm.{leaf}", "transformer.h.{i}.ln_2.{leaf}"},
    NamePair{"blocks.{i}.channel.up.weight", "transformer.h.{i}.mlp.c_fc.weight", Rows{}, Stored::transposed},
    NamePair{"blocks.{i}.channel.up.bias", "transformer.h.{i}.mlp.c_fc.bias"},
    NamePair{"blocks.{i}.channel.down.weight", "transformer.h.{i}.mlp.c_proj.weight", Rows{}, Stored::transposed},
    NamePair{"blocks.{i}.channel.down.bias", "transformer.h.{i}.mlp.c_proj.bias"},
    NamePair{"norm.{leaf}", "transformer.ln_f.{leaf}"},
    NamePair{"head.weight", "lm_head.weight"},
};
inline constexpr std::array<std::string_view, 2> gpt2_buffers{"transformer.h.{i}.attn.bias", "transformer.h.{i}.attn.masked_bias"};
inline constexpr auto gpt2_bare_names = without_prefix(gpt2_names, "transformer.");
inline constexpr auto gpt2_bare_buffers = without_prefix(gpt2_buffers, "transformer.");

struct Gpt2Files {
  static constexpr std::string_view model_type = "gpt2";
  static constexpr std::size_t layouts = 2;
  enum Layout : std::size_t { prefixed, bare };

  using Options = Gpt2Options;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.vocabulary = 50257, shape.context = 1024, shape.width = 768, shape.depth = 12, shape.heads = 12;
    shape.norm_epsilon = 1e-5, shape.dropout = 0.1;
    config.take("vocab_size", shape.vocabulary, possible_size);
    config.take("n_positions", shape.context, possible_size);
    config.take("n_embd", shape.width, possible_size);
    config.take("n_layer", shape.depth, possible_depth);
    config.take("n_head", shape.heads, possible_size);
    if (shape.width % shape.heads != 0)
      throw config.mismatch("n_head", "a divisor of n_embd " + std::to_string(shape.width), Json(shape.heads));
    shape.mlp_width = 4 * shape.width;
    config.take("n_inner", shape.mlp_width, possible_size);
    config.take("layer_norm_epsilon", shape.norm_epsilon, possible_epsilon);
    config.take("resid_pdrop", shape.dropout, Between{0.0, 0.999999});
    config.take("tie_word_embeddings", result.options.tied);
    result.options.activation = read_activation(config, "activation_function", "gelu_new");
    refuse_value(config, "scale_attn_weights", false, "rondo's attention is scaled by the root of the head width");
    refuse_value(config, "scale_attn_by_inverse_layer_idx", true, "rondo's attention is scaled alike in all blocks");
    refuse_value(config, "add_cross_attention", true, "rondo has no cross-attention");
    if (tensors != nullptr && tensors->contains("wte.weight")) result.layout = bare;
    return result;
  }

  static NameTable names(const Description<Options>& description) {
    if (description.layout == bare) return {gpt2_bare_names, gpt2_bare_buffers};
    return {gpt2_names, gpt2_buffers};
  }

  static std::string refusal(const Description<Options>& description) { return positioned_refusal(description.shape); }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    const bool fresh = !document.contains("n_embd");
    document["architectures"] = Json::array({"GPT2LMHeadModel"});
    document["vocab_size"] = shape.vocabulary;
    document["n_positions"] = shape.context;
    document["n_embd"] = shape.width;
    document["n_layer"] = shape.depth;
    document["n_head"] = shape.heads;
    Json& inner = document["n_inner"];  // null where it was not there
    if (shape.mlp() != 4 * shape.width || !inner.is_null()) inner = shape.mlp();
    write_activation(document, "activation_function", description.options.activation);
    document["layer_norm_epsilon"] = shape.norm_epsilon;
    document["resid_pdrop"] = shape.dropout;
    document["embd_pdrop"] = shape.dropout;
    if (fresh) document["attn_pdrop"] = 0.0;
    document["scale_attn_weights"] = true;
    document["scale_attn_by_inverse_layer_idx"] = false;
    if (fresh || !description.options.tied || document.contains("tie_word_embeddings"))
      document["tie_word_embeddings"] = description.options.tied;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const Gpt2Options& options) {
  return std::make_shared<PublishedFiles<Gpt2Files>>(options);
}

}  // namespace rondo
