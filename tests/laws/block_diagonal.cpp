// The laws for block-diagonal linear maps, with blocks that are a product each and with small ones, and for exact GELU.
#include "every_back_end.hpp"

#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/mlp.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(block_diagonal)

BOOST_AUTO_TEST_CASE(small_blocks) {
  for (const Index out : {12, 20})
    expect_laws("BlockLinear, blocks of 3", [&](const Shape& shape) {
      return subject(BlockLinear<Bias::yes>{4, shape.width, out}, shape.width, out);
    }, {.width = 12});
  expect_laws("BlockLinear, blocks of 4",
              [](const Shape& shape) { return subject(BlockLinear<>{10, shape.width, 40}, shape.width, 40); }, {.width = 40});
}
BOOST_AUTO_TEST_CASE(large_blocks) {
  expect_laws("BlockLinear, blocks of 17",
              [](const Shape& shape) { return subject(BlockLinear<>{2, shape.width, 34}, shape.width, 34); }, {.width = 34});
}
BOOST_AUTO_TEST_CASE(exact_gelu) {
  expect_laws("GatedMlp<Gelu>", [](const Shape& shape) { return subject<GatedMlp<Gelu>>(shape); }, {.width = 6, .mlp_width = 10});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
