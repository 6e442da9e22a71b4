// Decoding with Gated DeltaNet.
#include "generate/session.hpp"

#include <rondo/model/architecture/delta_net.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .key_value_heads = 2, .key_width = 5, .mlp_width = 8,
                  .inner_width = 24, .context = 4};

BOOST_AUTO_TEST_SUITE(session_delta_net)

BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<GatedDeltaNet>(shape);
}
BOOST_AUTO_TEST_CASE(reset_forgets_everything) {
  expect_reset<GatedDeltaNet>(shape);
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<GatedDeltaNet>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
