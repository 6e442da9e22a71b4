// The laws for stacks of several types of blocks, and of blocks that save nothing: a checkpointed block equals the plain one.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/combinator/stack.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/hgrn2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(pattern)

using Recurrent = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, NoMlp>;
using Attentive = Block<RmsNorm, AttentionMixer<>, NoMlp>;
using Plain = Pattern<Attentive, Recurrent, Recurrent>;

auto plain(const Shape& shape) {
  return subject(Stack<Plain>{shape}, shape.width, shape.width);
}
auto checkpointed(const Shape& shape) {
  return subject(Stack<Checkpointed<Plain>>{shape}, shape.width, shape.width);
}
constexpr Shape shape{.width = 8, .depth = 4, .heads = 2, .dropout = 0.25};

BOOST_AUTO_TEST_CASE(stack_of_a_pattern) {
  expect_laws("Stack<Pattern<Attentive, Recurrent, Recurrent>>", plain, shape);
}

BOOST_AUTO_TEST_CASE(checkpointed_equals_plain) {
  Shape far = shape;
  far.context = 144;
  const Mode training{.training = true, .key = key_of(Seed{3}, "step")};
  for (const Batch& batch : {packed({1}), packed({5, 0, 4}, 3, 1, 2), packed({65, 63}, 0, 0, 1)}) {
    expect_none(equal_passes<Reference<double>>(plain(far), checkpointed(far), batch, same_bits, training), "on Reference");
    expect_none(equal_passes<Cpu>(plain(far), checkpointed(far), batch, same_bits, training), "on Cpu");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
