#include <rondo/combinator/block.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/model/language_model.hpp>

#include "step.hpp"

namespace rondo::bench {

// The small xLSTM with mLSTM blocks alone.
using MlstmModel = LanguageModel<Block<OffsetLayerNorm, MlstmMixer<>, NoMlp>, OffsetLayerNorm, Head<>, WidthNormal>;

const Registered mlstm{"mlstm", time_step<MlstmModel>, [](const Size& size) { return size.shape(); }};

}  // namespace rondo::bench
