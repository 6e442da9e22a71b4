// Decoding with Lstm.
#include "generate/session.hpp"

#include <rondo/model/architecture/lstm.hpp>

namespace rondo::test {
namespace {

// A state of constant size: no text is too long for it, whatever the context of other mixers.
const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .embedding_width = 12, .context = 4};

BOOST_AUTO_TEST_SUITE(session_lstm)

BOOST_AUTO_TEST_CASE(a_recurrence_has_room_without_end) {
  Shape shorter = shape;
  shorter.context = 3;
  const Lstm model{shorter};
  const auto weights = random_weights<Cpu>(model);
  Session<Lstm, Cpu> session{model, weights};
  session.limit_to(2);
  session.feed(some_text(20, shape.vocabulary));
  BOOST_TEST(session.room() > Index{1} << 50);
}
BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(reset_forgets_everything) {
  expect_reset<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(refusals_leave_the_session_where_it_was) {
  expect_refusals<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<Lstm>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
