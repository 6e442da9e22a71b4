// Mamba-3 (2026): state spaces whose keys turn, written by the trapezoid rule; one mixer a block, no MLP, no convolution.
//
//   Mamba3            softplus rates              Mamba3Normed       with a norm of each head before the gate
//   Mamba3HeavyTail   rates as state-spaces/mamba has them now
//   ...Tied           the head is the embedding
#pragma once

#include <rondo/mixer/mamba3.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

template <class Rate = SoftplusRate, class OutputNorm = NoNorm>
using Mamba3Block = Block<RmsNorm, Mamba3Mixer<Rate, OutputNorm>, NoMlp>;

using Mamba3 = LanguageModel<Mamba3Block<>>;
using Mamba3Tied = LanguageModel<Mamba3Block<>, RmsNorm, TiedHead<>>;
using Mamba3Normed = LanguageModel<Mamba3Block<SoftplusRate, RmsNorm>>;
using Mamba3HeavyTail = LanguageModel<Mamba3Block<HeavyTailRate>>;

}  // namespace rondo
