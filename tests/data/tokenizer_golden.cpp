// Published tokenizers against the encodings of Hugging Face tokenizers and SentencePiece: ids, offsets, decoded text.
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/io/json.hpp>

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

using namespace rondo;

namespace {

void compare(const std::string& file, const std::string& golden) {
  const Tokenizer tokenizer = Tokenizer::load(test::shared("data/tokenizers") / file);
  std::istringstream lines{test::content(test::shared("fixtures/tokenizers") / (golden + ".jsonl"))};
  EncodingCache cache;
  int texts = 0;
  for (std::string line; std::getline(lines, line); ++texts) {
    const Json expected = parse_json(line, golden);
    const auto text = expected["text"].get<std::string>();
    BOOST_TEST_CONTEXT(file << ": " << expected["text"].dump()) {
      for (const std::string kind : {"", "_special"}) {
        const bool special = !kind.empty();
        const Encoding encoding = tokenizer.encode(text, special ? SpecialTokens::included : SpecialTokens::left_out);
        BOOST_TEST(Json(encoding.ids) == expected["ids" + kind]);
        Json offsets = Json::array();
        for (const auto& [begin, end] : encoding.offsets) offsets.push_back(Json::array({begin, end}));
        BOOST_TEST(offsets == expected["offsets" + kind]);
        BOOST_TEST(tokenizer.decode(encoding.ids, special ? SpecialTokens::left_out : SpecialTokens::included) ==
                   expected["decoded" + kind].get<std::string>());
      }
      std::vector<TokenId> ids;
      tokenizer.append_ids(text, ids, cache);
      BOOST_TEST(Json(ids) == expected["ids"]);
    }
  }
  BOOST_TEST(texts == 167);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_golden)

BOOST_AUTO_TEST_CASE(babyberta, *test::needs_shared("fixtures/tokenizers")) {
  compare("babyberta_bpe8k.json", "babyberta_bpe8k");
}
BOOST_AUTO_TEST_CASE(gptbert, *test::needs_shared("fixtures/tokenizers")) {
  compare("gptbert_tokenizer_10M.json", "gptbert_10m");
}
BOOST_AUTO_TEST_CASE(roberta, *test::needs_shared("fixtures/tokenizers")) {
  compare("roberta-base.json", "roberta_base");
}
BOOST_AUTO_TEST_CASE(gpt2, *test::needs_shared("fixtures/tokenizers")) {
  compare("gpt2_encoder.json", "gpt2");
}
#ifdef RONDO_SENTENCEPIECE
BOOST_AUTO_TEST_CASE(llama2, *test::needs_shared("fixtures/tokenizers")) {
  compare("llama2_tokenizer.model", "llama2");
}
#endif

BOOST_AUTO_TEST_SUITE_END()
