// Decoding with Llama.
#include "generate/session.hpp"

#include <rondo/model/architecture/llama.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .key_value_heads = 2, .mlp_width = 24, .context = 75};
const Shape windowed = [] {
  Shape result = shape;
  result.window = 5;
  return result;
}();

BOOST_AUTO_TEST_SUITE(session_llama)

BOOST_AUTO_TEST_CASE(pieces_give_the_logits_of_the_whole_pass) {
  expect_whole_pass<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(so_do_they_with_a_window) {
  expect_whole_pass<Llama>(windowed);
  // Which acts.
  const std::vector<Token> text = some_text(30, shape.vocabulary);
  const Llama all{shape}, near{windowed};
  const auto of_all = log_softmax_of(all, random_weights<Reference<double>>(all), text);
  const auto of_near = log_softmax_of(near, random_weights<Reference<double>>(near), text);
  BOOST_TEST(std::abs(of_all[4][7] - of_near[4][7]) < 1e-12);
  BOOST_TEST(std::abs(of_all[29][7] - of_near[29][7]) > 1e-3);
}
BOOST_AUTO_TEST_CASE(a_text_longer_than_the_cache_is_refused) {
  const Llama model{shape};
  const auto weights = random_weights<Cpu>(model);
  const std::vector<Token> text = some_text(76, shape.vocabulary);
  Session<Llama, Cpu> session{model, weights, 16};
  BOOST_TEST(message_of([&] { session.feed(text); }) ==
             "session: the cache holds 75 tokens, 76 are needed; give the model a larger context");
  BOOST_TEST(session.position() == 0);
  session.feed(std::span(text).first(75));
  BOOST_TEST(message_of([&] { session.feed(text[75]); }) ==
             "session: the cache holds 75 tokens, 76 are needed; give the model a larger context");
  session.reset();
  session.feed(std::span(text).first(75));
  BOOST_TEST(session.position() == 75);
}
BOOST_AUTO_TEST_CASE(reset_forgets_everything) {
  expect_reset<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(refusals_leave_the_session_where_it_was) {
  expect_refusals<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(a_warm_feed_of_one_token_takes_no_memory, *needs_counted_memory()) {
  expect_no_allocation<Llama>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
