// Pre-tokenisers: how text is cut into pieces that no token crosses, each one step of a list.
//
//   ByteLevel{prefix_space, split}           GPT-2: a space before a piece that does not start with one, words, then every
//                                            byte as its character (byte_level.hpp)
//   Split{pattern, behavior, inverted}       matches and what lies between them
//   Digits{individually}                     runs of numbers, or each by itself
//
// cut() makes pieces that know where they come from. for_each_piece(text, use) only tells their borders: use(begin, end),
// bytes of the text as it is before ByteLevel puts a space in front and rewrites it.
//
// A sequence applies each step to every piece of the step before. Empty pieces vanish.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/normalizer.hpp>

namespace rondo {

using Pieces = std::vector<AlignedText>;

struct ByteLevel {
  bool prefix_space;
  bool split;

  void cut(AlignedText piece, Pieces& out) const {
    if (prefix_space && !piece.text().starts_with(' ')) piece.prepend(" ");
    for_each_piece(piece.text(), [&](std::size_t begin, std::size_t end) {
      out.push_back(piece.slice(begin, end));
      write_bytes(out.back());
    });
  }
  template <class Use>
  void for_each_piece(std::string_view text, Use&& use) const {
    if (split) return split_words(text, use);
    use(std::size_t{0}, text.size());
  }

 private:
  static void write_bytes(AlignedText& piece) {
    std::vector<Replacement> replacements;
    const std::string& text = piece.text();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = at + utf8_length(text[at]);
      for (const std::size_t begin = at; at < end; ++at)
        replacements.push_back({byte_character(static_cast<unsigned char>(text[at])), at > begin});
    }
    piece.replace(replacements);
  }
};

// What becomes of the matches: dropped, pieces of their own, or joined with a neighbour.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct Split {
  TextPattern pattern;
  SplitBehavior behavior;
  bool inverted;

  void cut(const AlignedText& piece, Pieces& out) const {
    for_each_piece(piece.text(), [&](std::size_t begin, std::size_t end) { out.push_back(piece.slice(begin, end)); });
  }
  template <class Use>
  void for_each_piece(std::string_view text, Use&& use) const {
    struct Part {
      std::size_t begin, end;
      bool match;
    };
    Part waiting{0, 0, false};  // what the next part may be joined to
    bool any = false;
    const auto flush = [&] {
      if (waiting.begin < waiting.end && !(waiting.match && behavior == SplitBehavior::removed)) use(waiting.begin, waiting.end);
    };
    bool last_match = false;
    const auto add = [&](Part part) {
      const bool join = any && ((behavior == SplitBehavior::contiguous && part.match == last_match) ||
                                (behavior == SplitBehavior::merged_with_previous && part.match && !last_match) ||
                                (behavior == SplitBehavior::merged_with_next && !part.match && last_match));
      last_match = part.match;
      any = true;
      if (join) {
        waiting.end = part.end;
      } else {
        flush();
        waiting = part;
      }
    };
    std::size_t done = 0;
    for_each_match(pattern, text, [&](std::size_t begin, std::size_t end) {
      if (begin > done) add({done, begin, inverted});
      add({begin, end, !inverted});
      done = end;
    });
    if (done < text.size()) add({done, text.size(), inverted});
    flush();
  }
};

struct Digits {
  bool individually;

  void cut(const AlignedText& piece, Pieces& out) const {
    for_each_piece(piece.text(), [&](std::size_t begin, std::size_t end) { out.push_back(piece.slice(begin, end)); });
  }
  template <class Use>
  void for_each_piece(std::string_view text, Use&& use) const {
    const auto is_number = [&](std::size_t at) {
      return CharacterKinds::table()(decode_utf8(text.data() + at)) == CharacterKind::number;
    };
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const bool number = is_number(at);
      at += utf8_length(text[at]);
      if (at < text.size() && is_number(at) == number && !(number && individually)) continue;
      use(begin, at);
      begin = at;
    }
  }
};

using PreTokenizer = std::variant<ByteLevel, Split, Digits>;
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
