// Attention and rotary positions on the emulated back-end.
#include "emulated.hpp"

#include <rondo/mixer/attention.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_attention)

BOOST_AUTO_TEST_CASE(rotary) {
  expect_emulated_laws("AttentionMixer", subject<AttentionMixer<>>(Shape{.width = 12, .heads = 3, .context = 32}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
