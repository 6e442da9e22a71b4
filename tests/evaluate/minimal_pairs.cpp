// Minimal pairs: files of them, and the figures, with a scorer whose numbers are known.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include <rondo/evaluate/minimal_pairs.hpp>

#include "evaluate/known_scorer.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

// Each letter is a token; its log-probability is its place in the alphabet in eighths, whatever stands before it.
std::vector<Token> letters(const std::string& sentence) {
  return {sentence.begin(), sentence.end()};
}
float known(const TextScorer::Text& text, std::size_t t) {
  return -static_cast<float>(text[t] - 'a') / 8;
}
constexpr Token begin_of_text = 7;

using Sentences = std::vector<std::string>;
ChoiceSubset pairs_of(const std::string& name, const std::string& group, const Sentences& good, const Sentences& bad,
                      const std::vector<std::size_t>& lines = {}, const std::string& path = "") {
  ChoiceSubset result{name, group, path, {}};
  for (std::size_t i = 0; i < good.size(); ++i)
    result.items.push_back({{{"", good[i], good[i]}, {"", bad[i], bad[i]}}, 0, lines.empty() ? 0 : lines[i]});
  return result;
}
// Those of an option of all pairs.
Sentences sentences(const ChoiceSubset& pairs, std::size_t option) {
  Sentences result;
  for (const ChoiceItem& item : pairs.items) result.push_back(item.options[option].completion);
  return result;
}
ChoiceSubset read(const std::filesystem::path& path, Index limit = 0) {
  return read_all_minimal_pairs(path, limit).front();
}

BOOST_AUTO_TEST_SUITE(minimal_pairs)

BOOST_AUTO_TEST_CASE(right_wrong_and_ties) {
  KnownScorer scorer{known};
  // right, right (longer, yet more probable), wrong, tie (bc = cb), tie (the same)
  const std::vector<ChoiceSubset> files{pairs_of("mixed", "", {"ab", "bbb", "cd", "bc", "x"}, {"ac", "ez", "cc", "cb", "x"}),
                                        pairs_of("right", "islands", {"a", "b"}, {"b", "c"}),
                                        pairs_of("wrong", "islands", {"b"}, {"a"})};
  std::vector<std::pair<Index, Index>> progress;
  const PairReport report = score_minimal_pairs(scorer, files, letters, begin_of_text,
                                                [&](Index done, Index all) { progress.emplace_back(done, all); });
  BOOST_TEST_REQUIRE(report.files.size() == 3U);
  const PairScore& mixed = report.files[0];
  BOOST_TEST(mixed.name == "mixed");
  BOOST_TEST(mixed.pairs == 5);
  BOOST_TEST(mixed.right == 2);
  BOOST_TEST(mixed.ties == 2);
  BOOST_TEST(mixed.accuracy() == (2 + 2 * 0.5) / 5);
  BOOST_TEST(mixed.standard_error() == std::sqrt(0.6 * 0.4 / 5), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(report.files[1].accuracy() == 1.0);
  BOOST_TEST(report.files[1].standard_error() == 0.0);
  BOOST_TEST(report.files[2].accuracy() == 0.0);
  // The mean over files, not over pairs.
  BOOST_TEST(report.macro().accuracy == (0.6 + 1 + 0) / 3, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(report.macro().standard_error == std::sqrt(0.6 * 0.4 / 5) / 3, boost::test_tools::tolerance(1e-15));
  BOOST_TEST_REQUIRE(report.phenomena().size() == 1U);
  const MacroAverage islands = report.phenomena().at("islands");
  BOOST_TEST(islands.files == 2);
  BOOST_TEST(islands.accuracy == 0.5);
  BOOST_TEST(islands.standard_error == 0.0);
  Index tokens = 0;
  for (const auto& text : scorer.asked) tokens += std::ssize(text);
  BOOST_TEST((progress.back() == std::pair<Index, Index>{tokens, tokens}));

  const Json json = report.json();
  BOOST_TEST(json["macro_accuracy"].get<double>() == report.macro().accuracy);
  BOOST_TEST(json["standard_error"].get<double>() == report.macro().standard_error);
  BOOST_TEST(json["chance"].get<double>() == 0.5);
  BOOST_TEST(json["pairs"].get<int>() == 8);
  BOOST_TEST(json["ties"].get<int>() == 2);
  BOOST_TEST(json["phenomena"]["islands"]["accuracy"].get<double>() == 0.5);
  BOOST_TEST(json["files"].size() == 3U);
  BOOST_TEST(json["files"]["mixed"]["accuracy"].get<double>() == 0.6);
  BOOST_TEST(json["files"]["mixed"]["standard_error"].get<double>() == mixed.standard_error());
  BOOST_TEST(json["files"]["mixed"]["pairs"].get<int>() == 5);
  BOOST_TEST(json["files"]["mixed"]["ties"].get<int>() == 2);
  BOOST_TEST(json["files"]["wrong"]["accuracy"].get<double>() == 0.0);
}

BOOST_AUTO_TEST_CASE(every_pair_is_told) {
  KnownScorer scorer{known};
  const std::vector<ChoiceSubset> files{pairs_of("one", "", {"ab", "bb"}, {"acc", "ab"}, {4, 9}, "folder/one.jsonl"),
                                        pairs_of("two", "", {"ab"}, {"ba"})};
  std::vector<ScoredPair> pairs;
  score_minimal_pairs(scorer, files, letters, begin_of_text, {}, [&](const ScoredPair& pair) { pairs.push_back(pair); });
  BOOST_TEST_REQUIRE(pairs.size() == 3U);
  BOOST_TEST((pairs[0].json() == Json{{"file", "one"},
                                      {"line", 4},
                                      {"sentence_good", "ab"},
                                      {"sentence_bad", "acc"},
                                      {"log_probability_good", -0.125},
                                      {"log_probability_bad", -0.5},
                                      {"tokens_good", 2},
                                      {"tokens_bad", 3},
                                      {"right", 1.0}}));
  BOOST_TEST(pairs[1].line == 9U);
  BOOST_TEST(pairs[1].json()["right"].get<double>() == 0.0);
  BOOST_TEST(pairs[2].file == "two");
  BOOST_TEST(pairs[2].json()["right"].get<double>() == 0.5);
}

BOOST_AUTO_TEST_CASE(what_has_no_probability_is_refused) {
  KnownScorer scorer{known};
  const std::vector<ChoiceSubset> one{pairs_of("one", "", {"ab", "b"}, {"ba", "ab"}, {1, 3}, "folder/one.jsonl")};
  const auto nothing = [](const std::string&) { return std::vector<Token>{}; };
  BOOST_TEST(message_of([&] { score_minimal_pairs(scorer, one, letters, begin_of_text); }) == "no error");
  BOOST_TEST(message_of([&] { score_minimal_pairs(scorer, one, letters, -1); }) ==
             "folder/one.jsonl:3: 'b' has no token that follows another (and none begins texts)");
  BOOST_TEST(message_of([&] { score_minimal_pairs(scorer, one, nothing, begin_of_text); }) ==
             "folder/one.jsonl:1: 'ab' has no token that follows another");
}

// The first word tells the two apart only where something stands before it.
BOOST_AUTO_TEST_CASE(the_token_that_begins_texts_lets_the_first_word_count) {
  const std::vector<ChoiceSubset> files{pairs_of("first", "", {"ax"}, {"bx"})};
  KnownScorer with{known}, without{known};
  const PairReport counted = score_minimal_pairs(with, files, letters, begin_of_text);
  const PairReport not_counted = score_minimal_pairs(without, files, letters, -1);
  BOOST_TEST(counted.files[0].right == 1);
  BOOST_TEST(not_counted.files[0].ties == 1);
  BOOST_TEST((with.asked == std::vector<std::vector<Token>>{{begin_of_text, 'b', 'x'}, {begin_of_text, 'a', 'x'}}));
  BOOST_TEST((without.asked == std::vector<std::vector<Token>>{{'b', 'x'}, {'a', 'x'}}));
  const std::string said = counted.json()["conventions"].get<std::string>();
  const std::string else_said = not_counted.json()["conventions"].get<std::string>();
  BOOST_TEST(has(said, "all tokens, after the token that begins texts"), said);
  BOOST_TEST(has(else_said, "all tokens but the first (no token begins texts)"), else_said);
  for (const std::string& text : {said, else_said})
    BOOST_TEST(has(text, "no leading space, no final token; float32; ties count one half; temperature 1"), text);
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_are_an_error) {
  KnownScorer scorer{
      [](const auto& text, std::size_t t) { return text[t] == 'z' ? std::numeric_limits<float>::quiet_NaN() : -1.0F; }};
  const std::vector<ChoiceSubset> files{pairs_of("fine", "", {"aa"}, {"ab"}), pairs_of("agreement", "", {"aa", "ab"}, {"ab", "az"})};
  BOOST_TEST(message_of([&] { score_minimal_pairs(scorer, files, letters, begin_of_text); }) ==
             "minimal pairs: agreement: pair 2: the model's score is not a number");
}

BOOST_AUTO_TEST_CASE(files_are_read_line_by_line) {
  const TemporaryFolder folder;
  put(folder / "one.jsonl",
      "{\"sentence_good\": \"The cat sleeps.\", \"sentence_bad\": \"The cat sleep.\", \"UID\": 3}\n"
      "\n   \t\r\n"
      "{\"sentence_bad\": \"b\\u00e9\\n\", \"sentence_good\": \" b\"}\r\n"
      "{\"sentence_good\": \"last\", \"sentence_bad\": \"without line end\"}");
  const ChoiceSubset pairs = read(folder / "one.jsonl");
  BOOST_TEST(pairs.name == "one");
  BOOST_TEST(pairs.group == "");
  BOOST_TEST(sentences(pairs, 0) == (Sentences{"The cat sleeps.", " b", "last"}), boost::test_tools::per_element());
  BOOST_TEST(sentences(pairs, 1) == (Sentences{"The cat sleep.", "b\u00e9\n", "without line end"}),
             boost::test_tools::per_element());
  BOOST_TEST_REQUIRE(pairs.items.size() == 3U);
  for (const auto& [item, line] : {std::pair{0U, 1U}, {1U, 4U}, {2U, 5U}}) BOOST_TEST(pairs.items[item].line == line);
  const ChoiceSubset first = read(folder / "one.jsonl", 2);
  BOOST_TEST(sentences(first, 0) == (Sentences{"The cat sleeps.", " b"}), boost::test_tools::per_element());
  BOOST_TEST(first.in_file == 3);
  KnownScorer scorer{[](const auto&, std::size_t) { return -1.0F; }};
  const PairReport report = score_minimal_pairs(scorer, std::vector{first}, letters, begin_of_text);
  BOOST_TEST(report.files[0].pairs == 2);
  BOOST_TEST(report.json()["files"]["one"]["pairs_in_file"].get<int>() == 3);
}

BOOST_AUTO_TEST_CASE(a_file_has_the_phenomenon_of_its_first_pair) {
  const TemporaryFolder folder;
  put(folder / "one.jsonl", "{\"sentence_good\": \"a\", \"sentence_bad\": \"b\", \"linguistics_term\": \"island_effects\"}\n");
  BOOST_TEST(read(folder / "one.jsonl").group == "island_effects");
  put(folder / "two.jsonl", "{\"sentence_good\": \"a\", \"sentence_bad\": \"b\", \"linguistics_term\": 7}\n");
  BOOST_TEST(message_of([&] { read(folder / "two.jsonl"); }) ==
             (folder / "two.jsonl").string() + ":1: 'linguistics_term': expected a text, found 7");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_told_with_file_and_line) {
  const TemporaryFolder folder;
  const std::string file = (folder / "pairs.jsonl").string();
  const std::string good = "{\"sentence_good\": \"a\", \"sentence_bad\": \"b\"}\n";
  const auto message = [&](const std::string& bytes) {
    put(file, bytes);
    return message_of([&] { read(file); });
  };
  BOOST_TEST(message(good) == "no error");
  BOOST_TEST(message(good + "\n{\"sentence_good\": \"a\"}\n") == file + ":3: 'sentence_bad': expected a text, found nothing");
  BOOST_TEST(message("{\"sentence_bad\": \"a\"}\n" + good) == file + ":1: 'sentence_good': expected a text, found nothing");
  BOOST_TEST(message(good + good + "{\"sentence_good\": 5, \"sentence_bad\": \"b\"}\n") ==
             file + ":3: 'sentence_good': expected a text, found 5");
  for (const std::string empty : {"", " ", "\\n\\t"})
    BOOST_TEST(message(good + "{\"sentence_good\": \"" + empty + "\", \"sentence_bad\": \"b\"}\n") == file + ":2: 'sentence_good' has no words");
  BOOST_TEST(message("{\"sentence_good\": \"a\", \"sentence_bad\": \"\"}\n") == file + ":1: 'sentence_bad' has no words");
  BOOST_TEST(message(good + "[\"a\", \"b\"]\n") == file + ":2: expected an object, found array");
  const std::string broken = message(good + good + "{\"sentence_good\": \"a\", \n" + good);
  BOOST_TEST(broken.find(file + ":3") == 0U, broken);
  const std::string none = R"(: no pairs in it; expected one a line, as {"sentence_good": "...", "sentence_bad": "..."})";
  BOOST_TEST(message("") == file + none);
  BOOST_TEST(message("\n \n") == file + none);
  const std::string absent = message_of([&] { read(folder / "absent.jsonl"); });
  BOOST_TEST(has(absent, (folder / "absent.jsonl").string()), absent);
}

BOOST_AUTO_TEST_CASE(a_folder_gives_its_files_by_name) {
  const TemporaryFolder folder;
  BOOST_TEST(message_of([&] { read_all_minimal_pairs(folder.path()); }) ==
             folder.path().string() + ": no .jsonl files in this folder");
  put(folder / "notes.txt", "no pairs");
  BOOST_TEST(has(message_of([&] { read_all_minimal_pairs(folder.path()); }), "no .jsonl files"));
  for (const std::string name : {"wh_island", "adjunct", "number"})
    put(folder / (name + ".jsonl"), "{\"sentence_good\": \"good " + name + "\", \"sentence_bad\": \"bad\"}\n");
  const std::vector<ChoiceSubset> files = read_all_minimal_pairs(folder.path());
  BOOST_TEST_REQUIRE(files.size() == 3U);
  BOOST_TEST(files[0].name == "adjunct");
  BOOST_TEST(files[1].name == "number");
  BOOST_TEST(files[2].name == "wh_island");
  BOOST_TEST(sentences(files[2], 0)[0] == "good wh_island");
  BOOST_TEST(read_all_minimal_pairs(folder / "number.jsonl").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
