// Llama (Touvron et al. 2023): softmax attention with rotary positions and grouped queries, gated MLP, RMS norms.
#pragma once

#include <rondo/mixer/attention.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using LlamaBlock = Block<RmsNorm, AttentionMixer<Rotary>, GatedMlp<Silu>>;
using LlamaBiasedBlock = Block<RmsNorm, AttentionMixer<Rotary, Bias::yes>, GatedMlp<Silu>>;

using Llama = LanguageModel<LlamaBlock>;
using LlamaTied = LanguageModel<LlamaBlock, RmsNorm, TiedHead<>>;
using LlamaBiased = LanguageModel<LlamaBiasedBlock>;
using LlamaBiasedTied = LanguageModel<LlamaBiasedBlock, RmsNorm, TiedHead<>>;

}  // namespace rondo
