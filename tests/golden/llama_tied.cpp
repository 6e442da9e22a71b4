// Llama with biases and a tied head against transformers.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_llama_tied, *needs_shared("fixtures/llama_tied"))

BOOST_AUTO_TEST_CASE(biased_and_tied_reference) {
  agrees_in_double<LlamaBiasedTied>("llama_tied");
}
BOOST_AUTO_TEST_CASE(biased_and_tied_cpu) {
  agrees_in_float<Cpu, LlamaBiasedTied>("llama_tied");
}

BOOST_AUTO_TEST_SUITE_END()
