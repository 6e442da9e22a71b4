// xlstm: trains, evaluates and runs language models of this architecture. Try `xlstm --help`.
//
// New models are the small xLSTM: mLSTM, and sLSTM in the blocks that shape.second_blocks names:
//
//   xlstm train --data train.tokens --out run --set shape.second_blocks=1,3
//
// xLSTM-large is --set 'composition=LanguageModel<Block<RmsNorm,XlstmLargeMixer,GatedMlp<Silu>>,RmsNorm,Head<0>>', published with
// --set shape.gate_soft_cap=15 --set shape.logit_soft_cap=30.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

int main(int argc, char** argv) {
  using namespace rondo;
  return app::main<Xlstm, XlstmTied, XlstmBiased, XlstmBiasedTied, XlstmLarge, XlstmLargeTied>(argc, argv);
}
