// Layers and channel mixers on the emulated back-end.
#include "emulated.hpp"

#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/short_convolution.hpp>

namespace rondo::testing {

static_assert(Backend<Emulated<float>>);
static_assert(Backend<Emulated<bf16>>);

BOOST_AUTO_TEST_SUITE(emulated_layers)

BOOST_AUTO_TEST_CASE(products) {
  expect_emulated_laws("Linear", subject(Linear<Bias::yes>{8, 9}, 8, 9));
  expect_emulated_laws("BlockLinear", subject(BlockLinear<Bias::yes>{2, 8, 8}, 8, 8));
}
BOOST_AUTO_TEST_CASE(norms) {
  expect_emulated_laws("RmsNorm", subject(RmsNorm{9, 1e-6}, 9, 9));
  expect_emulated_laws("RmsNorm of groups", subject(RmsNorm{8, 1e-6, 2}, 8, 8));
  expect_emulated_laws("RmsNorm, wide", subject(RmsNorm{140, 1e-6}, 140, 140));
  expect_emulated_laws("LayerNorm", subject(LayerNorm{9, 1e-5}, 9, 9));
}
BOOST_AUTO_TEST_CASE(short_convolution) {
  const Shape shape{.width = 6, .convolution = 4};
  expect_emulated_laws("ShortConvolution", subject(ShortConvolution<Bias::yes>{shape, shape.width}, shape.width, shape.width));
}
BOOST_AUTO_TEST_CASE(channel_mixers) {
  const Shape shape{.width = 8, .mlp_width = 12};
  expect_emulated_laws("GatedMlp<Silu>", subject<GatedMlp<Silu>>(shape));
  expect_emulated_laws("Mlp<GeluTanh>", subject<Mlp<GeluTanh>>(shape));
  expect_emulated_laws("Mlp<Relu>", subject<Mlp<Relu>>(shape));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
