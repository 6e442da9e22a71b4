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
// The table of positions is whole from the beginning, whatever the cache holds.
BOOST_AUTO_TEST_CASE(a_cache_grows_up_to_the_table) {
  Shape longer = shape;
  longer.context = 300;
  const Gpt2 model{longer};
  const std::vector<Token> text = some_text(301, shape.vocabulary);
  const auto exact = random_weights<Reference<double>>(model);
  const auto first = std::vector<Token>(text.begin(), text.begin() + 300);
  const auto expected = log_softmax_of(model, exact, first);
  Session<Gpt2, Reference<double>> session{model, exact};
  BOOST_TEST(largest_difference_in_pieces(session, first, 50, expected) < 1e-9);
  BOOST_TEST(session.room() == 0);
  BOOST_TEST(has(message_of([&] { session.feed(text[300]); }), "the cache holds 300 tokens, 301 are needed"));
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<Gpt2>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
