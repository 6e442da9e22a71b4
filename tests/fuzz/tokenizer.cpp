// Any bytes as a tokenizer.json; one that is read encodes and decodes.
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

#include <cstdlib>

#include "data/tokenizer_documents.hpp"
#include "fuzz/target.hpp"

namespace rondo::fuzz {

bool read(std::string_view bytes) {
  try {
    const Tokenizer tokenizer = Tokenizer::parse(bytes, "tokenizer.json");
    EncodingCache cache;
    for (const std::string text : {"", "abc ab <s>a  <mask>NAME\n", " \u00e4 e\u0301\u0130 12\uFB01\t ''s \U0001f642"}) {
      const Encoding encoding = tokenizer.encode(text, SpecialTokens::included);
      if (encoding.ids.size() != encoding.offsets.size()) std::abort();
      for (const auto& [begin, end] : encoding.offsets)
        if (begin > end) std::abort();
      if (first_invalid_utf8(tokenizer.decode(encoding.ids)) != std::string::npos) std::abort();
      std::vector<TokenId> ids;
      tokenizer.append_ids(text, ids, cache);
      if (ids != tokenizer.encode(text).ids) std::abort();
      for (const TokenId id : ids)
        if (id < 0 || id >= tokenizer.vocabulary()) std::abort();
    }
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::vector<std::string> seeds() {
  return {test::byte_level_document(), test::fallback_document(), test::word_piece_document(),
          test::unigram_document(),    test::word_document(),     R"({"model": {"vocab": {"a": 0}, "merges": []}})"};
}

}  // namespace rondo::fuzz
