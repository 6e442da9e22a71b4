// What a tokenizer gives back.
//
//   ids      one number a token, 0 <= id < vocabulary
//   offsets  one half-open range a token, counted in characters (Unicode code points, not bytes) of the text as it was
//            given; tokens that a post-processor added have the range (0, 0)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <rondo/core/sequence.hpp>

namespace rondo {

using TokenId = Token;

struct CharacterRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const CharacterRange&, const CharacterRange&) = default;
};

// A token of a piece of text, and the bytes of the piece that it stands for.
struct PieceToken {
  TokenId id;
  std::uint32_t begin;
  std::uint32_t end;
};

struct Encoding {
  std::vector<TokenId> ids;
  std::vector<CharacterRange> offsets;
};

// What the ids of one text, or of two, become: theirs and special tokens, in this order.
struct TemplatePiece {
  enum class Kind : unsigned char { first_text, second_text, token };
  Kind kind = Kind::first_text;
  TokenId token = -1;
  friend bool operator==(const TemplatePiece&, const TemplatePiece&) = default;
};
using TextsTemplate = std::vector<TemplatePiece>;
[[nodiscard]] inline TemplatePiece special_piece(TokenId token) { return {TemplatePiece::Kind::token, token}; }
[[nodiscard]] inline TextsTemplate two_texts() { return {{TemplatePiece::Kind::first_text}, {TemplatePiece::Kind::second_text}}; }

// Whether the post-processor adds its tokens (<s> ... </s>); and whether decoding writes special tokens out.
enum class SpecialTokens { left_out, included };

// The tokens with a meaning of their own, as far as the tokenizer's files name them; absent ones are -1.
struct SpecialIds {
  TokenId begin_of_text = -1;
  TokenId end_of_text = -1;
  TokenId unknown = -1;
  TokenId padding = -1;
  std::vector<TokenId> ends{};  // what ends a text that a model writes; empty: end_of_text does

  [[nodiscard]] bool ends_text(TokenId id) const {
    return ends.empty() ? id >= 0 && id == end_of_text : std::find(ends.begin(), ends.end(), id) != ends.end();
  }
};

}  // namespace rondo
