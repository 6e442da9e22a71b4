// lstm: trains, evaluates and runs language models of this architecture. Try `lstm --help`.
// New models have residuals (rondo/model/architecture/lstm.hpp says why); one of torch.nn.LSTM's form is
//   lstm train --set 'composition=LanguageModel<PlainBlock<CellMixer<LstmCell>>,NoNorm,Head<1>>' --set shape.depth=2 ...
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/lstm.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::ResidualLstm, rondo::Lstm, rondo::LstmTied>(argc, argv);
}
