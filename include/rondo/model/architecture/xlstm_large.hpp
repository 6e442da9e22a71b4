// xLSTM-large (Beck et al. 2025, "xLSTM 7B"): matrix memories in transformer-like blocks, without convolution.
//
// Published models cap gates at 15 and logits at 30: Shape::gate_soft_cap, Shape::logit_soft_cap.
#pragma once

#include <rondo/mixer/xlstm_large.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using XlstmLargeBlock = Block<RmsNorm, XlstmLargeMixer, ZeroGateStart<GatedMlp<Silu>>>;

using XlstmLarge = LanguageModel<XlstmLargeBlock, RmsNorm, Head<>, WidthNormal>;
using XlstmLargeTied = LanguageModel<XlstmLargeBlock, RmsNorm, TiedHead<>, WidthNormal>;

}  // namespace rondo
