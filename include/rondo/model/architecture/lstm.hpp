// LSTM language models.
//
//   Lstm           stacked cells without residuals or norms (Hochreiter and Schmidhuber 1997; torch.nn.LSTM's conventions)
//   ResidualLstm   the cell as the mixer of a pre-norm block, x + cell(norm(x)), x + mlp(norm(x)), with the start of HGRN2 and Llama:
//                  an ablation of one template argument against them
//
// Which to train: a plain stack first learns what does not depend on the token, and its cells saturate on the way - all outputs
// near one constant vector, hardly any gradient to the layers below - so that each layer above two holds it up for hundreds of
// steps, whatever its initial weights. The residual stream carries the token past the cells, and depth does no harm.
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
