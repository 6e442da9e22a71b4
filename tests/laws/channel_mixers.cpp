// The laws for channel mixers and the short convolution.
#include "every_back_end.hpp"

#include <rondo/layer/mlp.hpp>
#include <rondo/layer/short_convolution.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(channel_mixers)

BOOST_AUTO_TEST_CASE(gated_mlp) {
  expect_laws("GatedMlp<Silu>", [](const Shape& shape) { return subject<GatedMlp<Silu>>(shape); },
              {.width = 12, .mlp_width = 19});
  expect_laws("GatedMlp<Silu> with biases", [](const Shape& shape) { return subject<GatedMlp<Silu>>(shape); },
              {.width = 9, .mlp_width = 21, .mlp_bias = true});
}
BOOST_AUTO_TEST_CASE(mlp) {
  expect_laws("Mlp<GeluTanh, bias>", [](const Shape& shape) { return subject<Mlp<GeluTanh, Bias::yes>>(shape); },
              {.width = 7, .mlp_width = 24});
  expect_laws("Mlp<SquaredRelu>", [](const Shape& shape) { return subject<Mlp<SquaredRelu>>(shape); }, {.width = 7, .mlp_width = 24});
}
BOOST_AUTO_TEST_CASE(short_convolution) {
  for (const Index taps : {1, 2, 4})
    expect_laws("ShortConvolution",
                [](const Shape& shape) {
                  return subject(ShortConvolution<>{shape, shape.width}, shape.width, shape.width);
                },
                {.width = 13, .convolution = taps});
}
BOOST_AUTO_TEST_CASE(short_convolution_with_a_chosen_bias) {
  for (const bool biased : {false, true})
    expect_laws("ShortConvolution<Bias::chosen>",
                [&](const Shape& shape) {
                  const ShortConvolution<Bias::chosen> convolution{shape, shape.width, normal(0.02), zeros(), biased};
                  return subject(convolution, shape.width, shape.width);
                },
                {.width = 9});
}
BOOST_AUTO_TEST_CASE(short_convolution_with_bias) {
  expect_laws("ShortConvolution<Bias::yes>",
              [](const Shape& shape) {
                return subject(ShortConvolution<Bias::yes>{shape, shape.width}, shape.width, shape.width);
              },
              {.width = 9});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
