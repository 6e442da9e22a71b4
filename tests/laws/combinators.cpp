// The laws for what combines layers: residuals, blocks and stacks, with dropout.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/stack.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/mixer/hgrn2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(combinators)

using MlpResidual = Residual<LayerNorm, GatedMlp<Silu>>;
using OneBlock = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, Mlp<GeluTanh>>;

BOOST_AUTO_TEST_CASE(residual) {
  expect_laws("Residual<LayerNorm, GatedMlp>", [](const Shape& shape) { return subject<MlpResidual>(shape, 1, Index{1}); },
              {.width = 9, .depth = 2, .mlp_width = 11, .dropout = 0.25});
}
BOOST_AUTO_TEST_CASE(stack) {
  for (const Index depth : {1, 3})
    expect_laws("Stack<Block<RmsNorm, Hgrn2Mixer, Mlp>>",
                [](const Shape& shape) { return subject(Stack<OneBlock>{shape}, shape.width, shape.width); },
                {.width = 8, .depth = depth, .heads = 2, .mlp_width = 11, .dropout = 0.25});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
