// The laws for stacks of several types of blocks, and of blocks that save nothing: a checkpointed block equals the plain one.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/either.hpp>
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

BOOST_AUTO_TEST_CASE(blocks_of_a_second_type_are_where_the_shape_says) {
  using Placed = Either<Attentive, Recurrent>;
  Shape placed = shape;
  placed.second_blocks = {1, 2};
  const auto types = [](const Shape& given) {
    std::string text;
    each_leaf_of(WeightRecords{}, Stack<Placed>{given}, [&](const Path& path, const Leaf& leaf) {
      if (leaf.name == "weight" && path.text().ends_with(".key.weight")) text += "a";
      if (leaf.name == "weight" && path.text().ends_with(".forget.weight")) text += "r";
    });
    return text;
  };
  BOOST_TEST(types(shape) == "aaaa");
  BOOST_TEST(types(placed) == "arra");
  placed.second_blocks = BlockSet::all(4);
  BOOST_TEST(types(placed) == "rrrr");
  placed.second_blocks = {1, 4};
  BOOST_CHECK_THROW(Placed::check(placed), Error);

  const auto turned = [](const Shape& given) { return subject(Stack<Pattern<Attentive, Recurrent>>{given}, given.width, given.width); };
  const auto listed = [](const Shape& given) { return subject(Stack<Placed>{given}, given.width, given.width); };
  placed.second_blocks = {1, 3};
  placed.context = 16;
  const Batch batch = packed({5, 0, 4}, 3, 1, 2);
  expect_none(equal_passes<Reference<double>>(turned(placed), listed(placed), batch, same_bits), "Either as a Pattern");
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
