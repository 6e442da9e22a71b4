// What every_architecture() knows (rondo/app/every_architecture.hpp).
#pragma once

#include <rondo/app/every_architecture.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/mamba3.hpp>
#include <rondo/model/checkpoint/qwen3.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

namespace rondo::app {

template <class... Models>
std::vector<ServedModel> known_models() {
  return {serve<Models>()...};
}

RONDO_DEFINED_ONCE std::vector<ServedModel> every_architecture() {
  return known_models<Hgrn2, Hgrn2Tied, Hgrn2Convolved, Hgrn2ConvolvedTied, Hgrn2Unbounded, Hgrn1, Hgrn1Tied, Hgrn1Convolved,
                      Hgrn1ConvolvedTied, Hgrn1Unbounded, Llama, LlamaTied, LlamaBiased, LlamaBiasedTied, Qwen3, Qwen3Tied, Gpt2,
                      Gpt2Untied, Opt, OptUntied, ResidualLstm, Lstm, LstmTied, Mamba, MambaUntied, Mamba2, Mamba2Tied, Mamba3,
                      Mamba3Tied, Mamba3Normed, Mamba3HeavyTail, Xlstm, XlstmTied, XlstmBiased, XlstmBiasedTied, XlstmLarge,
                      XlstmLargeTied, DeltaNet, DeltaNetTied, DeltaNetTurning, DeltaNetGated, DeltaNetGatedTurning, GatedDeltaNet,
                      GatedDeltaNetTied, GatedDeltaNetUngated, GatedDeltaNetTurning, GatedDeltaNetPlainTurning, Kda, KdaTied,
                      KdaBounded>();
}

}  // namespace rondo::app
