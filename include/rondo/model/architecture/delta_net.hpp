// DeltaNet (Yang et al. 2024), Gated DeltaNet (Yang et al. 2025) and Kimi delta attention (Kimi Team 2025): linear attention whose writes
// correct what is there, short convolutions, gated MLP, no positions.
//
//   DeltaNet        the state does not decay; no output gate         DeltaNetGated          with one
//   GatedDeltaNet   one decay a head, an output gate                 GatedDeltaNetUngated   without; ...Plain: without convolutions, too
//   Kda             one decay a channel, a low-rank output gate      KdaBounded             decays of at least exp(-5)
//   ...Turning      writes up to 2, so that the state may turn as well as fade
//   ...Tied         the head is the embedding
#pragma once

#include <rondo/mixer/delta.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

template <class Decay, class Output, class... Options>
using DeltaBlock = Block<RmsNorm, DeltaMixer<Decay, Output, Options...>, GatedMlp<Silu>>;

using DeltaNet = LanguageModel<DeltaBlock<NoDecay, HeadNormedOutput>>;
using DeltaNetTied = LanguageModel<DeltaBlock<NoDecay, HeadNormedOutput>, RmsNorm, TiedHead<>>;
using DeltaNetGated = LanguageModel<DeltaBlock<NoDecay, HeadGatedOutput>>;
using DeltaNetTurning = LanguageModel<DeltaBlock<NoDecay, HeadNormedOutput, ConvolvedProjection, DoubledSigmoid>>;
using DeltaNetGatedTurning = LanguageModel<DeltaBlock<NoDecay, HeadGatedOutput, ConvolvedProjection, DoubledSigmoid>>;

using GatedDeltaNet = LanguageModel<DeltaBlock<ScalarDecay, HeadGatedOutput>>;
using GatedDeltaNetTied = LanguageModel<DeltaBlock<ScalarDecay, HeadGatedOutput>, RmsNorm, TiedHead<>>;
using GatedDeltaNetUngated = LanguageModel<DeltaBlock<ScalarDecay, HeadNormedOutput>>;
using GatedDeltaNetTurning = LanguageModel<DeltaBlock<ScalarDecay, HeadGatedOutput, ConvolvedProjection, DoubledSigmoid>>;
using GatedDeltaNetPlainTurning = LanguageModel<DeltaBlock<ScalarDecay, HeadNormedOutput, Projection, DoubledSigmoid>>;

using Kda = LanguageModel<DeltaBlock<ChannelDecay<SoftplusStep>, LowRankGatedOutput>>;
using KdaTied = LanguageModel<DeltaBlock<ChannelDecay<SoftplusStep>, LowRankGatedOutput>, RmsNorm, TiedHead<>>;
using KdaBounded = LanguageModel<DeltaBlock<ChannelDecay<BoundedDecay<5>>, LowRankGatedOutput>>;

}  // namespace rondo
