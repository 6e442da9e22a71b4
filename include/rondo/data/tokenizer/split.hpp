// Split: a pre-tokeniser that cuts a text at the matches of a pattern.
//
//   Split{pattern, behavior, inverted}       `behavior` says what becomes of the matches; inverted: of what lies between them
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/text_pattern.hpp>

namespace rondo {

using Pieces = std::vector<AlignedText>;

// What becomes of the matches: dropped, pieces of their own, or joined with a neighbour.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct Split {
  TextPattern pattern;
  SplitBehavior behavior;
  bool inverted;

  void cut(const AlignedText& piece, Pieces& out) const {
    for_each_range(piece.text(), [&](std::size_t begin, std::size_t end) { out.push_back(piece.slice(begin, end)); });
  }
  template <class Use>
  void for_each_piece(std::string_view text, bool first, Use&& use) const {
    for_each_range(text, [&](std::size_t begin, std::size_t end) { use(text.substr(begin, end - begin), first && begin == 0); });
  }
  template <class Use>
  void for_each_range(std::string_view text, Use&& use) const {
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

}  // namespace rondo
