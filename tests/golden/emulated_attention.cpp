// Llama and GPT-2 on the emulated back-end against what other implementations compute.
#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/model/checkpoint/gpt2.hpp>
#include <rondo/model/checkpoint/llama.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_emulated_attention, *needs_shared("fixtures/llama"))

BOOST_AUTO_TEST_CASE(llama) { agrees_in_float<Emulated<float>, Llama>("llama"); }
BOOST_AUTO_TEST_CASE(gpt2) { agrees_in_float<Emulated<float>, Gpt2>("gpt2"); }

BOOST_AUTO_TEST_SUITE_END()
