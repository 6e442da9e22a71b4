// The laws for softmax attention: grouped queries, windows, norms of queries and keys, gates, with and without rotary positions and
// biases.
#include "every_back_end.hpp"

#include <rondo/mixer/attention.hpp>

namespace rondo::testing {
namespace {

// What a mixer makes of seven tokens, the weights of one name multiplied by a number.
template <class Mixer>
std::vector<double> outputs_of(const Shape& shape, Index block, const std::string& name = "", double factor = 1) {
  const auto mixer = subject<Mixer>(shape, block);
  const Batch batch = packed({7});
  Inputs<double> in = prepare(mixer, batch);
  for (Tensor<double>& weight : in.weights)
    for (double& value : weight.values) value *= weight.name == name ? factor : 1;
  return run<Reference<double>>(mixer, batch, in).y.values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention_mixer)

BOOST_AUTO_TEST_CASE(rotary) {
  const auto make = [](const Shape& shape) { return subject<AttentionMixer<>>(shape); };
  expect_laws("AttentionMixer", make, {.width = 12, .heads = 3});
  expect_laws("AttentionMixer, grouped queries, window", make,
              {.width = 12, .heads = 4, .key_value_heads = 2, .key_width = 6, .window = 3});
  expect_laws("AttentionMixer, one key head, wide window", make, {.width = 8, .heads = 4, .key_value_heads = 1, .window = 64});
}
// Half of each head turns, scaled and with an amplitude; positions go beyond the length from which they are scaled.
BOOST_AUTO_TEST_CASE(scaled_rotary) {
  expect_laws("AttentionMixer, yarn", [](const Shape& shape) { return subject<AttentionMixer<>>(shape); },
              {.width = 12, .heads = 3, .key_value_heads = 1, .key_width = 8, .rope_theta = 50, .rope_share = 0.5,
               .rope = {.kind = RotaryKind::yarn, .factor = 3, .context = 6, .amplitude = 1.25}});
}
// Frequencies that go by the length differ between a whole and its parts only beyond the length where they begin to.
BOOST_AUTO_TEST_CASE(dynamic_rotary) {
  const auto make = [](const Shape& shape) { return subject<AttentionMixer<>>(shape); };
  const auto beyond = make({.width = 12, .heads = 3, .context = 144, .rope_theta = 50,
                            .rope = {.kind = RotaryKind::dynamic, .factor = 3, .context = 4}});
  expect_none(gradients_are_exact<Reference<double>>(beyond, packed({5, 0, 4}, 3, 1, 2)), "gradients of dynamic");
  for (const Batch& batch : {packed({7}, 4), packed({5, 0, 4}, 3, 1, 2), packed({65, 3, 64}, 5, 1, 3)}) {
    expect_none(agrees_with_reference<Cpu>(beyond, batch), "dynamic on Cpu");
    expect_none(packed_equals_separate<Cpu>(beyond, batch), "dynamic, packed");
    expect_none(is_causal<Cpu>(beyond, batch), "dynamic, causal");
  }
}
BOOST_AUTO_TEST_CASE(biased_without_positions) {
  expect_laws("AttentionMixer<NoPosition, bias>",
              [](const Shape& shape) { return subject<AttentionMixer<NoPosition, Bias::yes>>(shape); }, {.width = 9, .heads = 3});
}

BOOST_AUTO_TEST_CASE(query_key_norm) {
  const auto make = [](const Shape& shape) { return subject<AttentionMixer<QueryKeyNorm<>>>(shape); };
  expect_laws("AttentionMixer<QueryKeyNorm>, grouped queries, window", make,
              {.width = 12, .heads = 4, .key_value_heads = 2, .key_width = 6, .window = 3, .norm_epsilon = 0.01});
  expect_laws("AttentionMixer<QueryKeyNorm<NoPosition>, bias>",
              [](const Shape& shape) { return subject<AttentionMixer<QueryKeyNorm<NoPosition>, Bias::yes>>(shape); },
              {.width = 9, .heads = 3});
}
BOOST_AUTO_TEST_CASE(gated) {
  expect_laws("GatedAttentionMixer, grouped queries", [](const Shape& shape) { return subject<GatedAttentionMixer<>>(shape); },
              {.width = 12, .heads = 4, .key_value_heads = 2, .key_width = 6});
  expect_laws("GatedAttentionMixer<QueryKeyNorm, bias>, window",
              [](const Shape& shape) { return subject<GatedAttentionMixer<QueryKeyNorm<>, Bias::yes>>(shape); },
              {.width = 8, .heads = 2, .window = 5});
}

// Scores see the direction of a query, not its size.
BOOST_AUTO_TEST_CASE(norms_take_the_size_of_queries_and_keys_away) {
  using Mixer = AttentionMixer<QueryKeyNorm<>>;
  const Shape shape{.width = 8, .heads = 2, .context = 16, .norm_epsilon = 0};
  const std::vector<double> once = outputs_of<Mixer>(shape, 0), thrice = outputs_of<Mixer>(shape, 0, "query.weight", 3);
  for (std::size_t i = 0; i < once.size(); ++i) BOOST_TEST(std::abs(once[i] - thrice[i]) < 1e-12);
  const std::vector<double> plain = outputs_of<AttentionMixer<>>(shape, 0),
                            larger = outputs_of<AttentionMixer<>>(shape, 0, "query.weight", 3);
  BOOST_TEST(plain != larger);
}
// A block of full_blocks attends as if there were no window; the others have it.
BOOST_AUTO_TEST_CASE(some_blocks_have_no_window) {
  const Shape all{.width = 8, .depth = 2, .heads = 2, .context = 16}, near{.width = 8, .depth = 2, .heads = 2, .window = 3, .context = 16};
  Shape mixed = near;
  mixed.full_blocks = {1};
  using Mixer = AttentionMixer<>;
  BOOST_TEST(outputs_of<Mixer>(mixed, 0) == outputs_of<Mixer>(near, 0));
  BOOST_TEST(outputs_of<Mixer>(mixed, 1) == outputs_of<Mixer>(all, 1));
  BOOST_TEST(outputs_of<Mixer>(mixed, 0) != outputs_of<Mixer>(mixed, 1));
  mixed.full_blocks = {2};
  mixed.vocabulary = 5;
  BOOST_CHECK_EXCEPTION(mixed.check(), Error, [](const Error& error) {
    return std::string(error.what()) == "shape: full_blocks has block 2 of a depth of 2";
  });
}
// A gate without weights is one half everywhere: half of what there is without a gate.
BOOST_AUTO_TEST_CASE(a_gate_of_zero_halves) {
  const Shape shape{.width = 8, .heads = 2, .context = 16};
  const auto plain = subject<AttentionMixer<>>(shape);
  const auto gated = subject<GatedAttentionMixer<>>(shape);
  const Batch batch = packed({7});
  Inputs<double> in = prepare(gated, batch), without = in;
  for (Tensor<double>& weight : in.weights)
    if (weight.name == "gate.weight") std::fill(weight.values.begin(), weight.values.end(), 0.0);
  std::erase_if(without.weights, [](const Tensor<double>& weight) { return weight.name == "gate.weight"; });
  const std::vector<double> whole = run<Reference<double>>(plain, batch, without).y.values;
  const std::vector<double> half = run<Reference<double>>(gated, batch, in).y.values;
  for (std::size_t i = 0; i < whole.size(); ++i) BOOST_TEST(std::abs(half[i] - whole[i] / 2) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_full_cache_is_an_error) {
  const auto mixer = subject<AttentionMixer<>>(Shape{.width = 4, .context = 8});
  BOOST_CHECK_EXCEPTION(prepare(mixer, packed({5}, 4)), Error, [](const Error& error) {
    return std::string(error.what()) == "attention: the cache holds 8 tokens, not 9";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
