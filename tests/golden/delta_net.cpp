// DeltaNet, Gated DeltaNet and Kimi delta attention against flash-linear-attention.
#include <rondo/model/checkpoint/delta_net.hpp>

#include "golden/every_folder.hpp"

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(golden_delta_net, *needs_shared("golden/newer"))

BOOST_AUTO_TEST_CASE(delta_net) { agrees_with_every_folder<DeltaNet, DeltaNetGatedTurning>("delta_net"); }
BOOST_AUTO_TEST_CASE(gated_delta_net) {
  agrees_with_every_folder<GatedDeltaNet, GatedDeltaNetTied, GatedDeltaNetPlainTurning>("gated_deltanet");
}
BOOST_AUTO_TEST_CASE(kimi_delta_attention) { agrees_with_every_folder<Kda, KdaBounded>("kda"); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
