// LSTM language model (Hochreiter and Schmidhuber 1997; torch.nn.LSTM's conventions): stacked cells without residuals or norms.
#pragma once

#include <rondo/mixer/cell.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using LstmBlock = PlainBlock<CellMixer<LstmCell>>;

using Lstm = LanguageModel<LstmBlock, NoNorm, Head<Bias::yes>, TorchDefault>;
using LstmTied = LanguageModel<LstmBlock, NoNorm, TiedHead<Bias::yes>, TorchDefault>;

}  // namespace rondo
