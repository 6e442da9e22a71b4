// Twenty steps of students and their teachers against the references' own.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/io/json.hpp>

#include "golden/distillation_curves.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_CASE(distillation_curves, *needs_shared("golden/distillation")) {
  BOOST_TEST(recorded_curves() > 0);
  BOOST_TEST(expect_curves<Hgrn2>() + expect_curves<Llama>() == recorded_curves(), "a student of another composition");
}
