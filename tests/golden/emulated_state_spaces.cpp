// Mamba and Mamba-2 on the emulated back-end against what other implementations compute.
#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/model/checkpoint/mamba.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_emulated_state_spaces, *needs_shared("fixtures/mamba"))

BOOST_AUTO_TEST_CASE(mamba) { agrees_in_float<Emulated<float>, Mamba>("mamba"); }
BOOST_AUTO_TEST_CASE(long_mamba) { agrees_in_float<Emulated<float>, MambaUntied>("mamba_long"); }
BOOST_AUTO_TEST_CASE(mamba2) { agrees_in_float<Emulated<float>, Mamba2>("mamba2"); }

BOOST_AUTO_TEST_SUITE_END()
