// hgrn: trains, evaluates and runs language models of HGRN1's architecture. Try `hgrn --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::Hgrn1, rondo::Hgrn1Tied, rondo::Hgrn1Convolved, rondo::Hgrn1ConvolvedTied,
                          rondo::Hgrn1Unbounded>(argc, argv);
}
