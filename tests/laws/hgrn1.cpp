// The laws for HGRN1's mixer: with lower bounds, widened, convolved, without bounds.
#include "every_back_end.hpp"

#include <rondo/mixer/hgrn1.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(hgrn1_mixer)

BOOST_AUTO_TEST_CASE(lower_bounded) {
  for (const Index block : {0, 2})
    expect_laws("Hgrn1Mixer<LowerBoundedForget>",
                [&](const Shape& shape) { return subject<Hgrn1Mixer<LowerBoundedForget>>(shape, block); },
                {.width = 19, .depth = 3});
  expect_laws("Hgrn1Mixer<LowerBoundedForget>, wide state",
              [&](const Shape& shape) { return subject<Hgrn1Mixer<LowerBoundedForget>>(shape, 1); },
              {.width = 10, .depth = 2, .heads = 2, .key_width = 12});
}
BOOST_AUTO_TEST_CASE(convolved_without_bounds) {
  expect_laws("Hgrn1Mixer<SigmoidForget, ConvolvedProjection>",
              [](const Shape& shape) { return subject<Hgrn1Mixer<SigmoidForget, ConvolvedProjection>>(shape); },
              {.width = 12, .depth = 2, .heads = 2});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
