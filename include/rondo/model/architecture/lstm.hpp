// LSTM language models.
//
//   Lstm           stacked cells without residuals or norms (Hochreiter and Schmidhuber 1997; torch.nn.LSTM's conventions)
//   ResidualLstm   the cell as the mixer of a pre-norm block: x + cell(norm(x)), then x + mlp(norm(x)); one template argument
//                  away from HGRN2 and Llama, with their start
//
// Which to train: a plain stack learns the frequencies of tokens first, and faster through its cells than through the head's
// bias: they saturate at one constant vector and the layers below get hardly any gradient. Two layers recover soon, four take
// hundreds of steps; larger, orthogonal or forgetful initial weights help little. A residual stream brings tokens past the cells.
#pragma once

#include <rondo/mixer/cell.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using LstmBlock = PlainBlock<CellMixer<LstmCell>>;
using ResidualLstmBlock = Block<RmsNorm, CellMixer<LstmCell>, GatedMlp<Silu>>;

using Lstm = LanguageModel<LstmBlock, NoNorm, Head<Bias::yes>, TorchDefault>;
using LstmTied = LanguageModel<LstmBlock, NoNorm, TiedHead<Bias::yes>, TorchDefault>;
using ResidualLstm = LanguageModel<ResidualLstmBlock>;

}  // namespace rondo
