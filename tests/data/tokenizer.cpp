// Tokenizers: their parts, offsets, decoding, and files that are wrong.
#include <rondo/data/tokenizer/special_token_files.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "data/tokenizer_documents.hpp"
#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace rondo {
std::ostream& operator<<(std::ostream& out, const CharacterRange& range) {
  return out << '(' << range.begin << ',' << range.end << ')';
}
}  // namespace rondo

namespace {

using Ids = std::vector<TokenId>;
using Ranges = std::vector<CharacterRange>;

#define CHECK_EQUAL_LISTS(left, right)                    \
  do {                                                    \
    const auto& l = left;                                 \
    const auto& r = right;                                \
    BOOST_TEST(l == r, boost::test_tools::per_element()); \
  } while (false)

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  split_words(text, [&](std::size_t begin, std::size_t end) { words.push_back(text.substr(begin, end - begin)); });
  return words;
}

std::vector<std::string> matches_of(const RegularExpression& expression, const std::string& text) {
  std::vector<std::string> matches;
  expression.for_each_match(text,
                            [&](std::size_t begin, std::size_t end) { matches.push_back(text.substr(begin, end - begin)); });
  return matches;
}

std::string random_text(std::mt19937& random, std::size_t characters) {
  static const std::vector<std::string> alphabet{
      "a",      "B",      "s",      "t",      "re",         "'",       "'ll",    " ",      " ",      "  ",     "\n",
      "\t",     "1",      "9",      "\u00bd", "\u00e9",     "e\u0301", "\u4e2d", ".",      "--",     "\u00a0", "\u3000",
      "\u200b", "\u180e", "\u0085", "\u001c", "\U0001f642", "'ve",     "'d",     "\u0663", "\u2028", "\u0130", "\ufb01"};
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer)

BOOST_AUTO_TEST_CASE(utf8_is_checked_and_repaired) {
  for (const char32_t c :
       {U'a', U'\u007f', U'\u0080', U'\u07ff', U'\u0800', U'\ud7ff', U'\ue000', U'\uffff', U'\U00010000', U'\U0010ffff'}) {
    const std::string text = utf8(c);
    BOOST_TEST(static_cast<std::uint32_t>(decode_utf8(text.data())) == static_cast<std::uint32_t>(c));
    BOOST_TEST(utf8_length(text[0]) == text.size());
    BOOST_TEST(first_invalid_utf8("xyz" + text) == std::string::npos);
    // Cut short, it is wrong at its first byte.
    if (text.size() > 1) BOOST_TEST(first_invalid_utf8("0123456789" + text.substr(0, text.size() - 1)) == 10u);
  }
  const std::map<std::string, std::pair<std::size_t, std::string>> wrong{
      {"a\x80z", {1, "a\uFFFDz"}},                            // a byte that only continues
      {"\xC0\xAF", {0, "\uFFFD\uFFFD"}},                      // overlong
      {"\xE0\x80\xAF", {0, "\uFFFD\uFFFD\uFFFD"}},            // overlong
      {"ab\xED\xA0\x80", {2, "ab\uFFFD\uFFFD\uFFFD"}},        // a surrogate
      {"\xF4\x90\x80\x80", {0, "\uFFFD\uFFFD\uFFFD\uFFFD"}},  // beyond U+10FFFF
      {"\xF0\x9F\x99", {0, "\uFFFD"}},                        // cut short: one replacement
      {"\xE2\x82z", {0, "\uFFFDz"}},
      {"12345678\xFF", {8, "12345678\uFFFD"}},
  };
  for (const auto& [text, expected] : wrong) {
    BOOST_TEST(first_invalid_utf8(text) == expected.first);
    BOOST_TEST(replace_invalid_utf8(text) == expected.second);
  }
  BOOST_TEST(message_of([] { require_utf8("one\ntwo\n\xFFthree", "x.txt"); }) ==
             "x.txt: byte 8 (line 3): expected UTF-8, found the byte 0xFF");
}

BOOST_AUTO_TEST_CASE(byte_characters_are_a_bijection) {
  std::map<char32_t, int> seen;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t c = byte_character(static_cast<unsigned char>(byte));
    BOOST_TEST(byte_of(c) == byte);
    BOOST_TEST(!is_white_space(c));
    ++seen[c];
  }
  BOOST_TEST(seen.size() == 256u);
  BOOST_TEST(byte_level_text(" \n\x7f\xc3\xa9") == "\u0120\u010a\u0121\u00c3\u00a9");
  BOOST_TEST(byte_of(U'\u0144') == -1);
}

BOOST_AUTO_TEST_CASE(words_are_those_of_the_regular_expression) {
  CHECK_EQUAL_LISTS(words_of("I'll  say \"hi\"\n\n  x2 "),
                    (std::vector<std::string>{"I", "'ll", " ", " say", " \"", "hi", "\"", "\n\n ", " x", "2", " "}));
  CHECK_EQUAL_LISTS(words_of(""), std::vector<std::string>{});
  const RegularExpression expression{R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"};
  std::mt19937 random{7};
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random, 1 + random() % 20);
    BOOST_TEST_CONTEXT(text) {
      CHECK_EQUAL_LISTS(words_of(text), matches_of(expression, text));
    }
  }
}

BOOST_AUTO_TEST_CASE(texts_may_be_cut_between_words) {
  std::mt19937 random{8};
  int cuts = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = random_text(random, 30);
    for (std::size_t at = 0; at <= text.size(); ++at) {
      if (!may_cut_words(text, at)) continue;
      ++cuts;
      std::vector<std::string> words = words_of(text.substr(0, at));
      for (const std::string& word : words_of(text.substr(at))) words.push_back(word);
      BOOST_TEST_CONTEXT(text << " cut at " << at) {
        CHECK_EQUAL_LISTS(words_of(text), words);
      }
    }
  }
  BOOST_TEST(cuts > 100);
}

BOOST_AUTO_TEST_CASE(splits_treat_matches_as_told) {
  const std::string text = "the-final--countdown";
  const std::map<SplitBehavior, std::vector<std::string>> expected{
      {SplitBehavior::removed, {"the", "final", "countdown"}},
      {SplitBehavior::isolated, {"the", "-", "final", "-", "-", "countdown"}},
      {SplitBehavior::merged_with_previous, {"the-", "final-", "-", "countdown"}},
      {SplitBehavior::merged_with_next, {"the", "-final", "-", "-countdown"}},
      {SplitBehavior::contiguous, {"the", "-", "final", "--", "countdown"}}};
  for (const auto& [behavior, pieces] : expected) {
    for (const TextPattern& pattern : {TextPattern{std::string("-")}, TextPattern{RegularExpression{"-"}}}) {
      std::vector<std::string> found;
      for (const AlignedText& piece : cut({Split{pattern, behavior, false}}, AlignedText{text, true})) {
        found.push_back(piece.text());
        const CharacterRange range = piece.characters(0, piece.text().size());
        BOOST_TEST(text.substr(range.begin, range.end - range.begin) == piece.text());
      }
      CHECK_EQUAL_LISTS(found, pieces);
    }
  }
  std::vector<std::string> inverted;
  for (const AlignedText& piece :
       cut({Split{RegularExpression{"[a-z]+"}, SplitBehavior::removed, true}}, AlignedText{text, false}))
    inverted.push_back(piece.text());
  CHECK_EQUAL_LISTS(inverted, (std::vector<std::string>{"the", "final", "countdown"}));
}

BOOST_AUTO_TEST_CASE(normalisers_keep_the_way_back) {
  const auto normalized = [](const Normalizers& steps, const std::string& given) {
    AlignedText text{given, true};
    normalize(steps, text);
    std::vector<CharacterRange> ranges;
    for (std::size_t at = 0; at < text.text().size(); at += utf8_length(text.text()[at]))
      ranges.push_back(text.characters(at, at + utf8_length(text.text()[at])));
    AlignedText untracked{given, false};
    normalize(steps, untracked);
    BOOST_TEST(untracked.text() == text.text());
    return std::pair(text.text(), ranges);
  };
  {
    const auto [text, ranges] = normalized({UnicodeForm{Decomposition::compatibility, true}}, "\ufb01e\u0301\uff21");
    BOOST_TEST(text == "fi\u00e9A");
    CHECK_EQUAL_LISTS(ranges, (Ranges{{0, 1}, {0, 1}, {1, 2}, {3, 4}}));
  }
  {
    // Marks in the order of their classes; Hangul; a starter that cannot be joined over another.
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, true}}, "q\u0307\u0323").first == "q\u0323\u0307");
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, true}}, "\u1112\u1161\u11ab").first == "\ud55c");
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, false}}, "\ud55c\u1e69").first ==
               "\u1112\u1161\u11abs\u0323\u0307");
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, true}}, "s\u0307\u0323").first == "\u1e69");
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, true}}, "\u0958\u212b").first == "\u0915\u093c\u00c5");
    BOOST_TEST(normalized({UnicodeForm{Decomposition::canonical, true}}, "\ufb01").first == "\ufb01");
  }
  {
    const auto [text, ranges] = normalized({LowerCase{}}, "\u0130\u03a3A");
    BOOST_TEST(text == "i\u0307\u03c3a");
    CHECK_EQUAL_LISTS(ranges, (Ranges{{0, 1}, {0, 1}, {1, 2}, {2, 3}}));
  }
  {
    const auto [text, ranges] =
        normalized({Prepend{"__"}, ReplaceText{std::string("bb"), "X"}, ReplaceText{RegularExpression{" +"}, "::"}}, "abb  c");
    BOOST_TEST(text == "__aX::c");
    CHECK_EQUAL_LISTS(ranges, (Ranges{{0, 1}, {0, 1}, {0, 1}, {2, 3}, {4, 5}, {4, 5}, {5, 6}}));
  }
  {
    const auto [text, ranges] = normalized({Strip{true, true}}, " \u3000 a b\n ");
    BOOST_TEST(text == "a b");
    CHECK_EQUAL_LISTS(ranges, (Ranges{{3, 4}, {4, 5}, {5, 6}}));
  }
  BOOST_TEST(normalized({Prepend{"x"}, Strip{true, true}, LowerCase{}}, "").first == "");
}

BOOST_AUTO_TEST_CASE(byte_level_tokens_and_offsets) {
  const Tokenizer tokenizer = Tokenizer::parse(byte_level_document(), "tokenizer.json");
  BOOST_TEST(tokenizer.vocabulary() == 16);
  {
    // " abc" is split into no smaller words; a space goes with the word before "c" can.
    const Encoding e = tokenizer.encode("Abc \u00e4 b");
    CHECK_EQUAL_LISTS(e.ids, (Ids{11, 6, 7, 13, 7, 5}));
    CHECK_EQUAL_LISTS(e.offsets, (Ranges{{0, 2}, {2, 3}, {4, 4}, {4, 5}, {6, 6}, {6, 7}}));
    BOOST_TEST(tokenizer.decode(e.ids) == " abc \u00e4 b");
  }
  {
    const Encoding e = tokenizer.encode("ab", SpecialTokens::included);
    CHECK_EQUAL_LISTS(e.ids, (Ids{0, 11, 1}));
    CHECK_EQUAL_LISTS(e.offsets, (Ranges{{0, 0}, {0, 2}, {0, 0}}));
    BOOST_TEST(tokenizer.decode(e.ids, SpecialTokens::left_out) == " ab");
    BOOST_TEST(tokenizer.decode(e.ids) == "<s> ab</s>");
  }
  {
    // <mask> takes the spaces on its left; the unknown characters d become <unk> each; NAME only as a word, with the
    // spaces on its right, in normalised text.
    const Encoding e = tokenizer.encode("a  <mask>dd name  a surname");
    BOOST_TEST(e.ids.front() == 7);
    const Ids expected{7, 4, 2, 7, 3, 3, 7, 15, 7, 4, 7, 3, 3, 3, 3, 4, 3, 3};
    CHECK_EQUAL_LISTS(e.ids, expected);
    BOOST_TEST(e.offsets[2] == (CharacterRange{3, 9}));
  }
  BOOST_TEST(tokenizer.encode("", SpecialTokens::included).ids.size() == 2u);
  BOOST_TEST(tokenizer.special_ids().begin_of_text == 0);
  BOOST_TEST(tokenizer.special_ids().end_of_text == 1);
  BOOST_TEST(tokenizer.special_ids().unknown == 3);
  BOOST_TEST(tokenizer.special_ids().padding == -1);
  BOOST_TEST(tokenizer.id_of("abc").value() == 14);
  BOOST_TEST(tokenizer.id_of("NAME").value() == 15);
  BOOST_TEST(!tokenizer.id_of("x").has_value());
  BOOST_TEST(tokenizer.token(13) == "\u00c3\u00a4");
  // Half a character.
  BOOST_TEST(tokenizer.decode(Ids{8}) == "\uFFFD");
}

BOOST_AUTO_TEST_CASE(fallback_tokens_and_offsets) {
  const Tokenizer tokenizer = Tokenizer::parse(fallback_document(), "tokenizer.json");
  const Encoding e = tokenizer.encode("aa e\u0301\u00f1 12\u4e2d\u4e2d<s>a", SpecialTokens::included);
  CHECK_EQUAL_LISTS(e.ids, (Ids{1, 9, 3, 2, 4, 7, 8, 2, 5, 6, 0, 1, 9}));
  CHECK_EQUAL_LISTS(
      e.offsets,
      (Ranges{{0, 0}, {0, 1}, {1, 2}, {2, 3}, {3, 4}, {5, 6}, {5, 6}, {6, 7}, {7, 8}, {8, 9}, {9, 11}, {11, 14}, {14, 15}}));
  BOOST_TEST(tokenizer.decode(Ids{9, 3, 2, 4, 7, 8, 5}) == "aa \u00e9\u00f11");
  BOOST_TEST(tokenizer.decode(Ids{7, 7, 3}) == "\uFFFD\uFFFDa");
}

BOOST_AUTO_TEST_CASE(ids_alone_are_those_of_the_encoding) {
  std::mt19937 random{9};
  for (const std::string& document : {byte_level_document(), fallback_document()}) {
    const Tokenizer tokenizer = Tokenizer::parse(document, "tokenizer.json");
    EncodingCache cache;
    for (int i = 0; i < 2000; ++i) {
      std::string text = random_text(random, random() % 30);
      if (i % 3 == 0) text += " <mask>ab<s>NAME " + random_text(random, 3);
      Ids ids;
      tokenizer.append_ids(text, ids, cache);
      BOOST_TEST_CONTEXT(text) {
        CHECK_EQUAL_LISTS(ids, tokenizer.encode(text).ids);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(merges_follow_their_definition_in_words_of_any_length) {
  // A random vocabulary over {a, b, c}, and the merges by their definition: always the lowest rank, the leftmost.
  std::mt19937 random{10};
  for (int round = 0; round < 20; ++round) {
    BytePairs pairs;
    pairs.vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}};
    std::map<std::pair<std::string, std::string>, std::size_t> ranks;
    for (int i = 0; i < 25; ++i) {
      const std::string left = pairs.vocabulary[random() % pairs.vocabulary.size()].first;
      const std::string right = pairs.vocabulary[random() % pairs.vocabulary.size()].first;
      const bool known = std::any_of(pairs.vocabulary.begin(), pairs.vocabulary.end(),
                                     [&](const auto& entry) { return entry.first == left + right; });
      if (known || left.size() + right.size() > 9) continue;
      ranks.emplace(std::pair(left, right), pairs.merges.size());
      pairs.merges.emplace_back(left, right);
      pairs.vocabulary.emplace_back(left + right, static_cast<TokenId>(pairs.vocabulary.size()));
    }
    const BytePairModel model{pairs, "model"};
    for (const std::size_t length : {1UL, 2UL, 5UL, 30UL, 63UL, 64UL, 65UL, 300UL}) {
      std::string word;
      for (std::size_t i = 0; i < length; ++i) word += static_cast<char>('a' + random() % 3);
      std::vector<std::string> expected;
      for (const char letter : word) expected.emplace_back(1, letter);
      while (true) {
        std::size_t best = expected.size();
        std::size_t best_rank = ranks.size();
        for (std::size_t i = 0; i + 1 < expected.size(); ++i) {
          const auto found = ranks.find({expected[i], expected[i + 1]});
          if (found != ranks.end() && found->second < best_rank) best_rank = found->second, best = i;
        }
        if (best == expected.size()) break;
        expected[best] += expected[best + 1];
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(best) + 1);
      }
      std::vector<PieceToken> tokens{{2, 70, 77}};  // what was there before stays
      model.encode(word, tokens);
      std::vector<std::string> found;
      for (std::size_t i = 1; i < tokens.size(); ++i) {
        found.push_back(*model.token(tokens[i].id));
        BOOST_TEST(tokens[i].end - tokens[i].begin == found.back().size());
      }
      BOOST_TEST(tokens[0].end == 77u);
      CHECK_EQUAL_LISTS(found, expected);
    }
  }
}

// The same for words that are encoded in windows: all merges of one rank at a time, from the left, which is the definition where no
// token is made before its parts.
BOOST_AUTO_TEST_CASE(merges_follow_their_definition_in_endless_words) {
  std::mt19937 random{11};
  for (int round = 0; round < 6; ++round) {
    BytePairs pairs;
    pairs.vocabulary = {{"a", 0}, {"b", 1}, {"c", 2}};
    std::vector<std::array<TokenId, 3>> merges;
    while (merges.size() < 60) {
      const auto left = static_cast<TokenId>(random() % pairs.vocabulary.size()), right = static_cast<TokenId>(random() % pairs.vocabulary.size());
      const std::string a = pairs.vocabulary[static_cast<std::size_t>(left)].first, b = pairs.vocabulary[static_cast<std::size_t>(right)].first;
      const bool known = std::any_of(pairs.vocabulary.begin(), pairs.vocabulary.end(), [&](const auto& entry) { return entry.first == a + b; });
      if (known || a.size() + b.size() > 40) continue;
      merges.push_back({left, right, static_cast<TokenId>(pairs.vocabulary.size())});
      pairs.merges.emplace_back(a, b);
      pairs.vocabulary.emplace_back(a + b, merges.back()[2]);
    }
    const BytePairModel model{pairs, "model"};
    std::string word;  // at random; of one letter; of a few letters again and again
    const std::size_t period = round == 3 ? 1 : round > 3 ? 1 + random() % 50 : 0;
    for (std::size_t i = 0; i < 300'000 + random() % 1000; ++i)
      word += period > 0 && i >= period ? word[i - period] : static_cast<char>('a' + random() % 3);
    Ids expected;
    for (const char letter : word) expected.push_back(letter - 'a');
    for (const auto& [left, right, joined] : merges) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const bool join = i + 1 < expected.size() && expected[i] == left && expected[i + 1] == right;
        expected[kept++] = join ? joined : expected[i];
        i += join;
      }
      expected.resize(kept);
    }
    std::vector<PieceToken> tokens;
    model.encode(word, tokens);
    Ids found;
    std::size_t at = 0;
    for (const PieceToken& token : tokens) {
      found.push_back(token.id);
      BOOST_TEST_REQUIRE(token.begin == at);
      at = token.end;
    }
    BOOST_TEST(at == word.size());
    BOOST_TEST((found == expected));
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_encoded_or_decoded_is_refused) {
  const Tokenizer tokenizer = Tokenizer::parse(byte_level_document(), "tokenizer.json");
  BOOST_TEST(message_of([&] { (void)tokenizer.encode("ab\xC3"); }) ==
             "text to encode: byte 2 (line 1): expected UTF-8, found the byte 0xC3");
  BOOST_TEST(message_of([&] { (void)tokenizer.decode(Ids{4, 16}); }) == "token id 16: expected 0 to 15");
  BOOST_TEST(message_of([&] { (void)tokenizer.decode(Ids{-1}); }) == "token id -1: expected 0 to 15");
}

BOOST_AUTO_TEST_CASE(wrong_documents_are_refused_with_the_place) {
  const auto changed = [](std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
    return text.replace(at, from.size(), to);
  };
  struct Case {
    std::string from, to, message;
  };
  const std::vector<Case> cases{
      {"\"model\"", "\"modell\"", "t.json: expected a member 'model', found none"},
      {"\"type\": \"BPE\"", "\"type\": \"Unigram\"", "t.json: model.vocab: expected a list, found an object"},
      {"\"type\": \"Lowercase\"", "\"type\": \"Upper\"", "t.json: normalizer.type: expected one of BertNormalizer"},
      {"\"type\": \"Lowercase\"", "\"typ\": 1", "t.json: normalizer: expected a member 'type', found none"},
      {"\"add_prefix_space\": true", "\"add_prefix_space\": 1",
       "t.json: pre_tokenizer.add_prefix_space: expected true or false, found a number"},
      {"\"dropout\": null", "\"dropout\": 0.1", "t.json: model.dropout: expected null"},
      {"\"unk_token\": \"<unk>\"", "\"unk_token\": 3", "t.json: model.unk_token: expected a text, found a number"},
      {"\"a\": 4", "\"a\": 5", "t.json: tokens 'a' and 'b' have the same id 5"},
      {"\"a\": 4", "\"a\": -4", "t.json: model.vocab: token 'a': expected an id from 0 to 268435455, found -4"},
      {"\"a\": 4", "\"a\": 4.5", "t.json: model.vocab: token 'a': expected an id from 0 to 268435455, found 4.5"},
      {"\"a\": 4", "\"a\": 200000000", "t.json: the largest id is 200000000 in a vocabulary of 15 tokens"},
      {"\"a\": 4", "\"b\": 4", "the key 'b' is given twice in one object"},
      {"\"merges\": [", "\"merges\": 7, \"x\": [", "t.json: model.merges: expected a list, found a number"},
      {"\"merges\": [", "\"no_merges\": [", "t.json: model: expected a member 'merges', found none"},
      {"\"a b\"", "\"ab\"", "t.json: model.merges[0]: expected two tokens with a space between, found 'ab'"},
      {"\"a b\"", "[\"a\"]", "t.json: model.merges[0]: expected \"a b\" or [\"a\", \"b\"], found [\"a\"]"},
      {"\"a b\"", "\"a z\"", "t.json: merge 1 ('a' 'z'): 'az' is not in the vocabulary"},
      {"[\"</s>\", 1]", "[\"</s>\", 99]", "t.json: post_processor: id 99 is not below the vocabulary of 16"},
      {"[\"</s>\", 1]", "[\"</s>\"]", "t.json: post_processor.sep: expected [token, id], found 1 elements"},
  };
  for (const Case& one : cases) {
    const std::string text = changed(byte_level_document(), one.from, one.to);
    const std::string message = message_of([&] { (void)Tokenizer::parse(text, "t.json"); });
    BOOST_TEST(has(message, one.message), message);
  }
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::parse(changed(fallback_document(), "\\\\d", "("), "t.json"); }),
                 "regular expression"));
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::parse(changed(fallback_document(), "\"Isolated\"", "\"Glued\""), "t.json"); }),
                 "t.json: pre_tokenizer.pretokenizers[0].behavior: expected Removed, "));
  // Cut short anywhere.
  const std::string& whole = fallback_document();
  for (std::size_t size = 0; size < whole.size(); size += 7)
    BOOST_TEST(message_of([&] { (void)Tokenizer::parse(whole.substr(0, size), "t.json"); }) != "no error");
}

BOOST_AUTO_TEST_CASE(files_are_known_by_their_names) {
  const TemporaryFolder folder;
  put(folder / "gpt2_encoder.json", R"({"<|endoftext|>": 4, "a": 0, "b": 1, "ab": 2, "model": 3})");
  put(folder / "gpt2_vocab.bpe", "#version: 0.2\na b\n");
  for (const char* name : {"gpt2_encoder.json", "gpt2_vocab.bpe"}) {
    const Tokenizer tokenizer = Tokenizer::load(folder / name);
    CHECK_EQUAL_LISTS(tokenizer.encode("ab<|endoftext|>b").ids, (Ids{2, 4, 1}));
    BOOST_TEST(tokenizer.special_ids().end_of_text == 4);
  }
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder.path()); }), "expected a tokenizer"));
  put(folder / "tokenizer.json", byte_level_document());
  BOOST_TEST(Tokenizer::load(folder.path()).vocabulary() == 16);
  put(folder / "special_tokens_map.json", R"({"eos_token": {"content": "c"}, "pad_token": "b", "mask_token": "<mask>"})");
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().end_of_text == 6);
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().padding == 5);
  put(folder / "special_tokens_map.json", R"({"eos_token": "huh"})");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder.path()); }),
                 "special_tokens_map.json: eos_token: 'huh' is not in the vocabulary"));
  std::filesystem::remove(folder / "special_tokens_map.json");

  put(folder / "tokenizer_config.json", R"({"eos_token": "a", "bos_token": null, "model_max_length": 1e30})");
  put(folder / "config.json", R"({"eos_token_id": 4, "bos_token_id": 9})");
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().end_of_text == 4);
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().begin_of_text == 0);  // the post-processor's
  const auto ends = [&] {
    Ids ids;
    const Tokenizer tokenizer = Tokenizer::load(folder / "tokenizer.json");
    for (TokenId id = -1; id < tokenizer.vocabulary(); ++id)
      if (tokenizer.special_ids().ends_text(id)) ids.push_back(id);
    return ids;
  };
  CHECK_EQUAL_LISTS(ends(), (Ids{4}));
  put(folder / "generation_config.json", R"({"eos_token_id": [6, 5, 77, -1, "x"]})");
  CHECK_EQUAL_LISTS(ends(), (Ids{5, 6}));
  put(folder / "generation_config.json", R"({"eos_token_id": 50256})");
  CHECK_EQUAL_LISTS(ends(), (Ids{4}));
  put(folder / "config.json", "[]");
  CHECK_EQUAL_LISTS(ends(), (Ids{4}));
  put(folder / "tokenizer_config.json", R"({"eos_token": "huh"})");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder.path()); }),
                 "tokenizer_config.json: eos_token: 'huh' is not in the vocabulary"));
  for (const char* name : {"tokenizer_config.json", "config.json", "generation_config.json"})
    std::filesystem::remove(folder / name);

  put(folder / "gpt2_vocab.bpe", "a b c\n");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "gpt2_encoder.json"); }),
                 "gpt2_vocab.bpe: line 1: expected two tokens"));
  std::filesystem::remove(folder / "gpt2_vocab.bpe");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "gpt2_encoder.json"); }), "gpt2_vocab.bpe: cannot be read"));
  put(folder / "list.json", "[1, 2]");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "list.json"); }), "list.json: expected a tokenizer.json"));
  put(folder / "notes.txt", "x");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "notes.txt"); }), "not a known kind of tokenizer"));
  for (const char* nowhere : {"nope", "nope.json", "nope.model", "nope/tokenizer.json"})
    BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / nowhere); }), std::string(nowhere) + ": cannot be read: No such file or directory"));
  put(folder / "junk.model", "this is no protocol buffer");
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "junk.model"); }), "junk.model"));
  BOOST_TEST(has(message_of([&] { (void)Tokenizer::load(folder / "nowhere.json"); }), "nowhere.json: cannot be read"));
}

BOOST_AUTO_TEST_CASE(special_tokens_are_written_as_they_are_read) {
  const TemporaryFolder folder;
  write_special_tokens(folder.path(), -1);
  BOOST_TEST(!std::filesystem::exists(folder / "generation_config.json"));
  put(folder / "tokenizer.json", word_piece_document());
  BOOST_TEST(!Tokenizer::load(folder.path()).special_ids().ends_text(9));
  write_special_tokens(folder.path(), 9);
  const SpecialIds ids = Tokenizer::load(folder.path()).special_ids();
  BOOST_TEST(ids.begin_of_text == 9);
  BOOST_TEST(ids.end_of_text == 9);
  BOOST_TEST(ids.unknown == 0);
  BOOST_TEST(ids.ends_text(9));
  BOOST_TEST(!ids.ends_text(2));
  // What the folder says of its tokens stays; what ends its texts is the run's.
  put(folder / "tokenizer_config.json", R"({"eos_token": "[SEP]"})");
  write_special_tokens(folder.path(), 8);
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().end_of_text == 2);
  BOOST_TEST(Tokenizer::load(folder.path()).special_ids().ends_text(8));
}

BOOST_AUTO_TEST_CASE(fingerprints_tell_vocabularies_apart) {
  const auto fingerprint = [](const std::string& text) { return Tokenizer::parse(text, "t.json").fingerprint(); };
  std::string other = byte_level_document();
  other.replace(other.find("\"b c\", "), 7, "");
  std::string spaced = byte_level_document();
  spaced.replace(spaced.find("\"a b\""), 5, "[\"a\",   \"b\"]");
  BOOST_TEST(fingerprint(byte_level_document()) == fingerprint(spaced));
  BOOST_TEST(fingerprint(byte_level_document()) != fingerprint(other));
  BOOST_TEST(fingerprint(byte_level_document()) != fingerprint(fallback_document()));
}

BOOST_AUTO_TEST_SUITE_END()
