// Decoding with Mamba-2.
#include "generate/session.hpp"

#include <rondo/model/architecture/mamba2.hpp>

namespace rondo::test {
namespace {

// A state of constant size: no text is too long for it, whatever the context of other mixers.
const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .groups = 2, .state_size = 8, .context = 4};

BOOST_AUTO_TEST_SUITE(session_mamba2)

BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<Mamba2>(shape);
}
BOOST_AUTO_TEST_CASE(reset_forgets_everything) {
  expect_reset<Mamba2>(shape);
}
BOOST_AUTO_TEST_CASE(refusals_leave_the_session_where_it_was) {
  expect_refusals<Mamba2>(shape);
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<Mamba2>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
