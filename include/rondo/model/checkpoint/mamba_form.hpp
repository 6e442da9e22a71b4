// Checkpoints of Mamba, as transformers writes them (model_type "mamba", MambaForCausalLM) and as state-spaces/mamba does.
//
// config.json of transformers, with its defaults: hidden_size 768, num_hidden_layers 32, vocab_size 50280, state_size 16, expand 2
// and intermediate_size (expand hidden_size), conv_kernel 4, time_step_rank "auto" (hidden_size / 16, rounded up),
// layer_norm_epsilon 1e-5, use_bias false (in_proj and out_proj), use_conv_bias true, tie_word_embeddings true. Of state-spaces,
// which has no model_type: d_model 2560, n_layer 64, vocab_size 50277, which is rounded up to a multiple of pad_vocab_size_multiple
// 8, tie_embeddings true and ssm_cfg {d_state 16, expand 2, d_conv 4, dt_rank "auto", bias false, conv_bias true}; the norms'
// epsilon is 1e-5.
//
// Two layouts: the embedding is `embeddings` or, as in state-spaces' own files, `embedding`. flash-linear-attention's files of the
// same model_type are read too; they say norm_eps and dt_rank.
// Refused by name: other activations, norms that are no RMS norms (rms_norm), MLPs (d_intermediate) and attention (attn_layer_idx)
// between the blocks.
#pragma once

#include <rondo/model/architecture/mamba.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct MambaFiles;

struct MambaOptions {
  bool tied = false;
  friend constexpr bool operator==(const MambaOptions&, const MambaOptions&) = default;
  [[nodiscard]] std::string text() const { return std::string("tie_word_embeddings ") + (tied ? "true" : "false"); }
};

std::shared_ptr<const FileForm> published_form(const MambaOptions& options);

template <PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, MambaMixer, NoMlp>, RmsNorm, HeadType, Start>> {
  using Files = MambaFiles;
  static constexpr MambaOptions options{.tied = HeadType::tied};
};

}  // namespace rondo
