// The laws for the mixers of the delta rule.
#include "every_back_end.hpp"

#include <rondo/mixer/delta.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(delta_mixers)

BOOST_AUTO_TEST_CASE(delta_net) {
  expect_laws("DeltaNet's mixer", [](const Shape& shape) { return subject<DeltaMixer<NoDecay, HeadNormedOutput>>(shape); },
              {.width = 6, .heads = 2});
}
BOOST_AUTO_TEST_CASE(gated_delta_net) {
  expect_laws("Gated DeltaNet's mixer", [](const Shape& shape) { return subject<DeltaMixer<ScalarDecay, HeadGatedOutput>>(shape, 1); },
              {.width = 5, .heads = 4, .key_value_heads = 2, .key_width = 3, .inner_width = 8, .convolution = 3});
}
BOOST_AUTO_TEST_CASE(without_convolutions_up_to_two) {
  expect_laws("DeltaMixer without convolutions, beta up to 2",
              [](const Shape& shape) {
                return subject<DeltaMixer<ScalarDecay, HeadNormedOutput, Projection, DoubledSigmoid>>(shape);
              },
              {.width = 6, .heads = 2, .inner_width = 10});
}

BOOST_AUTO_TEST_CASE(kimi_delta_attention) {
  expect_laws("KDA's mixer", [](const Shape& shape) { return subject<DeltaMixer<ChannelDecay<SoftplusStep>, LowRankGatedOutput>>(shape); },
              {.width = 5, .heads = 4, .key_value_heads = 2, .key_width = 3, .inner_width = 8, .convolution = 3});
  expect_laws("KDA's mixer with bounded decays",
              [](const Shape& shape) { return subject<DeltaMixer<ChannelDecay<BoundedDecay<5>>, LowRankGatedOutput, Projection>>(shape); },
              {.width = 6, .heads = 2});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
