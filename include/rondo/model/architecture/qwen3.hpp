// Qwen3 (Yang et al. 2025): Llama with a norm of each head's queries and keys before the positions, and windows in some blocks.
#pragma once

#include <rondo/mixer/attention.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Qwen3Block = Block<RmsNorm, AttentionMixer<QueryKeyNorm<>>, GatedMlp<Silu>>;

using Qwen3 = LanguageModel<Qwen3Block>;
using Qwen3Tied = LanguageModel<Qwen3Block, RmsNorm, TiedHead<>>;

}  // namespace rondo
