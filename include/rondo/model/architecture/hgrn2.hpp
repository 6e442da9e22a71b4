// HGRN2 (Qin et al. 2024): lower-bounded forget gates on an expanded state, gated MLP, no positions.
#pragma once

#include <rondo/mixer/hgrn2.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Hgrn2Block = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, GatedMlp<Silu>>;
using Hgrn2ConvolvedBlock = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>, GatedMlp<Silu>>;
using Hgrn2UnboundedBlock = Block<RmsNorm, Hgrn2Mixer<SigmoidForget>, GatedMlp<Silu>>;

using Hgrn2 = LanguageModel<Hgrn2Block>;
using Hgrn2Tied = LanguageModel<Hgrn2Block, RmsNorm, TiedHead<>>;
using Hgrn2Convolved = LanguageModel<Hgrn2ConvolvedBlock>;
using Hgrn2ConvolvedTied = LanguageModel<Hgrn2ConvolvedBlock, RmsNorm, TiedHead<>>;
using Hgrn2Unbounded = LanguageModel<Hgrn2UnboundedBlock>;

}  // namespace rondo
