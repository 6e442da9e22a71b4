// Mamba (Gu and Dao 2023): selective state spaces, one mixer a block and no MLP; the head is the embedding.
//
//   Mamba        tied, as published
//   MambaUntied  with a head of its own
#pragma once

#include <rondo/mixer/mamba.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using MambaBlock = Block<RmsNorm, MambaMixer, NoMlp>;

using Mamba = LanguageModel<MambaBlock, RmsNorm, TiedHead<>>;
using MambaUntied = LanguageModel<MambaBlock>;

}  // namespace rondo
