// Llama with grouped queries against transformers; both spellings of the rotary base.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_llama, *needs_shared("fixtures/llama"))

BOOST_AUTO_TEST_CASE(grouped_queries_reference) {
  agrees_in_double<Llama>("llama");
}
BOOST_AUTO_TEST_CASE(grouped_queries_cpu) {
  agrees_in_float<Cpu, Llama>("llama");
}

BOOST_AUTO_TEST_CASE(rope_parameters_reference) {
  agrees_in_double<Llama>("llama_rope_parameters");
}
BOOST_AUTO_TEST_CASE(rope_parameters_cpu) {
  agrees_in_float<Cpu, Llama>("llama_rope_parameters");
}

BOOST_AUTO_TEST_SUITE_END()
