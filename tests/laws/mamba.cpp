// The laws for Mamba's mixer.
#include "every_back_end.hpp"

#include <rondo/mixer/mamba.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(mamba)

BOOST_AUTO_TEST_CASE(sizes_that_follow) {
  expect_laws("MambaMixer", [](const Shape& shape) { return subject<MambaMixer>(shape); }, {.width = 10, .depth = 2});
}
BOOST_AUTO_TEST_CASE(sizes_given) {
  expect_laws("MambaMixer, narrow", [](const Shape& shape) { return subject<MambaMixer>(shape, 1); },
              {.width = 7, .depth = 2, .inner_width = 9, .state_size = 3, .step_rank = 2, .convolution = 3});
}

BOOST_AUTO_TEST_CASE(other_biases) {
  expect_laws("MambaMixer, biased projections, no bias in the convolution",
              [](const Shape& shape) { return subject<MambaMixer>(shape, 1); },
              {.width = 7, .depth = 2, .inner_width = 9, .state_size = 3, .step_rank = 2, .projection_bias = true,
               .convolution_bias = false});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
