// The small xLSTM (Beck et al. 2024, "xLSTM"): blocks of matrix memories (mLSTM) and, where Shape::second_blocks says so, of nonlinear
// cells with an MLP (sLSTM; none where Shape::second_mlp is false). Without any it is xLSTM[1:0]; BabyHGRN's has six sLSTM blocks among
// 48.
//
// Published models have Shape::norm_epsilon 1e-5 and MLPs 1.3 times as wide as the stream, rounded up to a multiple of 64.
#pragma once

#include <rondo/combinator/either.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/mixer/slstm.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

template <Bias bias = Bias::no>
using MlstmBlock = Block<OffsetLayerNorm, MlstmMixer<bias>, NoMlp>;
using SlstmBlock = Block<OffsetLayerNorm, SlstmMixer, OptionalMlp<SmallStart<GatedMlp<Gelu>>>>;

using Xlstm = LanguageModel<Either<MlstmBlock<>, SlstmBlock>, OffsetLayerNorm, Head<>, WidthNormal>;
using XlstmTied = LanguageModel<Either<MlstmBlock<>, SlstmBlock>, OffsetLayerNorm, TiedHead<>, WidthNormal>;
using XlstmBiased = LanguageModel<Either<MlstmBlock<Bias::yes>, SlstmBlock>, OffsetLayerNorm, Head<>, WidthNormal>;
using XlstmBiasedTied = LanguageModel<Either<MlstmBlock<Bias::yes>, SlstmBlock>, OffsetLayerNorm, TiedHead<>, WidthNormal>;

}  // namespace rondo
