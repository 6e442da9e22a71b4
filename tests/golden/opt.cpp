// OPT against transformers. The gradients of key biases are zero in theory: they are compared with a floor.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_opt, *needs_shared("fixtures/opt"))

BOOST_AUTO_TEST_CASE(opt_reference) {
  agrees_in_double<Opt>("opt");
}
BOOST_AUTO_TEST_CASE(opt_cpu) {
  agrees_in_float<Cpu, Opt>("opt");
}

BOOST_AUTO_TEST_SUITE_END()
