// Post-processors: what is done to the tokens of a whole text.
//
//   TrimOffsets{prefix_space}   takes the white space at the ends of byte-level tokens out of their offsets
//   AddSpecial{before, after}   puts special tokens around the text, with offsets (0, 0); `pair` says what two texts become
//
// Trimming keeps Hugging Face's behaviour to the letter: a single leading space of a token whose range begins at 0 stays
// when `prefix_space` says that it was added, and a token of nothing but spaces ends as an empty range.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

struct TrimOffsets {
  bool prefix_space;

  // `token` is the text of the token number `place`.
  [[nodiscard]] CharacterRange trimmed(CharacterRange range, std::string_view token, std::size_t place) const {
    std::size_t characters = 0;
    std::size_t leading = 0;
    std::size_t trailing = 0;
    for (std::size_t at = 0; at < token.size(); at += utf8_length(token[at])) {
      const char32_t character = decode_utf8(token.data() + at);
      const bool space = is_white_space(character) || character == byte_character(' ');
      if (space && leading == characters) ++leading;
      trailing = space ? trailing + 1 : 0;
      ++characters;
    }
    if (leading > 0) {
      const bool added = prefix_space && leading == 1 && (place == 0 || range.begin == 0);
      if (!added) range.begin = std::min(range.begin + leading, range.end);
    }
    if (trailing > 0 && range.end >= trailing) range.end = std::max(range.end - trailing, range.begin);
    return range;
  }
};

struct AddSpecial {
  std::vector<TokenId> before;
  std::vector<TokenId> after;
  TextsTemplate pair = two_texts();

  void process(Encoding& encoding) const {
    encoding.ids.insert(encoding.ids.begin(), before.begin(), before.end());
    encoding.ids.insert(encoding.ids.end(), after.begin(), after.end());
    encoding.offsets.insert(encoding.offsets.begin(), before.size(), {});
    encoding.offsets.insert(encoding.offsets.end(), after.size(), {});
  }
};

using PostProcessor = std::variant<TrimOffsets, AddSpecial>;
using PostProcessors = std::vector<PostProcessor>;

}  // namespace rondo
