// mamba: trains, evaluates and runs language models of this architecture. Try `mamba --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/mamba.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Mamba, rondo::MambaUntied>(argc, argv);
}
