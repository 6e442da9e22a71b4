// lstm: trains, evaluates and runs language models of this architecture. Try `lstm --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/lstm.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Lstm, rondo::LstmTied>(argc, argv);
}
