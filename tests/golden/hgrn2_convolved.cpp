// HGRN2 with short convolutions against flash-linear-attention.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_hgrn2_convolved, *needs_shared("fixtures/hgrn2_conv"))

BOOST_AUTO_TEST_CASE(convolved_reference) {
  agrees_in_double<Hgrn2Convolved>("hgrn2_conv");
}
BOOST_AUTO_TEST_CASE(convolved_cpu) {
  agrees_in_float<Cpu, Hgrn2Convolved>("hgrn2_conv");
}

BOOST_AUTO_TEST_SUITE_END()
