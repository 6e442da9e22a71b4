// mamba: trains, evaluates and runs language models of Mamba and Mamba-2. Try `mamba --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Mamba, rondo::MambaUntied, rondo::Mamba2, rondo::Mamba2Tied>(argc, argv);
}
