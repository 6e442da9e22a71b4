// TokenModel: what makes tokens of pieces of text, one of four kinds.
//
//   TokenModel model = make_model(ModelParts{BytePairs{...}}, "tokenizer.json");
//
// All have encode(piece, out), find(token), token(id), size(), token_count() and unknown() (vocabulary.hpp).
#pragma once

#include <string>
#include <utility>
#include <variant>

#include <rondo/data/tokenizer/byte_pair_model.hpp>
#include <rondo/data/tokenizer/unigram_model.hpp>
#include <rondo/data/tokenizer/word_piece_model.hpp>

namespace rondo {

using ModelParts = std::variant<BytePairs, WordPieces, WholeWords, UnigramPieces>;
using TokenModel = std::variant<BytePairModel, WordPieceModel, WholeWordModel, UnigramModel>;

[[nodiscard]] inline TokenModel make_model(ModelParts parts, const std::string& name) {
  struct Make {
    const std::string& name;
    TokenModel operator()(BytePairs pairs) const { return BytePairModel{std::move(pairs), name}; }
    TokenModel operator()(const WordPieces& pieces) const { return WordPieceModel{pieces, name}; }
    TokenModel operator()(const WholeWords& words) const { return WholeWordModel{words, name}; }
    TokenModel operator()(UnigramPieces pieces) const { return UnigramModel{std::move(pieces), name}; }
  };
  return std::visit(Make{name}, std::move(parts));
}

}  // namespace rondo
