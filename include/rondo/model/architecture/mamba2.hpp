// Mamba-2 (Dao and Gu 2024): state spaces with one decay a head, one mixer a block and no MLP.
//
//   Mamba2        with a head of its own, as transformers has it
//   Mamba2Tied    the head is the embedding, as in the files of state-spaces/mamba
#pragma once

#include <rondo/mixer/mamba2.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Mamba2Block = Block<RmsNorm, Mamba2Mixer, NoMlp>;

using Mamba2 = LanguageModel<Mamba2Block>;
using Mamba2Tied = LanguageModel<Mamba2Block, RmsNorm, TiedHead<>>;

}  // namespace rondo
