// GPT-2 against transformers. The gradient of its key biases is zero in theory; they are a part of a tensor that is compared as one.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_gpt2, *needs_shared("fixtures/gpt2"))

BOOST_AUTO_TEST_CASE(gpt2_reference) {
  agrees_in_double<Gpt2>("gpt2");
}
BOOST_AUTO_TEST_CASE(gpt2_cpu) {
  agrees_in_float<Cpu, Gpt2>("gpt2");
}

BOOST_AUTO_TEST_SUITE_END()
