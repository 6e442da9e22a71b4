// Checkpoints of GPT-2 and OPT as transformers writes them: GPT2LMHeadModel (model_type "gpt2"), OPTForCausalLM ("opt").
//
// GPT-2's config.json, with its defaults: vocab_size 50257, n_positions 1024, n_embd 768, n_layer 12, n_head 12, n_inner null
// (4 n_embd), activation_function "gelu_new", layer_norm_epsilon 1e-5, resid_pdrop 0.1, tie_word_embeddings true. The matrices of
// blocks lie as [in, out]; query, key and value are one tensor. Names begin with "transformer." (layout 0) or not (layout 1, the
// original files); the buffers attn.bias and attn.masked_bias are ignored. Refused by name: scale_attn_weights false,
// scale_attn_by_inverse_layer_idx, add_cross_attention.
//
// OPT's, with its defaults: vocab_size 50272, max_position_embeddings 2048, hidden_size 768, num_hidden_layers 12,
// num_attention_heads 12, ffn_dim 3072, activation_function "relu", dropout 0.1, tie_word_embeddings true; its norms have epsilon
// 1e-5. Names begin with "model.decoder." (layout 0) or "decoder." (layout 1). Refused by name: norms after the residuals
// (do_layer_norm_before false), a word_embed_proj_dim other than hidden_size, enable_bias false, layer_norm_elementwise_affine false,
// _remove_final_layer_norm.
//
// In both the activation is an argument of the composition: Gelu, GeluTanh, Relu or Silu; any other is refused by name.
// Shape::dropout is resid_pdrop or dropout; rondo drops as much of the embedding, and nothing of the attention's weights.
#pragma once

#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/checkpoint/activation_names.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct Gpt2Files;
struct OptFiles;

template <class Files>
struct PositionedOptions {
  std::string_view activation;
  bool tied = true;
  friend constexpr bool operator==(const PositionedOptions&, const PositionedOptions&) = default;
  [[nodiscard]] std::string text() const {
    return "activation_function " + std::string(activation) + ", tie_word_embeddings " + (tied ? "true" : "false");
  }
};
using Gpt2Options = PositionedOptions<Gpt2Files>;
using OptOptions = PositionedOptions<OptFiles>;

std::shared_ptr<const FileForm> published_form(const Gpt2Options& options);
std::shared_ptr<const FileForm> published_form(const OptOptions& options);

// Why a shape has no place in either form's config.json; empty where it has.
inline std::string positioned_refusal(const Shape& shape) {
  if (shape.embedding() != shape.width) return "the embedding is not as wide as the model";
  if (shape.key_value_head_count() != shape.heads) return "there are fewer key heads than query heads";
  if (shape.head_key_width() * shape.heads != shape.width) return "the heads are not as wide as the model together";
  if (shape.window != 0) return "attention has a window";
  return "";
}

template <class Activation>
using PositionedBlock = Block<LayerNorm, AttentionMixer<NoPosition, Bias::yes>, Mlp<Activation, Bias::yes>>;

template <NamedActivation Activation, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<PositionedBlock<Activation>, LayerNorm, HeadType, Start, PositionedEmbedding<0>>> {
  using Files = Gpt2Files;
  static constexpr Gpt2Options options{.activation = activation_name<Activation>, .tied = HeadType::tied};
};
template <NamedActivation Activation, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<PositionedBlock<Activation>, LayerNorm, HeadType, Start, PositionedEmbedding<2>>> {
  using Files = OptFiles;
  static constexpr OptOptions options{.activation = activation_name<Activation>, .tied = HeadType::tied};
};

}  // namespace rondo
