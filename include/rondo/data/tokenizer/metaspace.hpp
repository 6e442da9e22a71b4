// Metaspace: SentencePiece's words. Spaces become a character of their own (U+2581), one may be put in front, and with `split` a
// piece begins at each.
//
//   prepend   always: before every piece that does not begin with one; first: only where the given text begins; never
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/split.hpp>

namespace rondo {

enum class MetaspacePrepend { always, first, never };

struct Metaspace {
  std::string replacement;  // one character
  MetaspacePrepend prepend;
  bool split;

  void cut(AlignedText piece, Pieces& out) const {
    std::vector<std::pair<std::size_t, std::size_t>> spaces;
    for (std::size_t at = piece.text().find(' '); at != std::string::npos; at = piece.text().find(' ', at + 1))
      spaces.emplace_back(at, at + 1);
    piece.replace_matches(spaces, replacement);
    if (is_prepended(piece.text(), piece.begin() == 0)) piece.prepend(replacement);
    if (!split) return out.push_back(std::move(piece));
    words().cut(piece, out);
  }
  template <class Use>
  void for_each_piece(std::string_view text, bool first, Use&& use) const {
    std::string changed;
    changed.reserve(text.size() + text.size() / 2);
    for (const char c : text) c == ' ' ? (void)changed.append(replacement) : changed.push_back(c);
    if (is_prepended(changed, first) && !changed.empty()) changed.insert(0, replacement);
    if (!split) return use(std::string_view(changed), first);
    words().for_each_piece(changed, first, use);
  }

 private:
  [[nodiscard]] bool is_prepended(std::string_view text, bool first) const {
    return (prepend == MetaspacePrepend::always || (prepend == MetaspacePrepend::first && first)) &&
           !text.starts_with(replacement);
  }
  [[nodiscard]] Split words() const { return {TextPattern{replacement}, SplitBehavior::merged_with_next, false}; }
};

}  // namespace rondo
