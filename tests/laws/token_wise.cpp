// The laws for layers that see one token at a time: linear maps and norms.
#include "every_back_end.hpp"

#include <rondo/layer/linear.hpp>
#include <rondo/layer/norm.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(token_wise)

BOOST_AUTO_TEST_CASE(linear) {
  for (const Index out : {1, 12, 37})
    expect_laws("Linear",
                [&](const Shape& shape) {
                  return subject(Linear<>{shape.width, out}, shape.width, out);
                },
                {.width = 12});
}
BOOST_AUTO_TEST_CASE(linear_with_bias) {
  expect_laws("Linear with bias",
              [](const Shape& shape) {
                return subject(Linear<Bias::yes>{shape.width, 9}, shape.width, 9);
              },
              {.width = 13});
}
BOOST_AUTO_TEST_CASE(rms_norm) {
  for (const Index groups : {1, 3})
    expect_laws("RmsNorm",
                [&](const Shape& shape) {
                  return subject(RmsNorm{shape.width, 1e-6, groups}, shape.width, shape.width);
                },
                {.width = 15});
}
BOOST_AUTO_TEST_CASE(rms_norm_without_weight) {
  for (const Index groups : {1, 3})
    expect_laws("UnweightedRmsNorm",
                [&](const Shape& shape) {
                  return subject(UnweightedRmsNorm{shape.width, 1e-6, groups}, shape.width, shape.width);
                },
                {.width = 15});
}
BOOST_AUTO_TEST_CASE(layer_norm) {
  for (const Index groups : {1, 3})
    expect_laws("LayerNorm",
                [&](const Shape& shape) {
                  return subject(LayerNorm{shape.width, 1e-5, groups}, shape.width, shape.width);
                },
                {.width = 15});
}
BOOST_AUTO_TEST_CASE(layer_norm_without_bias) {
  for (const Index groups : {1, 3}) {
    expect_laws("UnbiasedLayerNorm",
                [&](const Shape& shape) {
                  return subject(UnbiasedLayerNorm{shape.width, 1e-5, groups}, shape.width, shape.width);
                },
                {.width = 15});
    expect_laws("OffsetLayerNorm",
                [&](const Shape& shape) {
                  return subject(OffsetLayerNorm{shape.width, 1e-5, groups}, shape.width, shape.width);
                },
                {.width = 15});
  }
}
BOOST_AUTO_TEST_CASE(no_norm) {
  expect_laws("NoNorm",
              [](const Shape& shape) {
                return subject(NoNorm{shape.width, 0}, shape.width, shape.width);
              },
              {.width = 5});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
