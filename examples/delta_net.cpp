// delta_net: trains, evaluates and runs language models of DeltaNet, Gated DeltaNet and Kimi delta attention. Try `delta_net --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>

int main(int argc, char** argv) {
  return rondo::app::main<rondo::GatedDeltaNet, rondo::GatedDeltaNetTied, rondo::DeltaNet, rondo::DeltaNetTied, rondo::DeltaNetGated,
                          rondo::Kda, rondo::KdaTied, rondo::KdaBounded>(argc, argv);
}
