// Mamba against transformers: tied, and untied with fewer states and a given rank over several chunks.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/mamba.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_mamba, *needs_shared("fixtures/mamba"))

BOOST_AUTO_TEST_CASE(tied_head_reference) {
  agrees_in_double<Mamba>("mamba");
}
BOOST_AUTO_TEST_CASE(tied_head_cpu) {
  agrees_in_float<Cpu, Mamba>("mamba");
}

BOOST_AUTO_TEST_CASE(own_head_reference) {
  agrees_in_double<MambaUntied>("mamba_long");
}
BOOST_AUTO_TEST_CASE(own_head_cpu) {
  agrees_in_float<Cpu, MambaUntied>("mamba_long");
}

BOOST_AUTO_TEST_SUITE_END()
