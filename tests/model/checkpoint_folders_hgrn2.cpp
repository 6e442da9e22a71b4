// HGRN2 folders there and back.
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(hgrn2_folders, *needs_shared("fixtures/hgrn2"))

BOOST_AUTO_TEST_CASE(current_layout) {
  round_trip<Hgrn2>("hgrn2");
}
BOOST_AUTO_TEST_CASE(fused_mlp) {
  round_trip<Hgrn2>("hgrn2_fused_mlp");
}
BOOST_AUTO_TEST_CASE(convolved) {
  round_trip<Hgrn2Convolved>("hgrn2_conv");
}
BOOST_AUTO_TEST_CASE(tied_head) {
  round_trip<Hgrn2Tied>("hgrn2_tied");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
