// HGRN1 folders there and back.
#include <rondo/model/checkpoint/hgrn1.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(hgrn1_folders, *needs_shared("fixtures/hgrn"))

BOOST_AUTO_TEST_CASE(own_head) {
  round_trip<Hgrn1>("hgrn");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
