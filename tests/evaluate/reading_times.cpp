// Reading times: tables, surprisals of words, least squares.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include <rondo/core/random.hpp>
#include <rondo/evaluate/reading_times.hpp>

#include "evaluate/known_scorer.hpp"
#include "evaluate/letter_tokenizer.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

namespace tt = boost::test_tools;

constexpr const char* names =
    "item,word,prev_item,prev_word,Subtlex_log10,length,context_length,prev_length,RTfirstfix,RTfirstpass,RTgopast,RTrightbound,"
    "self_paced_reading_time\n";

BOOST_AUTO_TEST_SUITE(reading_times)

BOOST_AUTO_TEST_CASE(tables) {
  const auto rows = read_csv("a,\"b, \"\"c\"\"\nd\",\r\n1,,2\n");
  BOOST_TEST_REQUIRE(rows.size() == 2U);
  BOOST_TEST(rows[0] == (std::vector<std::string>{"a", "b, \"c\"\nd", ""}), tt::per_element());
  BOOST_TEST(rows[1] == (std::vector<std::string>{"1", "", "2"}), tt::per_element());
  BOOST_TEST(has(message_of([] { ReadingTimes("item,word\na,b\n", "t.csv"); }), "t.csv: expected a column 'prev_item', found none"));
  BOOST_TEST(has(message_of([] { ReadingTimes(names, "t.csv"); }), "t.csv: no words in it"));
  BOOST_TEST(has(message_of([] { ReadingTimes(std::string(names) + "a,b\n", "t.csv"); }), "t.csv: word 1: 2 cells for 13 columns"));
  BOOST_TEST(has(message_of([] { ReadingTimes(std::string(names) + "a,b,,,x,1,1,1,1,1,1,1,1\n", "t.csv"); }),
                 "t.csv: word 1: 'Subtlex_log10': expected a number, found 'x'"));
}

BOOST_AUTO_TEST_CASE(surprisals_of_words) {
  // In front of "ab" stands "a"; "ab" is two tokens; of the third word the one before is known.
  ReadingTimes data{std::string(names) + "a,ab,,,1,2,1,,1,1,1,1,1\na, b,a,ab,1,2,1,,1,1,1,1,1\n", "t.csv"};
  const auto texts = data.texts(letter_tokenizer());
  BOOST_TEST_REQUIRE(texts.size() == 5U);
  BOOST_TEST(texts[0].ids == (std::vector<Token>{2, 2}), tt::per_element());
  BOOST_TEST(texts[1].ids == (std::vector<Token>{2, 2, 3}), tt::per_element());
  BOOST_TEST(texts[2].ids == (std::vector<Token>{2, 5}), tt::per_element());
  KnownScorer scorer{[](const TextScorer::Text& text, std::size_t t) { return -static_cast<float>(text[t] * text.size()); }};
  data.take(texts, scorer.token_scores(texts));
  BOOST_TEST(data.surprisals() == (std::vector{2.0 * 2 + 3 * 3, 5.0 * 2}), tt::per_element());
  BOOST_TEST(data.predictions()[0]["prev_pred"].is_null());
  BOOST_TEST(data.predictions()[1]["prev_pred"].get<double>() == 13.0);
  BOOST_TEST(has(message_of([&] { (void)data.eye_tracking(); }), "only 2 words have all numbers"));
}

BOOST_AUTO_TEST_CASE(least_squares) {
  // y = 2 + 3 x - z: explained to the last digit; of a line through noise the textbook's formula.
  std::vector<double> x, z, y, noise;
  for (std::uint64_t i = 0; i < 40; ++i) {
    x.push_back(normal_number(RandomKey{1}, i));
    z.push_back(1e6 * normal_number(RandomKey{2}, i));
    y.push_back(2 + 3 * x.back() - z.back());
    noise.push_back(normal_number(RandomKey{3}, i) + 0.5 * x.back());
  }
  BOOST_TEST(explained_variance({x, z}, y) == 1, tt::tolerance(1e-12));
  BOOST_TEST(explained_variance({x, z, x, y}, y) == 1, tt::tolerance(1e-12));  // columns that say the same
  BOOST_TEST(std::abs(explained_variance({}, noise)) < 1e-12);
  const auto mean = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  };
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean(x)) * (noise[i] - mean(noise));
    xx += (x[i] - mean(x)) * (x[i] - mean(x));
    yy += (noise[i] - mean(noise)) * (noise[i] - mean(noise));
  }
  BOOST_TEST(explained_variance({x}, noise) == xy * xy / (xx * yy), tt::tolerance(1e-12));
  BOOST_TEST(explained_variance({x}, std::vector<double>(40, 3.0)) == 0);
  BOOST_TEST(has(message_of([] { (void)explained_variance({{1, 2}, {2, 3}}, {1, 2}); }), "least squares: 2 rows for 3 coefficients"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
