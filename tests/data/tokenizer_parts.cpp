// Every part that a tokenizer.json may have, against the answers of Hugging Face tokenizers 0.23 (written by
// tests/scripts/tokenizers_agree.py): ids, offsets, decoded text. And what the parts do where no answer is written.
#include <rondo/data/tokenizer/tokenizer.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

using namespace rondo;

namespace {

std::string message_of(const auto& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

Json answer(const Tokenizer& tokenizer, const std::string& text, bool special) {
  const Encoding encoding = tokenizer.encode(text, special ? SpecialTokens::included : SpecialTokens::left_out);
  Json offsets = Json::array();
  for (const auto& [begin, end] : encoding.offsets) offsets.push_back(Json::array({begin, end}));
  return {{"ids", encoding.ids},
          {"offsets", std::move(offsets)},
          {"decoded", tokenizer.decode(encoding.ids, special ? SpecialTokens::left_out : SpecialTokens::included)}};
}

Tokenizer with(const std::string& members) {
  return Tokenizer::parse("{" + members + "}", "t.json");
}

const std::string letters = R"("model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "a": 1, "b": 2}})";

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_parts)

BOOST_AUTO_TEST_CASE(all_agree_with_the_reference) {
  std::ifstream file{std::filesystem::path(RONDO_SOURCE) / "tests/data/tokenizer_parts.jsonl"};
  std::string line;
  BOOST_REQUIRE(std::getline(file, line));
  const Json models = parse_json(line, "models");
  int tokenizers = 0;
  while (std::getline(file, line)) {
    Json one = parse_json(line, "tokenizer_parts.jsonl");
    Json document = one["parts"];
    document["model"] = models[one["model"].get<std::size_t>()];
    BOOST_TEST_CONTEXT(one["name"].get<std::string>()) {
      const Tokenizer tokenizer = Tokenizer::parse(document.dump(), "tokenizer.json");
      EncodingCache cache;
      for (const Json& given : one["texts"]) {
        const std::string text = given["text"];
        const Json& special = given.contains("special") ? given["special"] : given["plain"];
        BOOST_TEST(answer(tokenizer, text, false) == given["plain"], given["text"].dump());
        BOOST_TEST(answer(tokenizer, text, true) == special, given["text"].dump());
        for (int again = 0; again < 2; ++again) {
          std::vector<TokenId> ids;
          tokenizer.append_ids(text, ids, cache);
          BOOST_TEST(Json(ids) == given["plain"]["ids"], given["text"].dump());
        }
      }
    }
    ++tokenizers;
  }
  BOOST_TEST(tokenizers > 100);
}

BOOST_AUTO_TEST_CASE(unigram_finds_the_best_of_all_ways) {
  std::mt19937 random{4};
  for (int round = 0; round < 40; ++round) {
    UnigramPieces pieces;
    pieces.unknown = 0;
    pieces.tokens.emplace_back("?", 0.0);
    for (const std::string token : {"a", "b", "ab", "ba", "aab", "bb", "abab", "bba"})
      if (random() % 4 != 0) pieces.tokens.emplace_back(token, -static_cast<double>(random() % 1000) / 100);
    const UnigramModel model{pieces, "model"};
    double lowest = 0;
    for (const auto& piece : pieces.tokens) lowest = std::min(lowest, piece.second);
    std::string text;
    for (std::size_t n = random() % 10 + 1; n > 0; --n) text += random() % 2 != 0 ? 'a' : 'b';
    const auto score_of = [&](std::string_view token) {
      const auto id = model.find(token);
      return id ? pieces.tokens[static_cast<std::size_t>(*id)].second : token.size() == 1 ? lowest - 10 : -INFINITY;
    };
    // All ways to cut the text.
    double best = -INFINITY;
    for (unsigned cuts = 0; cuts < 1U << (text.size() - 1); ++cuts) {
      double sum = 0;
      for (std::size_t begin = 0, end = 1; end <= text.size(); ++end)
        if (end == text.size() || (cuts >> (end - 1) & 1) != 0) sum += score_of(text.substr(begin, end - begin)), begin = end;
      best = std::max(best, sum);
    }
    std::vector<PieceToken> tokens;
    model.encode(text, tokens);
    double found = 0;
    std::size_t at = 0;
    for (const auto& [id, begin, end] : tokens) {
      BOOST_TEST(begin == at);
      at = end;
      found += id == 0 ? (lowest - 10) * (end - begin) : pieces.tokens[static_cast<std::size_t>(id)].second;
    }
    BOOST_TEST(at == text.size());
    BOOST_TEST(std::abs(found - best) < 1e-9);
  }
}

BOOST_AUTO_TEST_CASE(added_tokens_are_numbered_as_the_vocabulary_goes_on) {
  const Tokenizer tokenizer = with(letters + R"(, "added_tokens": [{"content": "<x>", "id": 77}, {"content": "b", "id": 9},
    {"content": "", "id": 4}, {"content": "<y>"}, {"content": "<x>", "special": true, "rstrip": true}])");
  BOOST_TEST(tokenizer.vocabulary() == 5);
  BOOST_TEST(tokenizer.id_of("<x>").value() == 3);
  BOOST_TEST(tokenizer.id_of("b").value() == 2);
  BOOST_TEST(tokenizer.id_of("<y>").value() == 4);
  BOOST_TEST(tokenizer.encode("a<y>").ids == (std::vector<TokenId>{1, 4}), boost::test_tools::per_element());
  // What could be no id of such a vocabulary is no slip of the pen.
  const std::string message = message_of([] { (void)with(letters + R"(, "added_tokens": [{"content": "<x>", "id": 268435455}])"); });
  BOOST_TEST(message.ends_with("added_tokens: token '<x>': the id is 268435455 in a vocabulary of 4 tokens"), message);
}

BOOST_AUTO_TEST_CASE(many_added_tokens_take_time_by_their_number) {
  const auto seconds = [](int count) {
    Json added = Json::array();
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::string content = "<extra " + std::to_string(i) + ">";
      added.push_back({{"content", content}, {"normalized", i % 2 == 0}});
      text += "a" + content;
    }
    const std::string document =
        Json{{"added_tokens", added}, {"model", {{"type", "WordLevel"}, {"unk_token", "?"}, {"vocab", {{"?", 0}, {"a", 1}}}}}}
            .dump();
    const auto begin = std::chrono::steady_clock::now();
    const Tokenizer tokenizer = Tokenizer::parse(document, "t.json");
    const Encoding encoding = tokenizer.encode(text);
    BOOST_TEST(encoding.ids.size() == 2 * static_cast<std::size_t>(count));
    BOOST_TEST(encoding.ids.back() == count + 1);
    EncodingCache cache;
    std::vector<TokenId> ids;
    tokenizer.append_ids(text, ids, cache);
    BOOST_TEST((ids == encoding.ids));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const double few = seconds(4000);
  BOOST_TEST(seconds(32000) < 40 * few + 1);
}

BOOST_AUTO_TEST_CASE(white_space_that_many_tokens_take_is_walked_once) {
  const Tokenizer tokenizer =
      with(letters + R"(, "added_tokens": [{"content": " ", "normalized": false, "lstrip": true, "rstrip": true}])");
  const std::string text = "a" + std::string(200'000, ' ') + "b";
  const auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(tokenizer.encode(text).ids.size() == 200'002u);
  BOOST_TEST(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 20.0);
}

BOOST_AUTO_TEST_CASE(an_unknown_token_outside_the_vocabulary_matters_where_it_is_needed) {
  const Tokenizer tokenizer = with(
      R"("model": {"type": "BPE", "unk_token": "<unk>", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"content": "<unk>"}])");
  BOOST_TEST(tokenizer.encode("a<unk>").ids == (std::vector<TokenId>{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(message_of([&] { (void)tokenizer.encode("ab"); }) ==
             "'b' is not in the vocabulary, and neither is the unknown token '<unk>'");
  const Tokenizer unigram = with(R"("model": {"type": "Unigram", "vocab": [["a", -1]]})");
  BOOST_TEST(message_of([&] { (void)unigram.encode("ab"); }) == "'b' is not in the vocabulary, and there is no unknown token");
}

BOOST_AUTO_TEST_CASE(damaged_parts_are_refused_with_the_place) {
  const auto refusal = [](const std::string& members) { return message_of([&] { (void)with(members); }); };
  const auto map = [&](const std::string& table) {
    return refusal(letters + R"(, "normalizer": {"type": "Precompiled", "precompiled_charsmap": ")" + table + "\"}");
  };
  BOOST_TEST(map("") == "");
  BOOST_TEST(map("%") == "t.json: normalizer.precompiled_charsmap: expected base64");
  BOOST_TEST(map("AA==") == "t.json: normalizer.precompiled_charsmap: 1 bytes hold no table");
  BOOST_TEST(map("/////w==") == "t.json: normalizer.precompiled_charsmap: a trie of 4294967295 bytes in a table of 4");
  BOOST_TEST(refusal(R"("model": {"type": "Unigram", "vocab": [["a", -1]], "unk_id": 1})") ==
             "t.json: the unknown token's id is 1 in a vocabulary of 1 tokens");
  BOOST_TEST(refusal(R"("model": {"type": "Unigram", "vocab": [["a", "b"]]})") ==
             "t.json: model.vocab[0]: expected [token, score], found [\"a\",\"b\"]");
  BOOST_TEST(refusal(R"("model": {"type": "Unigram", "vocab": []})") == "t.json: expected 1 to 268435455 tokens, found 0");
  BOOST_TEST(refusal(R"("model": {"type": "Words", "vocab": {}})") ==
             "t.json: model.type: expected one of BPE, WordPiece, WordLevel, Unigram, found 'Words'");
  const auto pre = [&](const std::string& part) { return refusal(letters + R"(, "pre_tokenizer": )" + part); };
  BOOST_TEST(pre(R"({"type": "Metaspace", "replacement": "ab"})") ==
             "t.json: pre_tokenizer.replacement: expected one character, found 'ab'");
  BOOST_TEST(pre(R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})") ==
             "t.json: pre_tokenizer.prepend_scheme: expected always, first or never, found 'last'");
  BOOST_TEST(pre(R"({"type": "FixedLength", "length": 0})") == "t.json: pre_tokenizer.length: expected at least 1, found 0");
}

// What UnicodeScripts of Hugging Face tokenizers gives.
BOOST_AUTO_TEST_CASE(pieces_are_in_one_script) {
  const Tokenizer tokenizer = with(letters + R"(, "pre_tokenizer": {"type": "UnicodeScripts"})");
  const auto pieces = [&](const std::string& text) {
    std::string found;
    for (const auto& [begin, end] : tokenizer.encode(text).offsets) found += std::to_string(begin) + "-" + std::to_string(end) + " ";
    return found;
  };
  BOOST_TEST(pieces("  ab c1 \u0434\u0430 b") == "2-6 6-8 8-11 11-12 ");
  BOOST_TEST(pieces("\u3072\u30ab\u30fc\u6f22, a\u0301") == "0-4 4-6 6-7 7-8 ");
  BOOST_TEST(pieces("a\u30fcb") == "0-1 1-2 2-3 ");
  BOOST_TEST(pieces("\u0e01\u0e32\u3002\uff76") == "0-2 2-3 3-4 ");
  BOOST_TEST(pieces("   ") == "");
  BOOST_TEST(tokenizer.encode("a\u0434").ids == (std::vector<TokenId>{1, 0}), boost::test_tools::per_element());
}

// Forty steps that each make a text twice as long are an error before they are a terabyte.
BOOST_AUTO_TEST_CASE(texts_do_not_grow_without_end) {
  const auto chain = [](const std::string& part, int count) {
    std::string list = part;
    for (int i = 1; i < count; ++i) list += ", " + part;
    return "[" + list + "]";
  };
  const std::string twice = R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"})";
  const auto normalizing = [&](int count) { return with(letters + R"(, "normalizer": {"type": "Sequence", "normalizers": )" + chain(twice, count) + "}"); };
  const auto decoding = [&](int count) { return with(letters + R"(, "decoder": {"type": "Sequence", "decoders": )" + chain(twice, count) + "}"); };
  const std::string text(100, 'a');
  EncodingCache cache;
  std::vector<TokenId> ids;
  BOOST_TEST(message_of([&] { normalizing(40).append_ids(text, ids, cache); }) == "a text of 100 bytes is replaced by more than 256 times as much");
  BOOST_TEST(message_of([&] { (void)normalizing(40).encode(text); }) == "a text of 100 bytes is replaced by more than 256 times as much");
  BOOST_TEST(normalizing(6).encode(text).ids.size() == 1u);
  const std::vector<TokenId> tokens(100, 1);
  BOOST_TEST(message_of([&] { (void)decoding(40).decode(tokens); }) == "decoders: texts of 100 bytes become more than 256 times as long");
  BOOST_TEST(decoding(6).decode(tokens).size() == 6400u);
  const auto bytes = [&](int count) {
    return message_of([&] {
      (void)with(letters + R"(, "normalizer": {"type": "Sequence", "normalizers": )" + chain(R"({"type": "ByteLevel"})", count) + "}");
    });
  };
  BOOST_TEST(bytes(8) == "");
  BOOST_TEST(bytes(9) == "t.json: more than 8 steps of ByteLevel, each of which makes text twice as long");
}

BOOST_AUTO_TEST_CASE(tries_know_every_beginning) {
  const TokenTrie trie{{{"ab", 7}, {"abc", 9}, {"", 1}, {"ab", 8}, {"\xff", 3}}};
  std::vector<std::size_t> found;
  trie.for_each_prefix("abcd", [&](std::size_t bytes, TokenId number) {
    found.insert(found.end(), {bytes, static_cast<std::size_t>(number)});
  });
  BOOST_TEST(found == (std::vector<std::size_t>{2, 7, 3, 9}), boost::test_tools::per_element());
  BOOST_TEST(trie.longest_prefix("a").first == 0u);
  BOOST_TEST(trie.longest_prefix("\xff\xff").second == 3);
  BOOST_TEST(trie.longest_prefix("").first == 0u);
  BOOST_TEST(TokenTrie{}.longest_prefix("a").second == -1);
}

BOOST_AUTO_TEST_SUITE_END()
