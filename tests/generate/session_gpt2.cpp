// Decoding with GPT-2: positions are counted through the pieces.
#include "generate/session.hpp"

#include <rondo/model/architecture/gpt2.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .mlp_width = 24, .context = 75};

BOOST_AUTO_TEST_SUITE(session_gpt2)

BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<Gpt2>(shape);
}
BOOST_AUTO_TEST_CASE(a_text_longer_than_the_table_is_refused) {
  const Gpt2 model{shape};
  const auto weights = random_weights<Cpu>(model);
  const std::vector<Token> text = some_text(76, shape.vocabulary);
  Session<Gpt2, Cpu> session{model, weights, 16};
  session.feed(std::span(text).first(75));
  BOOST_TEST(message_of([&] { session.feed(text[75]); }) ==
             "session: the cache holds 75 tokens, 76 are needed; give the model a larger context");
  BOOST_TEST(session.position() == 75);
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<Gpt2>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
