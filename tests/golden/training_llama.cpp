// Twenty AdamW steps of Llama against the reference's own.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "golden/training.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(training_llama, *needs_shared("fixtures/training/llama.safetensors"))

BOOST_AUTO_TEST_CASE(reference) {
  trains_alike_in_double<Llama>("llama");
}
BOOST_AUTO_TEST_CASE(cpu) {
  trains_alike_in_float<Cpu, Llama>("llama");
}

BOOST_AUTO_TEST_SUITE_END()
