// HGRN1 and HGRN2 on the emulated back-end against what other implementations compute.
#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/model/checkpoint/hgrn1.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_emulated_linear, *needs_shared("fixtures/hgrn2"))

BOOST_AUTO_TEST_CASE(hgrn1) { agrees_in_float<Emulated<float>, Hgrn1>("hgrn"); }
BOOST_AUTO_TEST_CASE(hgrn2) { agrees_in_float<Emulated<float>, Hgrn2>("hgrn2"); }

BOOST_AUTO_TEST_SUITE_END()
