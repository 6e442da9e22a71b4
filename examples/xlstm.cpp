// xlstm: trains, evaluates and runs language models of this architecture. Try `xlstm --help`.
// Published models of xLSTM-large cap their gates and logits: --set shape.gate_soft_cap=15 --set shape.logit_soft_cap=30
// The small xLSTM, with blocks of sLSTM where --set shape.second_blocks=1,3 says so and blocks of mLSTM elsewhere, has the composition
//   LanguageModel<Either<Block<OffsetLayerNorm,MlstmMixer<0>,NoMlp>,Block<OffsetLayerNorm,SlstmMixer,GatedMlp<Gelu>>>,
//   OffsetLayerNorm,Head<0>>          (in one piece after --set composition=)
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::XlstmLarge, rondo::XlstmLargeTied, rondo::Xlstm, rondo::XlstmTied, rondo::XlstmBiased>(argc, argv);
}
