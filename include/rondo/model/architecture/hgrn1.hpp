// HGRN1 (Qin et al. 2023): lower-bounded forget gates on a state of one number a channel, gated output, gated MLP, no positions.
#pragma once

#include <rondo/mixer/hgrn1.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Hgrn1Block = Block<RmsNorm, Hgrn1Mixer<LowerBoundedForget>, GatedMlp<Silu>>;
using Hgrn1ConvolvedBlock = Block<RmsNorm, Hgrn1Mixer<LowerBoundedForget, ConvolvedProjection>, GatedMlp<Silu>>;
using Hgrn1UnboundedBlock = Block<RmsNorm, Hgrn1Mixer<SigmoidForget>, GatedMlp<Silu>>;

using Hgrn1 = LanguageModel<Hgrn1Block>;
using Hgrn1Tied = LanguageModel<Hgrn1Block, RmsNorm, TiedHead<>>;
using Hgrn1Convolved = LanguageModel<Hgrn1ConvolvedBlock>;
using Hgrn1ConvolvedTied = LanguageModel<Hgrn1ConvolvedBlock, RmsNorm, TiedHead<>>;
using Hgrn1Unbounded = LanguageModel<Hgrn1UnboundedBlock>;

}  // namespace rondo
