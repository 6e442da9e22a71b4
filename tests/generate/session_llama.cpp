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
// Longer than the cache is at first, and than it is after growing once; in pieces that end before, at and behind the borders.
template <class Backend>
void expect_growth(double tolerance, RotaryScaling rope = {}) {
  Shape longer = shape;
  longer.context = 10'000'000;
  longer.rope = rope;
  const Llama model{longer};
  const std::vector<Token> text = some_text(600, shape.vocabulary);
  const auto exact = random_weights<Reference<double>>(model);
  const auto expected = log_softmax_of(model, exact, text);
  const auto weights = random_weights<Backend>(model);
  using Grown = Session<Llama, Backend>;
  static_assert(2 * Grown::first_cache < 600);
  for (const Index piece : {Index{1}, Index{64}, Index{85}, Index{599}, Index{600}}) {
    Grown session{model, weights, 100};
    const auto of_cache = [&] { return session.state().bytes() / sizeof(typename Backend::Scalar) / static_cast<std::size_t>(2 * 2 * 8); };
    BOOST_TEST(of_cache() == static_cast<std::size_t>(Grown::first_cache));
    BOOST_TEST(session.room() == 10'000'000);
    BOOST_TEST(largest_difference_in_pieces(session, text, piece, expected) < tolerance);
    BOOST_TEST(session.room() == 10'000'000 - 600);
    BOOST_TEST(of_cache() < 1200U);
    session.reset();
    BOOST_TEST(largest_difference_in_pieces(session, text, 200, expected) < tolerance);
  }
}
BOOST_AUTO_TEST_CASE(a_cache_grows_with_the_text) {
  expect_growth<Reference<double>>(1e-9);
  expect_growth<Cpu>(2e-4);
  // Positions that are scaled by the context turn as they do in a whole pass, however long the cache is.
  expect_growth<Reference<double>>(1e-9, {.kind = RotaryKind::yarn, .factor = 4});
}
BOOST_AUTO_TEST_CASE(a_text_can_be_limited) {
  const Llama model{shape};
  const auto weights = random_weights<Cpu>(model);
  const std::vector<Token> text = some_text(20, shape.vocabulary);
  Session<Llama, Cpu> session{model, weights};
  session.limit_to(12);
  session.limit_to(70);
  BOOST_TEST(session.room() == 12);
  session.feed(std::span(text).first(12));
  BOOST_TEST(session.room() == 0);
  BOOST_TEST(has(message_of([&] { session.feed(text[12]); }), "the cache holds 12 tokens, 13 are needed"));
  BOOST_TEST(has(message_of([&] { session.limit_to(11); }), "12 tokens are known, more than the limit of 11"));
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
