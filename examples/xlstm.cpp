// xlstm: trains, evaluates and runs language models of this architecture. Try `xlstm --help`.
// Published models of xLSTM-large cap their gates and logits: --set shape.gate_soft_cap=15 --set shape.logit_soft_cap=30
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::XlstmLarge, rondo::XlstmLargeTied>(argc, argv);
}
