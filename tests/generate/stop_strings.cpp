// Stop strings: where streamed text ends, however it is cut into pieces.
#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <rondo/core/random.hpp>
#include <rondo/generate/stop_strings.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Strings = std::vector<std::string>;

struct Shown {
  std::string text;
  bool met = false;
};
// What is shown of pieces; no piece may hold a part of a character.
Shown shown(const Strings& stops, const Strings& pieces) {
  StopStrings stop{stops};
  Shown result;
  const auto take = [&](const std::string& piece) {
    BOOST_TEST(first_invalid_utf8(piece) == std::string::npos);
    result.text += piece;
  };
  for (const std::string& piece : pieces) take(stop.add(piece));
  if (!stop.met()) take(stop.rest());
  result.met = stop.met();
  return result;
}

// By the definition: character after character, until the text ends with one of them; of those the longest.
Shown by_definition(const Strings& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& stop : stops)
      if (text.substr(0, end).ends_with(stop)) longest = std::max(longest, stop.size());
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

BOOST_AUTO_TEST_SUITE(stop_strings)

BOOST_AUTO_TEST_CASE(text_ends_in_front_of_a_stop_string) {
  BOOST_TEST(shown({"###"}, {"one # two ##", "# three"}).text == "one # two ");
  BOOST_TEST(shown({"###"}, {"one # two ##"}).text == "one # two ##");
  BOOST_TEST(!shown({}, {"a", "b"}).met);
  BOOST_TEST(shown({}, {"a", "b"}).text == "ab");
  BOOST_TEST(shown({"\u00e9!"}, {"caf\u00e9", "s et caf\u00e9", "! noir"}).text == "caf\u00e9s et caf");
}

BOOST_AUTO_TEST_CASE(what_may_be_part_of_one_is_held_back_and_no_more) {
  StopStrings stop{{"abac", "xy"}};
  BOOST_TEST(stop.add("aba") == "");
  BOOST_TEST(stop.add("b") == "ab");
  BOOST_TEST(stop.add("ax") == "aba");
  BOOST_TEST(stop.add("z") == "xz");
  BOOST_TEST(stop.add("x") == "");
  BOOST_TEST(!stop.met());
  BOOST_TEST(stop.rest() == "x");
  BOOST_TEST(stop.add("qxyz") == "q");
  BOOST_TEST(stop.met());
  BOOST_TEST(stop.add("more") == "");
  BOOST_TEST(stop.rest() == "");
}

BOOST_AUTO_TEST_CASE(pieces_make_no_difference) {
  const Strings letters{"a", "b", "c", "\u00e9", "\u00e8", "\U0001f642"};
  const RandomKey key = key_of(Seed{4}, "stop strings");
  std::uint64_t drawn = 0;
  const auto some_text = [&](std::uint64_t most) {
    std::string text;
    const std::uint64_t kinds = 3 + below(key, drawn++, 4);
    for (std::uint64_t n = 1 + below(key, drawn++, most); n > 0; --n) text += letters[below(key, drawn++, kinds)];
    return text;
  };
  int met = 0;
  for (int round = 0; round < 3000; ++round) {
    Strings stops, pieces;
    std::string text;
    for (std::uint64_t n = 1 + below(key, drawn++, 3); n > 0; --n) stops.push_back(some_text(5));
    for (std::uint64_t n = below(key, drawn++, 12); n > 0; --n) text += pieces.emplace_back(some_text(4));
    const Shown found = shown(stops, pieces), expected = by_definition(stops, text);
    BOOST_TEST_REQUIRE(found.text == expected.text);
    BOOST_TEST_REQUIRE(found.met == expected.met);
    met += found.met;
  }
  BOOST_TEST(met > 500);
  BOOST_TEST(met < 2500);
}

BOOST_AUTO_TEST_CASE(what_is_no_text_is_refused) {
  BOOST_TEST(message_of([] { StopStrings{Strings{"a", ""}}; }) == "stop string: expected text, found none");
  BOOST_TEST(has(message_of([] { StopStrings{Strings{"\xff"}}; }), "stop string: byte 0"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
