// Texts for a classifier: one text, or two as a pair, cut to a number of tokens, with the special tokens of the tokenizer.
//
//   EncodedTexts texts = encode_texts(tokenizer, "Is it so?", "It is.", 128);
//   texts.ids         at most 128
//   texts.cut         tokens that were left out
//
// Cut "longest first" (Hugging Face tokenizers): the longer text to the room that the shorter leaves, and where the shorter has more
// than half of it both to half, the longer one to the odd token. A single text is cut at its end.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/tokenizer.hpp>

namespace rondo {

// The tokens of two texts that `room` has a place for.
[[nodiscard]] constexpr std::pair<Index, Index> longest_first(Index first, Index second, Index room) {
  if (first + second <= room) return {first, second};
  Index less = std::min(first, second), more = less > room ? less : std::max(less, room - less);
  if (less + more > room) {
    less = room / 2;
    more = less + room % 2;
  }
  return first <= second ? std::pair{less, more} : std::pair{more, less};
}

struct EncodedTexts {
  std::vector<TokenId> ids;
  Index cut = 0;
};

// `second` may be null. Throws Error where there is no room for the special tokens.
[[nodiscard]] inline EncodedTexts encode_texts(const Tokenizer& tokenizer, std::string_view first, const std::string* second,
                                               Index length) {
  const TextsTemplate pieces = tokenizer.texts_template(second != nullptr);
  const auto special = std::count_if(pieces.begin(), pieces.end(), [](const TemplatePiece& piece) { return piece.token >= 0; });
  require(special < length, "texts: ", length, " tokens have no room for a text beside ", special, " special ones");
  const std::vector<TokenId> a = tokenizer.encode(first).ids, b = second ? tokenizer.encode(*second).ids : std::vector<TokenId>{};
  const auto all = std::ssize(a) + std::ssize(b);
  const auto [kept_a, kept_b] =
      second ? longest_first(std::ssize(a), std::ssize(b), length - special)
             : std::pair{std::min(std::ssize(a), length - special), Index{0}};
  EncodedTexts result{{}, all - kept_a - kept_b};
  for (const TemplatePiece& piece : pieces) {
    if (piece.kind == TemplatePiece::Kind::first_text) result.ids.insert(result.ids.end(), a.begin(), a.begin() + kept_a);
    if (piece.kind == TemplatePiece::Kind::second_text) result.ids.insert(result.ids.end(), b.begin(), b.begin() + kept_b);
    if (piece.kind == TemplatePiece::Kind::token) result.ids.push_back(piece.token);
  }
  return result;
}

}  // namespace rondo
