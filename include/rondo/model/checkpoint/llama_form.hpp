// Checkpoints of Llama as transformers writes them (model_type "llama", LlamaForCausalLM).
//
// config.json, with its defaults: hidden_size 4096, intermediate_size 11008, num_hidden_layers 32, num_attention_heads 32,
// num_key_value_heads (as many), head_dim (hidden_size / heads), vocab_size 32000, max_position_embeddings 2048,
// hidden_act "silu", rms_norm_eps 1e-6, attention_bias false (q, k, v and o), mlp_bias false (gate, up and down),
// tie_word_embeddings false, and rotary positions as rondo/model/checkpoint/rotary_config.hpp says.
//
// `rotary_emb.inv_freq` buffers of old files are ignored. Refused by name: other activations, other ways to scale rotary positions.
#pragma once

#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct LlamaFiles;

struct LlamaOptions {
  bool biased = false, tied = false;
  friend constexpr bool operator==(const LlamaOptions&, const LlamaOptions&) = default;
  [[nodiscard]] std::string text() const {
    return std::string("attention_bias ") + (biased ? "true" : "false") + ", tie_word_embeddings " + (tied ? "true" : "false");
  }
};

std::shared_ptr<const FileForm> published_form(const LlamaOptions& options);

template <Bias bias, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, AttentionMixer<Rotary, bias>, GatedMlp<Silu>>, RmsNorm, HeadType, Start>> {
  using Files = LlamaFiles;
  static constexpr LlamaOptions options{.biased = bias == Bias::yes, .tied = HeadType::tied};
};

}  // namespace rondo
