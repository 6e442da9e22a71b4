// Checkpoints of HGRN2 as flash-linear-attention writes them (model_type "hgrn2", HGRN2ForCausalLM).
//
// config.json, with its defaults: hidden_size 2048, num_hidden_layers 24, vocab_size 32000, expand_ratio 128 (keys per head;
// null: hidden_size / num_heads), num_heads null (ignored where expand_ratio is given), hidden_ratio 4 and intermediate_size null
// (width of the MLP: 256 ceil(int(hidden_size hidden_ratio 2/3) / 256)), hidden_act "swish", use_short_conv false,
// conv_size 4, use_lower_bound true, norm_eps 1e-6, tie_word_embeddings false, max_position_embeddings 2048.
//
// Two layouts. `separate`, since February 2025: gate_proj and up_proj [I, D]; the norm of the mixer's output has epsilon 1e-5
// whatever norm_eps says. `fused_mlp`, before (the BabyHGRN checkpoints): one gate_proj [2 I, D], gate above up, found by its
// shape; that norm has norm_eps, and num_heads counts beside expand_ratio.
// Refused by name: hybrids (`attn`), `attnres_block_size`, other activations, norms without weights.
#pragma once

#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/checkpoint/file_form.hpp>
#include <rondo/model/checkpoint/hgrn_options.hpp>

namespace rondo {

struct Hgrn2Files;

using Hgrn2Options = HgrnOptions<Hgrn2Files>;

std::shared_ptr<const FileForm> published_form(const Hgrn2Options& options);

template <HgrnGate Gate, HgrnInputs Inputs, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, Hgrn2Mixer<Gate, Inputs>, GatedMlp<Silu>>, RmsNorm, HeadType, Start>> {
  using Files = Hgrn2Files;
  static constexpr Hgrn2Options options{.lower_bounds = std::is_same_v<Gate, LowerBoundedForget>,
                                        .convolved = std::is_same_v<Inputs, ConvolvedProjection>,
                                        .tied = HeadType::tied};
};

}  // namespace rondo
