// The laws for HGRN2's mixer.
#include "every_back_end.hpp"

#include <rondo/mixer/hgrn2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(hgrn2_mixer)

BOOST_AUTO_TEST_CASE(lower_bounded) {
  for (const Index block : {0, 2})
    expect_laws("Hgrn2Mixer<LowerBoundedForget>",
                [&](const Shape& shape) { return subject<Hgrn2Mixer<LowerBoundedForget>>(shape, block); },
                {.width = 12, .depth = 3, .heads = 2});
  expect_laws("Hgrn2Mixer<LowerBoundedForget>, wide keys",
              [&](const Shape& shape) { return subject<Hgrn2Mixer<LowerBoundedForget>>(shape, 1); },
              {.width = 15, .depth = 2, .heads = 3, .key_width = 8});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
