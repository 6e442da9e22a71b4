// HGRN1 against flash-linear-attention.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_hgrn1, *needs_shared("fixtures/hgrn"))

BOOST_AUTO_TEST_CASE(reference) {
  agrees_in_double<Hgrn1>("hgrn");
}
BOOST_AUTO_TEST_CASE(cpu) {
  agrees_in_float<Cpu, Hgrn1>("hgrn");
}

BOOST_AUTO_TEST_SUITE_END()
