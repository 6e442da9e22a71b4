// Streamed text: pieces in whole characters, together what decoding at once gives.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/generate/streamed_text.hpp>
#include <rondo/io/json.hpp>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

namespace rondo::test {
namespace {

using Ids = std::vector<Token>;

// Emoji (also joined ones), accents composed and not, other scripts, spaces of all kinds, a character that is U+FFFD itself.
const std::string characters =
    "Na\u00efve caf\u00e9 \U0001f642\U0001f680 e\u0301a\u0308 \u4e2d\u6587\u5b57 \u0928\u092e\u0938\u094d\u0924\u0947  "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\n\n \u00df\u20ac\t\U00010348x\ufffd y\ufffd\ufffd\U0001f600.\u3000\u00a0";

std::string long_text() {
  std::string text;
  for (int i = 0; i < 8; ++i) text += characters + (i % 2 ? "It was " : "\u00e9");
  return text;
}

// Every byte a token, a few joined; the last two cut characters and words in two in their own way.
const Tokenizer& byte_level() {
  static const Tokenizer tokenizer = [] {
    Json document = parse_json(R"({"added_tokens": [], "normalizer": null, "post_processor": null,
      "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
      "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
      "model": {"type": "BPE", "unk_token": null, "fuse_unk": false, "vocab": {}, "merges": []}})",
                               "tokenizer.json");
    Json& model = document["model"];
    int id = 0;
    for (int byte = 0; byte < 256; ++byte) model["vocab"][utf8(byte_character(static_cast<unsigned char>(byte)))] = id++;
    for (const std::string pair : {"It", "\xF0\x9F", "\x98\x80", "\xA9\xC3"}) {
      const std::string left = byte_level_text(pair.substr(0, 1)), right = byte_level_text(pair.substr(1));
      model["vocab"][left + right] = id++;
      model["merges"].push_back(left + " " + right);
    }
    return Tokenizer::parse(document.dump(), "tokenizer.json");
  }();
  return tokenizer;
}

// In SentencePiece's manner: letters and a few words, every other byte as <0x..>, U+2581 for a space.
const Tokenizer& byte_fallback() {
  static const Tokenizer tokenizer = [] {
    Json document = parse_json(R"({"added_tokens": [{"id": 0, "content": "<s>", "special": true, "normalized": false}],
      "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
      "pre_tokenizer": null, "post_processor": null,
      "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
        {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
      "model": {"type": "BPE", "unk_token": "<s>", "fuse_unk": true, "byte_fallback": true, "vocab": {"<s>": 0, "\u2581": 1},
        "merges": [["\u2581", "I"], ["\u2581I", "t"], ["\u2581", "w"]]}})",
                               "tokenizer.json");
    Json& vocabulary = document["model"]["vocab"];
    int id = 2;
    constexpr char digits[] = "0123456789ABCDEF";
    for (std::size_t byte = 0; byte < 256; ++byte)
      vocabulary[std::string("<0x") + digits[byte / 16] + digits[byte % 16] + ">"] = id++;
    for (char letter = 'A'; letter <= 'z'; ++letter) vocabulary[std::string(1, letter)] = id++;
    for (const char* piece : {"\u2581I", "\u2581It", "\u2581w", "\u00e9"}) vocabulary[piece] = id++;
    return Tokenizer::parse(document.dump(), "tokenizer.json");
  }();
  return tokenizer;
}

bool ends_with_replacement(const std::string& text) {
  return text.ends_with("\ufffd");
}

// The first `prompt` tokens are the prompt.
void expect_stream(const Tokenizer& tokenizer, const Ids& ids, std::size_t prompt) {
  std::size_t decoded = 0;
  StreamedText stream{[&](std::span<const Token> tokens) {
                        decoded += tokens.size();
                        return tokenizer.decode(tokens);
                      },
                      Ids(ids.begin(), ids.begin() + static_cast<Index>(prompt))};
  std::string text = tokenizer.decode(std::span(ids).first(prompt));
  for (std::size_t i = prompt; i < ids.size(); ++i) {
    const std::string piece = stream.add(ids[i]);
    BOOST_TEST(first_invalid_utf8(piece) == piece.npos);
    text += piece;
    if (ids.size() > 1500 && i % 29 != 0) continue;
    // Nothing is held back but what may be half a character.
    const std::string now = tokenizer.decode(std::span(ids).first(i + 1));
    if (!ends_with_replacement(now)) BOOST_TEST(text == now);
  }
  BOOST_TEST(text + stream.rest() == tokenizer.decode(ids));
  BOOST_TEST(stream.rest().empty());
  BOOST_TEST(decoded <= prompt + 120 * (ids.size() - prompt + 1));  // however long the text
}

void expect_streams(const Tokenizer& tokenizer, const std::string& text) {
  const Ids ids = tokenizer.encode(text).ids;
  // Prompts end with whole characters, after no tokens, some, or as many as are kept and more.
  for (std::size_t prompt = 0; prompt < std::min<std::size_t>(ids.size(), 150); prompt += prompt < 20 ? 3 : 29)
    if (!ends_with_replacement(tokenizer.decode(std::span(ids).first(prompt)))) {
      BOOST_TEST_CONTEXT("a prompt of " << prompt << " tokens") {
        expect_stream(tokenizer, ids, prompt);
      }
    }
}

BOOST_AUTO_TEST_SUITE(streamed_text)

BOOST_AUTO_TEST_CASE(bytes_become_whole_characters) {
  const Ids ids = byte_level().encode(long_text()).ids;
  BOOST_TEST(ids.size() > 800U);
  BOOST_TEST(byte_level().decode(ids) == long_text());
  expect_streams(byte_level(), long_text());
  // An emoji of four tokens comes out with the last of them.
  StreamedText stream{[](std::span<const Token> tokens) { return byte_level().decode(tokens); }};
  const Ids rocket{0xF0, 0x9F, 0x9A, 0x80};
  for (const Token byte : {0, 1, 2}) BOOST_TEST(stream.add(rocket[static_cast<std::size_t>(byte)]).empty());
  BOOST_TEST(stream.add(rocket[3]) == "\U0001f680");
}

// What a model says before it has learned what characters are.
BOOST_AUTO_TEST_CASE(bytes_in_no_order_stay_utf8) {
  std::mt19937 random{3};
  for (int round = 0; round < 20; ++round) {
    Ids ids;
    for (int i = 0; i < 300; ++i) ids.push_back(static_cast<Token>(round % 2 ? 0x80 + random() % 0x80 : random() % 260));
    expect_stream(byte_level(), ids, 0);
  }
}

BOOST_AUTO_TEST_CASE(fallback_bytes_become_whole_characters) {
  const std::string text = long_text();
  const Ids ids = byte_fallback().encode(text).ids;
  BOOST_TEST(ids.size() > 600U);
  BOOST_TEST(byte_fallback().decode(ids) == text);
  expect_streams(byte_fallback(), text);
  // A run of bytes longer than all that is kept.
  std::string run;
  for (int i = 0; i < 60; ++i) run += "\U0001f680";
  expect_streams(byte_fallback(), "It was" + run + " " + run + "It");
}

BOOST_AUTO_TEST_CASE(fallback_bytes_in_no_order_stay_utf8) {
  std::mt19937 random{4};
  for (int round = 0; round < 20; ++round) {
    StreamedText stream{[](std::span<const Token> tokens) { return byte_fallback().decode(tokens); }};
    for (int i = 0; i < 300; ++i) {
      const std::string piece = stream.add(static_cast<Token>(1 + random() % 300));
      BOOST_TEST(first_invalid_utf8(piece) == piece.npos);
    }
    const std::string rest = stream.rest();
    BOOST_TEST(first_invalid_utf8(rest) == rest.npos);
  }
}

void expect_published(const std::string& file, const std::string& golden) {
  const Tokenizer tokenizer = Tokenizer::load(shared("data/tokenizers") / file);
  std::istringstream lines{content(shared("fixtures/tokenizers") / (golden + ".jsonl"))};
  std::string all = "It was ";
  for (std::string line; std::getline(lines, line);) {
    const auto text = parse_json(line, golden)["text"].get<std::string>();
    if (text.size() < 300) all += text;
  }
  const Ids ids = tokenizer.encode(all).ids;
  BOOST_TEST(ids.size() > 1500U);
  for (const std::size_t prompt : {1U, 3U, 30U}) expect_stream(tokenizer, ids, prompt);
}

BOOST_AUTO_TEST_CASE(gpt2, *needs_shared("fixtures/tokenizers")) {
  expect_published("gpt2_encoder.json", "gpt2");
}
BOOST_AUTO_TEST_CASE(gptbert, *needs_shared("fixtures/tokenizers")) {
  expect_published("gptbert_tokenizer_10M.json", "gptbert_10m");
}
#ifdef RONDO_SENTENCEPIECE
BOOST_AUTO_TEST_CASE(llama2, *needs_shared("fixtures/tokenizers")) {
  expect_published("llama2_tokenizer.model", "llama2");
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
