// GLA (Yang et al. 2024): gated linear attention with a low-rank decay, gated output, gated MLP, no positions.
#pragma once

#include <rondo/mixer/gla.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using GlaBlock = Block<RmsNorm, GlaMixer<>, GatedMlp<Silu>>;

using Gla = LanguageModel<GlaBlock>;
using GlaTied = LanguageModel<GlaBlock, RmsNorm, TiedHead<>>;

}  // namespace rondo
