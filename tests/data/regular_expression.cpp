// Regular expressions: the dialect that tokenizer files are written in, hostile patterns, and the patterns matched by hand.
#include <rondo/data/tokenizer/regular_expression.hpp>
#include <rondo/data/tokenizer/run_pattern.hpp>
#include <rondo/data/tokenizer/word_pattern.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <random>
#include <string>
#include <vector>

using namespace rondo;

namespace {

using Texts = std::vector<std::string>;

template <class Pattern>
Texts matches_of(const Pattern& pattern, const std::string& text) {
  Texts matches;
  pattern.for_each_match(text, [&](std::size_t begin, std::size_t end) { matches.push_back(text.substr(begin, end - begin)); });
  return matches;
}

std::string message_of(const auto& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(regular_expression)

BOOST_AUTO_TEST_CASE(the_dialect_is_that_of_oniguruma) {
  struct Example {
    std::string pattern, text;
    Texts matches;
  };
  const std::string spaces = "\t\n\u0085\u00a0\u1680\u2003\u2028\u202f\u205f\u3000 ";
  const std::vector<Example> examples{{R"(\s+)", spaces, {spaces}},
                                      {R"([\s]+)", spaces, {spaces}},
                                      {R"(\s)", "\u180e\u200b\u001c\ufeffa", {}},
                                      {R"(\d+)", "12 \u0663\u0664 \u00bd", {"12", "\u0663\u0664"}},
                                      {"x*", "axxb", {"", "xx", ""}},
                                      {"x|(?=c)", "xbc", {"x", ""}},
                                      {R"([\p{L}\p{M}&&[^\p{Han}]]+)", "ab\u4e2dc\u0301\u6f22", {"ab", "c\u0301"}},
                                      {R"(\d{1,3}+)", "1234567 89", {"1234567", "89"}},
                                      {R"(\p{Han}+)", "\u4e2d\u3001\u6587\u3002", {"\u4e2d", "\u6587"}},
                                      {R"(\p{^L})", "a1", {"1"}},
                                      {R"(\w+)", "\u0928\u0940 a_b\u203fc d-e", {"\u0928\u0940", "a_b\u203fc", "d", "e"}},
                                      {R"([^\W\d_]+)", "ab1_\u0301c", {"ab", "\u0301c"}},
                                      {"[[:alpha:]]+", "a\u0301b1", {"a", "b"}},
                                      {R"([\u0900-\u097f]+)", "a\u0905b", {"\u0905"}},
                                      {R"([\x{e9}\x41])", "\u00e9A", {"\u00e9", "A"}},
                                      {"(?m:<.*>)", "a<b\nc>d", {"<b\nc>"}},
                                      {"<.*>", "a<b\nc>d", {}},
                                      {"^.", "ab\ncd", {"a", "c"}},
                                      {".$", "ab\ncd", {"b", "d"}},
                                      {R"(\h+)", "zfgh12", {"f", "12"}},
                                      {R"(\H+)", "zfgh12", {"z", "gh"}},
                                      {R"(\X)", "e\u0301\u0928\u0940", {"e\u0301", "\u0928\u0940"}},
                                      {R"((?<x>a)\k<x>)", "aab", {"aa"}},
                                      {R"((?<=a|bc)d)", "adbcdd", {"d", "d"}},
                                      {"(*FAIL)|b", "abc", {"b"}},
                                      {std::string("a\0b", 3), std::string("xa\0b", 4), {std::string("a\0b", 3)}}};
  for (const auto& [pattern, text, matches] : examples)
    BOOST_TEST(matches_of(RegularExpression{pattern}, text) == matches, pattern << " in " << text);
}

BOOST_AUTO_TEST_CASE(what_does_not_compile_is_refused) {
  BOOST_TEST(message_of([] { RegularExpression{"(a"}; }) == "regular expression '(a': end pattern with unmatched parenthesis");
  const std::string message = message_of([] { RegularExpression{std::string(1'000'000, '(')}; });
  BOOST_TEST(message.starts_with("regular expression '((("));
  BOOST_TEST(message.size() < 400u);
}

BOOST_AUTO_TEST_CASE(hostile_patterns_end_in_time) {
  const auto begin = std::chrono::steady_clock::now();
  const std::vector<std::pair<std::string, std::string>> hostile{{"(a+)+b", std::string(40, 'a')},
                                                                 {"(?:a|aa)+$", std::string(60, 'a') + 'b'},
                                                                 {"(x+x+)+y", std::string(50, 'x')},
                                                                 {R"((?=(a+)+b)c)", std::string(1000, 'a')},
                                                                 {R"((?<n>a\g<n>*)+b)", std::string(64, 'a')},
                                                                 {"(?:a|b)*c", std::string(20'000'000, 'a') + 'c'}};
  for (const auto& [pattern, text] : hostile) {
    const std::string message = message_of([&] { matches_of(RegularExpression{pattern}, text); });
    BOOST_TEST(message.find("over") != message.npos, pattern << ": " << message);
  }
  for (const std::string pattern :
       {R"((\w|\d|_)*[!?])", "(?:b?){40}b{40}[ac]", "(((a{1,9000}){1,9000}){1,9000}){1,9000}", "(?:(?:(?:a?){99}){99}){99}"})
    message_of([&] { matches_of(RegularExpression{pattern}, std::string(2000, 'b')); });
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 60.0);
}

BOOST_AUTO_TEST_CASE(known_patterns_are_matched_as_the_engine_does) {
  const std::string patterns[] = {
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
      R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)"};
  const Texts alphabet{"a",  "L",  "S",      "\u017f", "'",      "'ll",    "'Re",    "'VE",    "\u2019", " ",          " ", "\n",
                       "\r", "\t", "1",      "23",     "\u00bd", "\u0663", "\u3000", "\u00a0", "\u4e2d", "\u0301",     "!", "...",
                       "-",  "T",  "\u0085", "\u2028", "d",      "\u212a", "\u1e9e", "\ufb06", "\u200d", "\U0001f642", "s", "m"};
  for (const std::string& pattern : patterns) {
    const RegularExpression engine{pattern};
    const auto by_hand = WordPattern::find(pattern);
    BOOST_REQUIRE(by_hand.has_value());
    std::mt19937 random{3};
    for (int i = 0; i < 20000; ++i) {
      std::string text;
      for (std::size_t n = random() % 12 + 1; n > 0; --n) text += alphabet[random() % alphabet.size()];
      if (const Texts found = matches_of(*by_hand, text); found != matches_of(engine, text))
        BOOST_TEST(found == matches_of(engine, text), pattern << " in " << text);
    }
  }
  BOOST_TEST(!WordPattern::find(R"(\p{L}+)").has_value());
}

BOOST_AUTO_TEST_CASE(runs_are_matched_as_the_engine_does) {
  const Texts patterns{"\n", " *\n", R"(\s+)", R"(\s)", " {2,}", R"(\d)", R"(\d{1,3})", "[0-9][0-9][0-9]", "_{1}", "_{1}[^_a]+", R"(_{0,1}\d{1})", "_{2,8}", "_{2}",
                       "_{0,1}[^\\s_a-zA-Z0-9\u00c0-\u00ff]{1}", R"([\r\n])", "\\s?[A-Za-z\u00e0-\u00f6]+", "\\s?[!-/:-~\uff01-\uff0f]+", R"(\p{N}+)", R"(\s?\p{L}+)", R"([\p{L}\p{M}_]+)",
                       R"( ?[^\s\p{L}\p{N}]+)", "[^a]", "[^\\d\\s]{3,}", "a?b?c", "[a-cb-e]+", R"([\^\-\]]+)", R"(\.\.?[)!])", "[a-]", R"(\p{Han}+)", "a*_", "[ab]{2,3}[cd]*"};
  const Texts alphabet{"a", "b", "c", "_", "__", "1", "23", "\u0663", " ", "  ", "\n", "\r", "\t", "\u3000", "\u00a0", "\u0085", "\u2028", "\u180e", "\u200b", "\u00e9", "\u00f0",
                       "\u4e2d", "\u0301", "!", "...", "-", "]", "^", "\uff05", "\U0001f642", "Z", "\u00bd", "aa", "d"};
  for (const std::string& pattern : patterns) {
    const RegularExpression engine{pattern};
    const auto runs = RunPattern::find(pattern);
    BOOST_TEST_REQUIRE(runs.has_value(), pattern);
    std::mt19937 random{4};
    for (int i = 0; i < 3000; ++i) {
      std::string text;
      for (std::size_t n = random() % 16; n > 0; --n) text += alphabet[random() % alphabet.size()];
      if (const Texts found = matches_of(*runs, text); found != matches_of(engine, text))
        BOOST_TEST(found == matches_of(engine, text), pattern << " in " << text);
    }
  }
  // What has to give something back, may be empty, or is something else altogether.
  for (const std::string pattern : {"a*", "a?", "", "a+ab", "[ab]*b", R"(\s*\n)", "a?b?a", "a+?", "a++", "a{2}{3}", "a{1,3}+", "a{,3}", "a{3,2}", "a{0}", "a{", "a|b", "(a)", "a.", "^a", "a$", "[a",
                                    "[]", "[^]", "[a&&b]", "[[:alpha:]]", "[a[b]]", "[c-a]", "[-a]", R"([\d-z])", R"(\w)", R"(\S)", R"(\p{^L})", R"(\P{L})", R"(\p{Nothing})", R"(\x41)", R"(\b)",
                                    R"(\h)", "a\\", "(?i)a", "*", "a]"})
    BOOST_TEST(!RunPattern::find(pattern).has_value(), pattern);
  // A run that nothing follows is not begun again at each of its characters.
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(matches_of(*RunPattern::find(" *\n"), std::string(2'000'000, ' ')).empty());
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 5.0);
}

BOOST_AUTO_TEST_SUITE_END()
