// The laws for HGRN2's mixer with short convolutions and without lower bounds.
#include "every_back_end.hpp"

#include <rondo/mixer/hgrn2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(hgrn2_variants)

BOOST_AUTO_TEST_CASE(convolved) {
  expect_laws("Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>",
              [](const Shape& shape) { return subject<Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>>(shape, 1); },
              {.width = 10, .depth = 2, .heads = 2});
}
BOOST_AUTO_TEST_CASE(sigmoid_forget) {
  expect_laws("Hgrn2Mixer<SigmoidForget>", [](const Shape& shape) { return subject<Hgrn2Mixer<SigmoidForget>>(shape); },
              {.width = 32, .depth = 2, .heads = 2});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
