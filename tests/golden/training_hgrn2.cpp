// Twenty AdamW steps of HGRN2 against the reference's own.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/training.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(training_hgrn2, *needs_shared("fixtures/training/hgrn2.safetensors"))

BOOST_AUTO_TEST_CASE(reference) {
  trains_alike_in_double<Hgrn2>("hgrn2");
}
BOOST_AUTO_TEST_CASE(cpu) {
  trains_alike_in_float<Cpu, Hgrn2>("hgrn2");
}

BOOST_AUTO_TEST_SUITE_END()
