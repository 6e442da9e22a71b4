// Checkpoints of xLSTM-large as transformers writes them (model_type "xlstm", xLSTMForCausalLM).
//
// config.json, with its defaults: vocab_size 50304, hidden_size (or embedding_dim) 4096, num_hidden_layers (or num_blocks) 32,
// num_heads 8, qk_dim_factor 0.5, v_dim_factor 1, gate_soft_cap 15 and output_logit_soft_cap 30 (null: no cap), norm_eps 1e-6,
// tie_word_embeddings false, and the MLP's width, ffn_proj_factor 2.667 times hidden_size, rounded up to a multiple of
// ffn_round_up_to_multiple_of 64: int(((factor hidden_size + 63) // 64) * 64) in floating point, so that a fraction below one above
// a multiple is cut off. What says how a program runs (chunk_size, mode, kernels, dtypes of states) is not looked at.
//
// Three layouts: `short_names`, mlstm_layer.q/k/v (what rondo writes); `long_names`, mlstm_layer.query/key/value (transformers without
// the package xlstm); `plain_embedding`, q/k/v and embedding.weight (NX-AI's own files).
// Refused by name: `use_bias` (biases of linear maps and norms), `add_out_norm` false, `weight_mode` "fused" (parts of unequal size
// in one tensor), an `eps` other than 1e-6. A tied head is left out of the file: transformers 4 ties it again, transformers 5.24 does not
// and begins with a head of its own; for it, train the untied composition.
#pragma once

#include <rondo/model/architecture/xlstm_large.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct XlstmLargeFiles;

struct XlstmLargeOptions {
  bool tied = false;
  friend constexpr bool operator==(const XlstmLargeOptions&, const XlstmLargeOptions&) = default;
  [[nodiscard]] std::string text() const { return std::string("tie_word_embeddings ") + (tied ? "true" : "false"); }
};

std::shared_ptr<const FileForm> published_form(const XlstmLargeOptions& options);

template <class Layer>
concept XlstmLargeMlp = std::is_same_v<Layer, GatedMlp<Silu>> || std::is_same_v<Layer, ZeroGateStart<GatedMlp<Silu>>>;

template <XlstmLargeMlp ChannelMixer, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, XlstmLargeMixer, ChannelMixer>, RmsNorm, HeadType, Start>> {
  using Files = XlstmLargeFiles;
  static constexpr XlstmLargeOptions options{.tied = HeadType::tied};
};

}  // namespace rondo
