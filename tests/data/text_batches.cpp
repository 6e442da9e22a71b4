// Labelled texts a step at a time; pairs of texts cut to a length.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <rondo/data/text_batches.hpp>
#include <rondo/data/text_pair.hpp>

namespace rondo {
namespace {

// Text i has i % 4 + 1 tokens, all of them i, and the label i % 3.
std::vector<LabelledText> some_texts(Index count) {
  std::vector<LabelledText> texts;
  for (Index i = 0; i < count; ++i)
    texts.push_back({std::vector<Token>(static_cast<std::size_t>(i % 4 + 1), static_cast<Token>(i)), static_cast<Token>(i % 3)});
  return texts;
}
Index last_row(const Sequence& text) { return text.begin + text.length - 1; }

// The texts of a batch, which must be packed and have their labels in their last rows.
std::vector<Token> texts_of(const Batch& batch) {
  std::vector<Token> result;
  Index rows = 0;
  for (const Sequence& text : batch.sequences) {
    BOOST_TEST(text.begin == rows);
    rows += text.length;
    const Token id = batch.ids(0, text.begin);
    result.push_back(id);
    for (Index t = text.begin; t < rows; ++t) {
      BOOST_TEST(batch.ids(0, t) == id);
      BOOST_TEST(batch.labels(0, t) == (t == rows - 1 ? id % 3 : no_label));
    }
  }
  BOOST_TEST(batch.ids.columns == rows);
  BOOST_TEST(batch.tokens == rows);
  return result;
}

BOOST_AUTO_TEST_SUITE(text_batches)

BOOST_AUTO_TEST_CASE(every_text_once_an_epoch) {
  const auto texts = some_texts(11);
  for (const bool whole : {false, true}) {
    TextBatches batches{texts, last_row, {.rows = 4, .whole = whole, .seed = Seed{3}}};
    BOOST_TEST(batches.steps_per_epoch() == (whole ? 2 : 3));
    std::vector<std::vector<Token>> epochs(3);
    Batch batch;
    for (std::vector<Token>& epoch : epochs)
      for (Index step = 0; step < batches.steps_per_epoch(); ++step) {
        batches.next(batch);
        const auto drawn = texts_of(batch);
        BOOST_TEST(std::ssize(drawn) == (step == 2 ? 3 : 4));
        epoch.insert(epoch.end(), drawn.begin(), drawn.end());
      }
    for (const std::vector<Token>& epoch : epochs) BOOST_TEST(std::set<Token>(epoch.begin(), epoch.end()).size() == (whole ? 8U : 11U));
    BOOST_TEST(epochs[0] != epochs[1]);
    BOOST_TEST(epochs[1] != epochs[2]);
  }
  TextBatches in_order{texts, last_row, {.rows = 11, .shuffled = false}};
  Batch batch;
  in_order.next(batch);
  const auto drawn = texts_of(batch);
  for (Index i = 0; i < 11; ++i) BOOST_TEST(drawn[static_cast<std::size_t>(i)] == i);
}

BOOST_AUTO_TEST_CASE(parts_are_the_step) {
  const auto texts = some_texts(9);
  TextBatches whole{texts, last_row, {.rows = 7, .seed = Seed{1}}}, parts{texts, last_row, {.rows = 7, .parts = 3, .seed = Seed{1}}};
  Batch batch;
  for (Index step = 0; step < 4; ++step) {
    whole.next(batch);
    const auto expected = texts_of(batch);
    std::vector<Token> found;
    for (Index part = 0; part < 3; ++part) {
      parts.next(batch);
      if (batch.tokens == 0) {  // fewer texts than parts
        BOOST_TEST(batch.ids.columns == 1);
        BOOST_TEST(!has_label(batch.labels(0, 0)));
        continue;
      }
      const auto drawn = texts_of(batch);
      found.insert(found.end(), drawn.begin(), drawn.end());
    }
    BOOST_TEST(found == expected);
    BOOST_TEST((parts.position() == whole.position()));
  }
}

BOOST_AUTO_TEST_CASE(goes_on_where_it_was) {
  const auto texts = some_texts(10);
  TextBatches straight{texts, last_row, {.rows = 3, .seed = Seed{9}}};
  Batch batch;
  for (int step = 0; step < 9; ++step) {
    TextBatches other{texts, last_row, {.rows = 3, .seed = Seed{9}}};
    other.seek(straight.position());
    straight.next(batch);
    const auto expected = texts_of(batch);
    other.next(batch);
    BOOST_TEST(texts_of(batch) == expected);
  }
  BOOST_CHECK_THROW(straight.seek({0, 11, 0}), Error);
  BOOST_CHECK_THROW((TextBatches{texts, last_row, {.rows = 11, .whole = true}}), Error);
}

// Longest first: tokens are taken one by one from the longer text, the first of two alike (or the second: then the other has the odd one).
BOOST_AUTO_TEST_CASE(longest_first_takes_from_the_longer_text) {
  for (Index a = 0; a < 9; ++a)
    for (Index b = 0; b < 9; ++b)
      for (Index room = 1; room < 18; ++room) {
        const auto [kept_a, kept_b] = longest_first(a, b, room);
        const std::string what = std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(room);
        BOOST_TEST(kept_a + kept_b == std::min(a + b, room), what);
        BOOST_TEST(kept_a <= a, what);
        BOOST_TEST(kept_b <= b, what);
        if (kept_a < a) BOOST_TEST(kept_a + 1 >= kept_b, what);
        if (kept_b < b) BOOST_TEST(kept_b + 1 >= kept_a, what);
      }
}

Tokenizer words(const std::string& post_processor) {
  return Tokenizer::parse(R"({"model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "c": 2, "[": 3, "|": 4, "]": 5}, "unk_token": "a"},
    "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": )" + post_processor + "}", "words.json");
}

BOOST_AUTO_TEST_CASE(pairs_of_texts) {
  using Ids = std::vector<TokenId>;
  const std::string second = "b b b b";
  const auto ids = [&](const std::string& post_processor, Index length) { return encode_texts(words(post_processor), "a c a", &second, length).ids; };
  BOOST_TEST(ids("null", 20) == (Ids{0, 2, 0, 1, 1, 1, 1}));
  BOOST_TEST(ids(R"({"type": "BertProcessing", "cls": ["[", 3], "sep": ["]", 5]})", 20) == (Ids{3, 0, 2, 0, 5, 1, 1, 1, 1, 5}));
  BOOST_TEST(ids(R"({"type": "RobertaProcessing", "cls": ["[", 3], "sep": ["]", 5]})", 8) == (Ids{3, 0, 2, 5, 5, 1, 1, 5}));
  const std::string given = R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}], "pair": [
    {"SpecialToken": {"id": "[", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "|", "type_id": 0}},
    {"Sequence": {"id": "A", "type_id": 1}}], "special_tokens": {"[": {"id": "[", "ids": [3], "tokens": ["["]},
    "|": {"id": "|", "ids": [4, 5], "tokens": ["|", "]"]}}})";
  BOOST_TEST(ids(given, 20) == (Ids{3, 1, 1, 1, 1, 4, 5, 0, 2, 0}));
  const EncodedTexts cut = encode_texts(words(given), "a c a", &second, 5);
  BOOST_TEST(cut.ids == (Ids{3, 1, 4, 5, 0}));
  BOOST_TEST(cut.cut == 5);
  const EncodedTexts alone = encode_texts(words(given), "a c a", nullptr, 2);
  BOOST_TEST(alone.ids == (Ids{0, 2}));
  BOOST_TEST(alone.cut == 1);
  BOOST_CHECK_EXCEPTION(encode_texts(words(given), "a", &second, 3), Error, [](const Error& error) {
    return error.what() == std::string("texts: 3 tokens have no room for a text beside 3 special ones");
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo
