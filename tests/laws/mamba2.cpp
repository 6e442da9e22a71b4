// The laws for Mamba-2's mixer.
#include "every_back_end.hpp"

#include <rondo/mixer/mamba2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(mamba2)

BOOST_AUTO_TEST_CASE(one_group) {
  expect_laws("Mamba2Mixer", [](const Shape& shape) { return subject<Mamba2Mixer>(shape); },
              {.width = 6, .depth = 2, .heads = 3, .state_size = 5});
}
BOOST_AUTO_TEST_CASE(two_groups) {
  expect_laws("Mamba2Mixer of two groups, other biases, bounded steps",
              [](const Shape& shape) { return subject<Mamba2Mixer>(shape, 1); },
              {.width = 5, .depth = 2, .heads = 4, .groups = 2, .inner_width = 12, .state_size = 3, .convolution = 3,
               .projection_bias = true, .convolution_bias = false, .step_low = 0.4, .step_high = 1.2});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
