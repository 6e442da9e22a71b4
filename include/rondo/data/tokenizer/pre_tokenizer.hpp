// Pre-tokenisers: how text is cut into pieces that no token crosses, each one step of a list.
//
//   ByteLevel{prefix_space, split}           GPT-2: a space before a piece that does not start with one, words, then every
//                                            byte as its character (byte_level.hpp)
//   Split{pattern, behavior, inverted}       matches and what lies between them
//   Digits{individually}                     runs of numbers, or each by itself
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
    const std::size_t first = out.size();
    if (split) {
      split_words(piece.text(), [&](std::size_t begin, std::size_t end) { out.push_back(piece.slice(begin, end)); });
    } else {
      out.push_back(std::move(piece));
    }
    for (std::size_t i = first; i < out.size(); ++i) write_bytes(out[i]);
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
  Pattern pattern;
  SplitBehavior behavior;
  bool inverted;

  void cut(const AlignedText& piece, Pieces& out) const {
    struct Part {
      std::size_t begin, end;
      bool match;
    };
    std::vector<Part> parts;
    std::size_t done = 0;
    for (const auto& [begin, end] : find_matches(pattern, piece.text())) {
      if (begin > done) parts.push_back({done, begin, inverted});
      parts.push_back({begin, end, !inverted});
      done = end;
    }
    if (done < piece.text().size()) parts.push_back({done, piece.text().size(), inverted});

    std::vector<Part> joined;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool after_match = i > 0 && parts[i - 1].match;
      const bool join = i > 0 && ((behavior == SplitBehavior::contiguous && parts[i].match == after_match) ||
                                  (behavior == SplitBehavior::merged_with_previous && parts[i].match && !after_match) ||
                                  (behavior == SplitBehavior::merged_with_next && !parts[i].match && after_match));
      if (join) {
        joined.back().end = parts[i].end;
      } else {
        joined.push_back(parts[i]);
      }
    }
    for (const Part& part : joined)
      if (part.begin < part.end && !(part.match && behavior == SplitBehavior::removed))
        out.push_back(piece.slice(part.begin, part.end));
  }
};

struct Digits {
  bool individually;

  void cut(const AlignedText& piece, Pieces& out) const {
    const std::string& text = piece.text();
    const auto is_number = [&](std::size_t at) {
      return CharacterKinds::table()(decode_utf8(text.data() + at)) == CharacterKind::number;
    };
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const bool number = is_number(at);
      at += utf8_length(text[at]);
      if (at < text.size() && is_number(at) == number && !(number && individually)) continue;
      out.push_back(piece.slice(begin, at));
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
