// Pre-tokenisers: how text is cut into pieces that no token crosses, each one step of a list.
//
//   ByteLevel{prefix_space, split}           GPT-2: a space before a piece that does not start with one, words, then every
//                                            byte as its character (byte_level.hpp)
//   Split{pattern, behavior, inverted}       matches and what lies between them (text_pattern.hpp)
//   Metaspace{...}                           SentencePiece's words (metaspace.hpp)
//   FixedLength{length}                      so many characters each
//
// cut(piece, out) makes pieces that know where they come from. for_each_piece(text, first, use) only gives their texts:
// use(text, first), where `first` says that the piece begins where the given text does. A sequence applies each step to every
// piece of the step before. Empty pieces vanish.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/metaspace.hpp>
#include <rondo/data/tokenizer/split.hpp>

namespace rondo {

struct ByteLevel {
  bool prefix_space;
  bool split;

  void cut(AlignedText piece, Pieces& out) const {
    if (prefix_space && !piece.text().starts_with(' ')) piece.prepend(" ");
    for_each_word(piece.text(), [&](std::size_t begin, std::size_t end) {
      out.push_back(piece.slice(begin, end));
      write_bytes(out.back());
    });
  }
  template <class Use>
  void for_each_piece(std::string_view text, bool first, Use&& use) const {
    for_each_given_piece(text, [&](std::string_view word) {
      use(byte_level_text(word), first);
      first = false;
    });
  }
  // The pieces before their bytes are written as characters: use(text).
  template <class Use>
  void for_each_given_piece(std::string_view text, Use&& use) const {
    if (prefix_space && !text.starts_with(' ')) {
      const std::string spaced = std::string(" ").append(text);
      for_each_word(spaced,
                    [&](std::size_t begin, std::size_t end) { use(std::string_view(spaced).substr(begin, end - begin)); });
    } else {
      for_each_word(text, [&](std::size_t begin, std::size_t end) { use(text.substr(begin, end - begin)); });
    }
  }

 private:
  template <class Use>
  void for_each_word(std::string_view text, Use&& use) const {
    if (split) return split_words(text, use);
    use(std::size_t{0}, text.size());
  }
};

struct FixedLength {
  std::size_t length;

  void cut(const AlignedText& piece, Pieces& out) const {
    for_each_range(piece.text(), [&](std::size_t begin, std::size_t end) { out.push_back(piece.slice(begin, end)); });
  }
  template <class Use>
  void for_each_piece(std::string_view text, bool first, Use&& use) const {
    for_each_range(text, [&](std::size_t begin, std::size_t end) { use(text.substr(begin, end - begin), first && begin == 0); });
  }

 private:
  template <class Use>
  void for_each_range(std::string_view text, Use&& use) const {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      for (std::size_t i = 0; i < length && at < text.size(); ++i) at += utf8_length(text[at]);
      use(begin, at);
    }
  }
};

using PreTokenizer = std::variant<ByteLevel, Split, Metaspace, FixedLength>;
using PreTokenizers = std::vector<PreTokenizer>;

[[nodiscard]] inline Pieces cut(const PreTokenizers& steps, AlignedText text) {
  Pieces pieces;
  if (!text.text().empty()) pieces.push_back(std::move(text));
  for (const PreTokenizer& step : steps) {
    Pieces next;
    next.reserve(pieces.size());
    for (AlignedText& piece : pieces) std::visit([&](const auto& one) { one.cut(std::move(piece), next); }, step);
    pieces = std::move(next);
  }
  return pieces;
}

}  // namespace rondo
