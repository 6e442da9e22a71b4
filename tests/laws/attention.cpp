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
