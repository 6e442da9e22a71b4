// Attention and rotary positions on the emulated back-end.
#include "emulated.hpp"

#include <rondo/mixer/attention.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_attention)

BOOST_AUTO_TEST_CASE(rotary) {
  expect_emulated_laws("AttentionMixer", subject<AttentionMixer<>>(Shape{.width = 12, .heads = 3, .context = 32}));
}
BOOST_AUTO_TEST_CASE(grouped_queries_and_windows) {
  Shape shape{.width = 12, .heads = 4, .key_value_heads = 2, .context = 144};
  expect_borders_of_chunks("AttentionMixer, groups", subject<AttentionMixer<>>(shape));
  shape.window = 20;
  expect_borders_of_chunks("AttentionMixer, groups and a window", subject<AttentionMixer<>>(shape));
  shape.window = 3;
  expect_emulated_laws("AttentionMixer, groups and a short window", subject<AttentionMixer<>>(shape));
}
BOOST_AUTO_TEST_CASE(wide_heads) {
  const auto mixer = subject<AttentionMixer<>>(Shape{.width = 72, .heads = 1, .context = 144});
  expect_found_nothing(agrees_with_reference<Watched>(mixer, packed({70, 17}, 3)), "AttentionMixer, a head of 72");
}
// Rows of heads that are whole packs: asynchronous copies.
BOOST_AUTO_TEST_CASE(whole_packs) {
  const auto mixer = subject<AttentionMixer<>>(Shape{.width = 64, .heads = 2, .key_value_heads = 1, .context = 144});
  Findings findings = agrees_in_halves(mixer, packed({70, 17}));
  findings.add(agrees_with_reference<Watched>(mixer, packed({70, 17})));
  findings.add(agrees_with_reference<Watched>(mixer, packed({20, 3}, 50)));  // behind caches of 50 tokens
  expect_found_nothing(findings, "AttentionMixer, wide");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
