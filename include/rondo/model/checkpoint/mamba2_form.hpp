// Checkpoints of Mamba-2, as transformers writes them (model_type "mamba2", Mamba2ForCausalLM) and as state-spaces/mamba does.
//
// config.json of transformers, with its defaults: hidden_size 4096, num_hidden_layers 64, vocab_size 32768, state_size 128, expand 2,
// num_heads 128, head_dim 64 (num_heads head_dim = expand hidden_size), n_groups 8, conv_kernel 4, layer_norm_epsilon 1e-5 (of all
// norms, the mixer's too), use_bias false, use_conv_bias true, tie_word_embeddings false, time_step_limit [0, infinity], which is
// written `Infinity` or {"__float__": "Infinity"}. rms_norm false changes nothing there, nor here: the mixer's norm has its weight
// in the file.
// Of state-spaces, whose ssm_cfg.layer is "Mamba2": d_model 2560, n_layer 64, vocab_size 50277, which is rounded up to a multiple of
// pad_vocab_size_multiple 8, tie_embeddings true and ssm_cfg {d_state 128, expand 2, headdim 64, ngroups 1, d_conv 4, dt_limit
// [0, infinity], bias false, conv_bias true}; the norms' epsilon is 1e-5.
//
// Two layouts: the embedding is `embeddings` or, as in state-spaces' own files, `embedding`.
// Refused by name: other activations, and of state-spaces norms that are no RMS norms (rms_norm, ssm_cfg.rmsnorm) or come before the
// gate (norm_before_gate), states narrower than the mixer (d_ssm), a skip a channel (D_has_hdim), MLPs (d_intermediate) and
// attention (attn_layer_idx) between the blocks.
#pragma once

#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct Mamba2Files;

struct Mamba2Options {
  bool tied = false;
  friend constexpr bool operator==(const Mamba2Options&, const Mamba2Options&) = default;
  [[nodiscard]] std::string text() const { return std::string("tie_word_embeddings ") + (tied ? "true" : "false"); }
};

std::shared_ptr<const FileForm> published_form(const Mamba2Options& options);

template <PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, Mamba2Mixer, NoMlp>, RmsNorm, HeadType, Start>> {
  using Files = Mamba2Files;
  static constexpr Mamba2Options options{.tied = HeadType::tied};
};

}  // namespace rondo
