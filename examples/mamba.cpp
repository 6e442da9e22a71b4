// mamba: trains, evaluates and runs language models of Mamba, Mamba-2 and Mamba-3. Try `mamba --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/mamba3.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Mamba, rondo::MambaUntied, rondo::Mamba2, rondo::Mamba2Tied, rondo::Mamba3, rondo::Mamba3Tied,
                          rondo::Mamba3Normed, rondo::Mamba3HeavyTail>(argc, argv);
}
