// delta_net: trains, evaluates and runs language models of DeltaNet, Gated DeltaNet and Kimi delta attention. Try `delta_net --help`.
#include <rondo/app/main.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>

using namespace rondo;

int main(int argc, char** argv) {
  return app::main<GatedDeltaNet, GatedDeltaNetTied, GatedDeltaNetUngated, GatedDeltaNetTurning, GatedDeltaNetPlainTurning, DeltaNet,
                   DeltaNetTied, DeltaNetTurning, DeltaNetGated, DeltaNetGatedTurning, Kda, KdaTied, KdaBounded>(argc, argv);
}
