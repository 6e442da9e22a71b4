// HGRN2 against flash-linear-attention, in both layouts.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_hgrn2, *needs_shared("fixtures/hgrn2"))

BOOST_AUTO_TEST_CASE(current_layout_reference) {
  agrees_in_double<Hgrn2>("hgrn2");
}
BOOST_AUTO_TEST_CASE(current_layout_cpu) {
  agrees_in_float<Cpu, Hgrn2>("hgrn2");
}

BOOST_AUTO_TEST_CASE(fused_mlp_reference) {
  agrees_in_double<Hgrn2>("hgrn2_fused_mlp");
}
BOOST_AUTO_TEST_CASE(fused_mlp_cpu) {
  agrees_in_float<Cpu, Hgrn2>("hgrn2_fused_mlp");
}

BOOST_AUTO_TEST_SUITE_END()
