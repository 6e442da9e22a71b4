// Shapes: sizes that follow from others, and messages about impossible ones.
#include <rondo/core/shape.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

#include <rondo/combinator/pattern.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/gla.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Model = LanguageModel<Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, GatedMlp<Silu>>>;
using Attentive = LanguageModel<Block<RmsNorm, AttentionMixer<>, GatedMlp<Silu>>>;
using Tied = LanguageModel<Block<RmsNorm, Hgrn2Mixer<SigmoidForget>, NoMlp>, RmsNorm, TiedHead<>>;
using Diagonals = LanguageModel<Block<RmsNorm, Hgrn1Mixer<SigmoidForget>, NoMlp>>;
using Linears = LanguageModel<Block<RmsNorm, GlaMixer<>, NoMlp>>;
using Hybrid = LanguageModel<Pattern<Diagonals::Block, Diagonals::Block, Attentive::Block>>;

template <class M>
std::string complaint(const Shape& shape) {
  try {
    static_cast<void>(checked<M>(shape));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

BOOST_AUTO_TEST_SUITE(shape)

constexpr Shape possible{.vocabulary = 11, .width = 12, .depth = 2, .heads = 3};

BOOST_AUTO_TEST_CASE(a_possible_shape_is_found_possible_at_compile_time) {
  constexpr Shape same = checked<Model>(possible);
  static_assert(same == possible);
  static_assert(checked<Tied>(possible).embedding() == 12);
}

BOOST_AUTO_TEST_CASE(sizes_follow_from_others) {
  static_assert(possible.head_key_width() == 4 && possible.head_value_width() == 4 && possible.key_value_head_count() == 3);
  static_assert(Shape{.width = 512}.mlp() == 1536 && Shape{.width = 256}.mlp() == 768 && Shape{.width = 96}.mlp() == 256);
  static_assert(Shape{.width = 512, .mlp_width = 100}.mlp() == 100);
  static_assert(Shape{.width = 12, .heads = 3, .key_value_heads = 1, .key_width = 8}.head_key_width() == 8);
  BOOST_TEST((Shape{.width = 12, .embedding_width = 5}.embedding() == 5));
  static_assert(Shape{.width = 12}.inner() == 24 && Shape{.width = 12, .inner_width = 36}.inner() == 36);
  static_assert(Shape{.width = 12}.state(16) == 16 && Shape{.width = 12, .state_size = 8}.state(16) == 8);
  static_assert(Shape{.width = 32}.rank() == 2 && Shape{.width = 33}.rank() == 3 && Shape{.width = 32, .step_rank = 5}.rank() == 5);
}

BOOST_AUTO_TEST_CASE(sets_of_blocks) {
  constexpr BlockSet some{7, 3, 127, 5, 3};
  static_assert(some.contains(3) && some.contains(127) && !some.contains(4) && !some.contains(-1) && !some.contains(128));
  static_assert(some.end() == 128 && BlockSet{}.end() == 0 && BlockSet{0}.end() == 1 && BlockSet{63}.end() == 64);
  static_assert(BlockSet{}.empty() && !some.empty() && BlockSet::all(2) == BlockSet{1, 0} && Shape{}.second_blocks.empty());
  BOOST_TEST(some.text() == "3,5,7,127");
  BOOST_TEST(BlockSet{}.text() == "");
  BOOST_CHECK_THROW(BlockSet{128}, Error);
  BOOST_CHECK_THROW(BlockSet{-1}, Error);
}

BOOST_AUTO_TEST_CASE(an_impossible_shape_is_refused_with_both_numbers) {
  const auto with = [](auto change) {
    Shape shape = possible;
    change(shape);
    return shape;
  };
  BOOST_TEST(complaint<Model>(possible) == "");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.vocabulary = 0; })) == "shape: vocabulary must be positive, found 0");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.depth = -1; })) == "shape: depth must be positive, found -1");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.context = 0; })) == "shape: context must be positive, found 0");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.dropout = 1; })) == "shape: dropout must be in [0, 1), found 1");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.window = -2; })) == "shape: window must not be negative, found -2");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.inner_width = -2; })) == "shape: inner_width must not be negative, found -2");
  constexpr Index huge = Index{1} << 62;
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.context = huge; })) == "shape: context must be at most 2147483647, found 4611686018427387904");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.depth = 100001; })) == "shape: depth must be at most 100000, found 100001");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.width = largest_size / 6 * 6; })) ==
             "shape: mlp_width must be at most 2147483647, found 5726623232");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.key_width = largest_size; })) ==
             "shape: heads times key_width must be at most 2147483647, found 6442450941");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.groups = s.state_size = 50000; })) ==
             "shape: groups times state_size must be at most 2147483647, found 2500000000");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.heads = 5; })) == "shape: width 12 is not a multiple of heads 5");
  BOOST_TEST(complaint<Model>(with([](Shape& s) { s.key_value_heads = 1; })) ==
             "shape: HGRN2 has as many key as query heads, found 1 for 3");
  BOOST_TEST(complaint<Attentive>(with([](Shape& s) { s.key_value_heads = 2; })) ==
             "shape: heads 3 is not a multiple of key_value_heads 2");
  BOOST_TEST(complaint<Attentive>(with([](Shape& s) { s.key_width = 5; })) ==
             "shape: rotary positions need an even head width, found 5");
  BOOST_TEST(complaint<Tied>(with([](Shape& s) { s.embedding_width = 6; })) ==
             "shape: a tied head needs an embedding as wide as the model, found 6 and 12");
  BOOST_TEST(complaint<Diagonals>(with([](Shape& s) { s.heads = 5; })) == "shape: width 12 is not a multiple of heads 5");
  BOOST_TEST(complaint<Diagonals>(with([](Shape& s) { s.heads = 5, s.key_width = 4; })) == "");
  BOOST_TEST(complaint<Linears>(possible) == "");
  BOOST_TEST(complaint<Linears>(with([](Shape& s) { s.heads = 8; })) == "shape: width 12 is not a multiple of heads 8");
  BOOST_TEST(complaint<Linears>(with([](Shape& s) { s.heads = 4; })) ==
             "shape: GLA's keys are half as wide as its heads: width 12 is not a multiple of 2 heads 4; give key_width");
  BOOST_TEST(complaint<Linears>(with([](Shape& s) { s.heads = 4, s.key_width = 2; })) == "");
  BOOST_TEST(complaint<Linears>(with([](Shape& s) { s.key_value_heads = 1; })) ==
             "shape: GLA has as many key as query heads, found 1 for 3");
  BOOST_TEST(complaint<Hybrid>(possible) == "shape: a pattern of 3 blocks does not fit into depth 2");
  BOOST_TEST(complaint<Hybrid>(with([](Shape& s) { s.depth = 3, s.heads = 4; })) ==
             "shape: rotary positions need an even head width, found 3");
  BOOST_CHECK_THROW(Model{Shape{}}, Error);
}

// Each size alone is possible.
BOOST_AUTO_TEST_CASE(what_no_memory_holds_is_refused) {
  const auto refusal = [](const Shape& shape) -> std::string {
    try {
      Model model{shape};
    } catch (const Error& problem) {
      return problem.what();
    }
    return "none";
  };
  BOOST_TEST(refusal(possible) == "none");
  Shape wide = possible;
  wide.width = 600000000, wide.mlp_width = 1;
  BOOST_TEST(refusal(wide) == "sizes of 600000000 x 600000000: more numbers than any memory holds");
  Shape deep = possible;
  deep.depth = Shape::largest_depth, deep.width = 3000000, deep.mlp_width = 1;
  BOOST_TEST(refusal(deep).find("more numbers than any memory holds") != std::string::npos);
  Shape far = possible;
  far.width = 4000000, far.heads = 1, far.context = largest_size;
  BOOST_CHECK_THROW((Attentive{far}), Error);
  BOOST_CHECK_THROW(count_of(Index{-1}, Index{2}), Error);
  BOOST_CHECK_THROW(count_of(largest_count, Index{2}), Error);
  BOOST_CHECK_THROW(count_of(Index{1} << 62, Index{0}, Index{1} << 62), Error);
  BOOST_CHECK_THROW(total_of(largest_count, 1), Error);
  static_assert(count_of(Index{1} << 26, Index{1} << 26) == largest_count && count_of(Index{0}, largest_count) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo
