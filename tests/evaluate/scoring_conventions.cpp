// Scoring conventions: which tokens a text is fed as, and which of them count.
#include <boost/test/unit_test.hpp>

#include <rondo/evaluate/scoring_convention.hpp>

#include "data/tokenizer_documents.hpp"
#include "evaluate/letter_tokenizer.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

void expect(const char* convention, const Tokenizer& tokenizer, const char* context, const char* completion,
            const std::vector<Token>& ids, const std::vector<std::uint8_t>& scored, std::size_t first) {
  BOOST_TEST_CONTEXT(convention << ": '" << context << "' and '" << completion << "'") {
    const ConventionText text = convention_named(convention).text(tokenizer, context, completion);
    BOOST_TEST(text.text.ids == ids, boost::test_tools::per_element());
    BOOST_TEST(text.text.scored == scored, boost::test_tools::per_element());
    BOOST_TEST(text.completion == first);
  }
}

BOOST_AUTO_TEST_SUITE(scoring_conventions)

BOOST_AUTO_TEST_CASE(without_special_tokens_of_the_tokenizers_own) {
  const Tokenizer letters = letter_tokenizer();
  expect("rondo", letters, "", "a b.", {0, 2, 5, 6}, {0, 1, 1, 1}, 1);
  expect("rondo", letters, "a", " b.", {0, 2, 5, 6}, {0, 0, 1, 1}, 2);
  expect("rondo", letters, "a ", "b.", {0, 2, 5, 6}, {0, 0, 1, 1}, 2);  // the token that ends in the completion
  for (const char* harness : {"lm_eval", "pipeline2024", "lm_eval_norm"}) {
    expect(harness, letters, "", "a b", {0, 4, 2, 5}, {0, 1, 1, 1}, 1);
    expect(harness, letters, "a", " b.", {2, 5, 6}, {0, 1, 1}, 1);
    expect(harness, letters, "ab  ", "b", {2, 3, 4, 5}, {0, 0, 1, 1}, 2);  // spaces at the end of a context go over
  }
  expect("pipeline2025", letters, "", "a b", {2, 5}, {0, 1}, 1);  // the first token has no probability
  expect("pipeline2025", letters, "ab", " b.", {2, 3, 5, 6}, {0, 0, 1, 1}, 2);
  expect("pipeline2025", letters, "ab ", "b.", {2, 3, 5, 6}, {0, 0, 1, 1}, 2);
  expect("pipeline2025_full_sentence", letters, "ab", " b.", {2, 3, 5, 6}, {0, 1, 1, 1}, 1);
  for (const char* quiz : {"lm_pub_quiz", "lm_pub_quiz_mean", "lm_pub_quiz_conditional"})
    expect(quiz, letters, "ab", " b.", {0, 2, 3, 5, 6}, {0, 1, 1, 1, 1}, 3);
}

// Characters are counted, not bytes; the special tokens around a text are never scored.
BOOST_AUTO_TEST_CASE(with_special_tokens_of_the_tokenizers_own) {
  const Tokenizer framed = Tokenizer::parse(byte_level_document(), "document");
  expect("pipeline2025", framed, "", "\xc3\xa4 ab", {0, 7, 13, 11, 1}, {0, 0, 1, 1, 0}, 2);
  expect("pipeline2025", framed, "\xc3\xa4", " ab", {0, 7, 13, 11, 1}, {0, 0, 0, 1, 0}, 3);
  expect("rondo", framed, "\xc3\xa4", " ab", {0, 7, 13, 11}, {0, 0, 0, 1}, 3);
  expect("lm_eval", framed, "", "ab", {0, 11}, {0, 1}, 1);
  expect("lm_pub_quiz", framed, "ab", " ab", {0, 11, 11, 1}, {0, 1, 1, 0}, 2);  // no second token that begins texts
}

BOOST_AUTO_TEST_CASE(are_chosen_by_name) {
  for (const AnyConvention& convention : all_conventions()) {
    BOOST_TEST(&convention_named(convention.name) == &convention);
    BOOST_TEST(!convention.description.empty());
  }
  BOOST_TEST((convention_named("rondo").ties == Ties::half_right));
  BOOST_TEST((convention_named("pipeline2025").ties == Ties::first_wins));
  BOOST_TEST((convention_named("lm_eval_norm").reduction == Reduction::character_mean));
  BOOST_TEST(convention_named("pipeline2024").leading_space);
  BOOST_TEST(has(message_of([] { (void)convention_named("harness"); }), "scoring convention: expected one of rondo, lm_eval, "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
