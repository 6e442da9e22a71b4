// The laws for softmax attention: grouped queries, windows, with and without rotary positions and biases.
#include "every_back_end.hpp"

#include <rondo/mixer/attention.hpp>

namespace rondo::testing {

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

BOOST_AUTO_TEST_CASE(a_full_cache_is_an_error) {
  const auto mixer = subject<AttentionMixer<>>(Shape{.width = 4, .context = 8});
  BOOST_CHECK_EXCEPTION(prepare(mixer, packed({5}, 4)), Error, [](const Error& error) {
    return std::string(error.what()) == "attention: the cache holds 8 tokens, not 9";
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
