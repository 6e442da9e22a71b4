// HGRN2 with a tied head, over several chunks, against flash-linear-attention.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_hgrn2_tied, *needs_shared("fixtures/hgrn2_tied"))

BOOST_AUTO_TEST_CASE(tied_reference) {
  agrees_in_double<Hgrn2Tied>("hgrn2_tied");
}
BOOST_AUTO_TEST_CASE(tied_cpu) {
  agrees_in_float<Cpu, Hgrn2Tied>("hgrn2_tied");
}

BOOST_AUTO_TEST_SUITE_END()
