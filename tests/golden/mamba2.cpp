// Mamba-2 against transformers: two groups, over several chunks.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_mamba2, *needs_shared("fixtures/mamba2"))

BOOST_AUTO_TEST_CASE(two_groups_reference) {
  agrees_in_double<Mamba2>("mamba2");
}
BOOST_AUTO_TEST_CASE(two_groups_cpu) {
  agrees_in_float<Cpu, Mamba2>("mamba2");
}

BOOST_AUTO_TEST_SUITE_END()
