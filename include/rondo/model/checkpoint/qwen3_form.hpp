// Checkpoints of Qwen3 as transformers writes them (model_type "qwen3", Qwen3ForCausalLM).
//
// config.json, with its defaults: hidden_size 4096, intermediate_size 22016, num_hidden_layers 32, num_attention_heads 32,
// num_key_value_heads 32 (null: as many as heads), head_dim 128, vocab_size 151936, max_position_embeddings 32768, hidden_act "silu",
// rms_norm_eps 1e-6 (of all norms), attention_bias false (q, k, v and o), tie_word_embeddings false, rotary positions as
// rondo/model/checkpoint/rotary_config.hpp says, and windows:
//
//   use_sliding_window false, sliding_window 4096, max_window_layers 28      blocks from max_window_layers on have the window
//   layer_types      "full_attention" or "sliding_attention" for each block, before max_window_layers where it is there
//
// The MLP has no biases. Refused by name: other activations, other ways to scale rotary positions.
#pragma once

#include <rondo/model/architecture/qwen3.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct Qwen3Files;

struct Qwen3Options {
  bool biased = false, tied = false;
  friend constexpr bool operator==(const Qwen3Options&, const Qwen3Options&) = default;
  [[nodiscard]] std::string text() const {
    return std::string("attention_bias ") + (biased ? "true" : "false") + ", tie_word_embeddings " + (tied ? "true" : "false");
  }
};

std::shared_ptr<const FileForm> published_form(const Qwen3Options& options);

template <Bias bias, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, AttentionMixer<QueryKeyNorm<>, bias>, GatedMlp<Silu>>, RmsNorm, HeadType, Start>> {
  using Files = Qwen3Files;
  static constexpr Qwen3Options options{.biased = bias == Bias::yes, .tied = HeadType::tied};
};

}  // namespace rondo
