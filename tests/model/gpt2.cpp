// How GPT-2 and OPT start, how large the published ones are, and which shapes they refuse.
#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/equal_parameters.hpp>

#include <boost/test/unit_test.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

const Shape published{.width = 768, .depth = 12, .heads = 12, .mlp_width = 3072, .norm_epsilon = 1e-5};

Shape with(Index vocabulary, Index context) {
  Shape shape = published;
  shape.vocabulary = vocabulary, shape.context = context;
  return shape;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gpt2)

BOOST_AUTO_TEST_CASE(published_sizes) {
  BOOST_TEST(parameter_count<Gpt2>(with(50257, 1024)) == 124439808);
  BOOST_TEST(parameter_count<Opt>(with(50272, 2048)) == 125239296);
}

BOOST_AUTO_TEST_CASE(outputs_of_residual_branches_start_scaled_by_depth) {
  std::size_t scaled = 0;
  for (const auto& [path, leaf] : named_leaves(WeightRecords{}, Gpt2Untied{with(100, 64)})) {
    const bool output = path.ends_with("mixer.output.weight") || path.ends_with("channel.down.weight");
    scaled += output ? 1 : 0;
    if (leaf.dimensions.rank() > 1) {
      BOOST_TEST((leaf.initial.kind == Initial::Kind::normal), path);
      BOOST_TEST(leaf.initial.value == (output ? 0.02 / std::sqrt(24.0) : 0.02), path);
      BOOST_TEST((leaf.decay == Decay::yes), path);
    } else {
      BOOST_TEST((leaf.initial.kind == Initial::Kind::constant), path);
      BOOST_TEST(leaf.initial.value == (path.ends_with("norm.weight") ? 1.0 : 0.0), path);
      BOOST_TEST((leaf.decay == Decay::no), path);
    }
  }
  BOOST_TEST(scaled == 24U);
  for (const auto& [path, leaf] : named_leaves(WeightRecords{}, Opt{with(100, 64)}))
    if (leaf.dimensions.rank() > 1) BOOST_TEST(leaf.initial.value == 0.02, path);
}

BOOST_AUTO_TEST_CASE(impossible_shapes_are_refused) {
  Shape shape = with(100, 64);
  shape.heads = 7;
  BOOST_TEST(message_of([&] { Gpt2{shape}; }) == "shape: width 768 is not a multiple of heads 7");
  shape.heads = 12, shape.context = 0;
  BOOST_TEST(message_of([&] { Gpt2{shape}; }) == "shape: context must be positive, found 0");
  shape.context = 64, shape.embedding_width = 512;
  BOOST_TEST(message_of([&] { Opt{shape}; }) == "shape: a tied head needs an embedding as wide as the model, found 512 and 768");
  BOOST_TEST(message_of([&] { OptUntied{shape}; }) == "shape: the first block reads 768 channels, the embedding has 512");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
