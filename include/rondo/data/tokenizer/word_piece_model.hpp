// WordPieceModel: a piece of text becomes the longest token that it begins with, and so on with the rest (Wu et al. 2016,
// section 4.1, as BERT applies it). WholeWordModel: a piece of text is one token.
//
//   model.encode(piece, out)     appends the tokens, with the bytes of the piece that they stand for
//
// Tokens inside of a word begin with `continuing_prefix` in the vocabulary ("##ing"). A piece whose rest begins with no
// token, or of more than `longest_word` characters, is the unknown token as a whole; encode throws Error where that is needed
// and not in the vocabulary. The constructors throw what Vocabulary does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/token_trie.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/data/tokenizer/vocabulary.hpp>

namespace rondo {

// The descriptions of models, as files give them.
struct WordPieces {
  TokensWithIds vocabulary;
  std::string unknown_token = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t longest_word = 100;
};
struct WholeWords {
  TokensWithIds vocabulary;
  std::string unknown_token;
};

class WordPieceModel : public Vocabulary {
 public:
  WordPieceModel(const WordPieces& pieces, const std::string& name)
      : Vocabulary(pieces.vocabulary, name), unknown_(pieces.unknown_token, *this), longest_word_(pieces.longest_word) {
    std::vector<TokenTrie::Word> words;
    std::vector<TokenTrie::Word> rests;
    for (const auto& [token, id] : pieces.vocabulary) {
      words.emplace_back(token, id);
      if (token.starts_with(pieces.continuing_prefix))
        rests.emplace_back(std::string_view(token).substr(pieces.continuing_prefix.size()), id);
    }
    words_ = TokenTrie{std::move(words)};
    rests_ = TokenTrie{std::move(rests)};
  }

  void encode(std::string_view piece, std::vector<PieceToken>& out) const {
    const std::size_t first = out.size();
    const auto all = static_cast<std::uint32_t>(piece.size());
    bool known = count_characters(piece) <= longest_word_;
    for (std::uint32_t at = 0; known && at < all;) {
      const auto [bytes, id] = (at == 0 ? words_ : rests_).longest_prefix(piece.substr(at));
      known = bytes > 0;
      if (known) out.push_back({id, at, at + static_cast<std::uint32_t>(bytes)});
      at += static_cast<std::uint32_t>(bytes);
    }
    if (known) return;
    out.resize(first);
    out.push_back({unknown_.id(piece), 0, all});
  }
  [[nodiscard]] TokenId unknown() const { return unknown_.known_id(); }

 private:
  UnknownToken unknown_;
  std::size_t longest_word_;
  TokenTrie words_, rests_;
};

class WholeWordModel : public Vocabulary {
 public:
  WholeWordModel(const WholeWords& words, const std::string& name)
      : Vocabulary(words.vocabulary, name), unknown_(words.unknown_token, *this) {}

  void encode(std::string_view piece, std::vector<PieceToken>& out) const {
    const auto known = find(piece);
    out.push_back({known ? *known : unknown_.id(piece), 0, static_cast<std::uint32_t>(piece.size())});
  }
  [[nodiscard]] TokenId unknown() const { return unknown_.known_id(); }

 private:
  UnknownToken unknown_;
};

}  // namespace rondo
