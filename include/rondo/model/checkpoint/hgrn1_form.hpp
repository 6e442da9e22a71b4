// Checkpoints of HGRN1 as flash-linear-attention writes them (model_type "hgrn", HGRNForCausalLM).
//
// config.json, with its defaults: hidden_size 2048, num_hidden_layers 24, vocab_size 32000, expand_ratio 1 (state channels for each
// of the model's; 2 and more only without lower bounds, which are as wide as the model), hidden_ratio 4 and intermediate_size null
// (width of the MLP: 256 ceil(int(hidden_size hidden_ratio 2/3) / 256)), hidden_act "swish", use_short_conv false (on i and f),
// conv_size 4, use_lower_bound true, norm_eps 1e-6 (of every norm), tie_word_embeddings false, max_position_embeddings 2048.
//
// Two layouts of the MLP, as with HGRN2 (rondo/model/checkpoint/hgrn_family.hpp).
// Refused by name: hybrids (`attn`), `attnres_block_size`, other activations, norms without weights.
#pragma once

#include <rondo/model/architecture/hgrn1.hpp>
#include <rondo/model/checkpoint/file_form.hpp>
#include <rondo/model/checkpoint/hgrn_options.hpp>

namespace rondo {

struct Hgrn1Files;

using Hgrn1Options = HgrnOptions<Hgrn1Files>;

std::shared_ptr<const FileForm> published_form(const Hgrn1Options& options);

template <HgrnGate Gate, HgrnInputs Inputs, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, Hgrn1Mixer<Gate, Inputs>, GatedMlp<Silu>>, RmsNorm, HeadType, Start>> {
  using Files = Hgrn1Files;
  static constexpr Hgrn1Options options{.lower_bounds = std::is_same_v<Gate, LowerBoundedForget>,
                                        .convolved = std::is_same_v<Inputs, ConvolvedProjection>,
                                        .tied = HeadType::tied};
};

}  // namespace rondo
