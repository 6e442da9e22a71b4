// hgrn2: trains, evaluates and runs language models of this architecture. Try `hgrn2 --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Hgrn2, rondo::Hgrn2Tied, rondo::Hgrn2Convolved, rondo::Hgrn2ConvolvedTied,
                          rondo::Hgrn2Unbounded>(argc, argv);
}
