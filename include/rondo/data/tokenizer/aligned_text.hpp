// AlignedText: a piece of text on its way through normalisers and splits, with the way back to the text as it was given.
//
//   text    UTF-8
//   origin  for every byte of `text` the range of characters of the given text that it comes from (all bytes of a
//           character have the same); empty where nobody asks for offsets: then only `text` is kept up
//   begin   the first character of the given text that the piece covers
//
// Every change is a list of replacements, each a character and how it relates to what stood there: 0 it replaces one
// character, n > 0 it is inserted (and shares the range of the character before it), -n it replaces 1 + n characters
// (and takes the range of the first of them). These are the rules of Hugging Face tokenizers' NormalizedString; the
// offsets that tokens get, odd ones included, follow from them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

struct Replacement {
  char32_t character;
  int change;
};

class AlignedText {
 public:
  AlignedText() = default;
  AlignedText(std::string_view given, bool with_offsets) : text_(given), given_bytes_(given.size()) {
    if (!with_offsets) return;
    origin_.reserve(given.size());
    std::size_t character = 0;
    for (std::size_t at = 0; at < given.size(); ++character) {
      const std::size_t bytes = utf8_length(given[at]);
      origin_.insert(origin_.end(), bytes, CharacterRange{character, character + 1});
      at += bytes;
    }
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::size_t begin() const { return begin_; }
  [[nodiscard]] bool with_offsets() const { return !origin_.empty(); }

  // The characters of the given text behind the bytes [begin, end).
  [[nodiscard]] CharacterRange characters(std::size_t begin, std::size_t end) const {
    if (begin >= end || end > origin_.size()) return {begin_ + begin, begin_ + end};
    return {origin_[begin].begin, origin_[end - 1].end};
  }

  // The bytes [begin, end) as a piece of its own.
  [[nodiscard]] AlignedText slice(std::size_t begin, std::size_t end) const {
    AlignedText piece;
    piece.text_ = text_.substr(begin, end - begin);
    piece.begin_ = begin_;
    piece.given_bytes_ = piece.text_.size();
    if (with_offsets() && begin < end) {
      piece.origin_.assign(origin_.begin() + static_cast<std::ptrdiff_t>(begin),
                           origin_.begin() + static_cast<std::ptrdiff_t>(end));
      piece.begin_ = piece.origin_.front().begin;
    }
    return piece;
  }

  // Puts `replacements` in the place of the bytes [begin, end). The first `removed` characters there are taken away first.
  void replace(std::size_t begin, std::size_t end, std::size_t removed, const std::vector<Replacement>& replacements) {
    std::size_t at = begin;
    for (; removed > 0 && at < end; --removed) at += utf8_length(text_[at]);
    std::string inserted;
    std::vector<CharacterRange> ranges;
    for (const auto& [character, change] : replacements) {
      const std::size_t size_before = inserted.size();
      append_utf8(inserted, character);
      if (with_offsets()) ranges.insert(ranges.end(), inserted.size() - size_before, range_at(at, change > 0));
      if (change > 0) continue;
      for (int replaced = 0; replaced <= -change && at < end; ++replaced) at += utf8_length(text_[at]);
    }
    if (with_offsets()) {
      const auto from = origin_.begin() + static_cast<std::ptrdiff_t>(begin);
      origin_.insert(origin_.erase(from, from + static_cast<std::ptrdiff_t>(end - begin)), ranges.begin(), ranges.end());
    }
    text_.replace(begin, end - begin, inserted);
  }
  // The whole text anew.
  void replace(const std::vector<Replacement>& replacements) { replace(0, text_.size(), 0, replacements); }

  // Takes away the characters that keep(c) does not want.
  template <class Keep>
  void keep_if(Keep&& keep) {
    std::vector<Replacement> kept;
    std::size_t removed_first = 0;
    for (std::size_t at = 0; at < text_.size(); at += utf8_length(text_[at])) {
      if (const char32_t character = decode_utf8(text_.data() + at); keep(character)) {
        kept.push_back({character, 0});
      } else if (kept.empty()) {
        ++removed_first;
      } else {
        --kept.back().change;
      }
    }
    replace(0, text_.size(), removed_first, kept);
  }
  // Another character for each.
  template <class Map>
  void map(Map&& character_for) {
    std::vector<Replacement> mapped;
    for (std::size_t at = 0; at < text_.size(); at += utf8_length(text_[at]))
      mapped.push_back({character_for(decode_utf8(text_.data() + at)), 0});
    replace(mapped);
  }

  // Writes `content` before the first character; an empty text stays empty.
  void prepend(std::string_view content) {
    if (text_.empty() || content.empty()) return;
    std::vector<Replacement> replacements;
    for (std::size_t at = 0; at < content.size(); at += utf8_length(content[at]))
      replacements.push_back({decode_utf8(content.data() + at), at == 0 ? 0 : 1});
    replacements.push_back({decode_utf8(text_.data()), 1});
    replace(0, utf8_length(text_[0]), 0, replacements);
  }

  // Writes `content` over every one of `matches` (byte ranges, ascending, not overlapping). Throws Error where step after step makes the
  // text many times as long as it was given.
  void replace_matches(const std::vector<std::pair<std::size_t, std::size_t>>& matches, std::string_view content) {
    if (matches.empty()) return;
    require(matches.size() * content.size() <= most_growth * (given_bytes_ + 256), "a text of ", given_bytes_,
            " bytes is replaced by more than ", most_growth, " times as much");
    std::string text;
    std::vector<CharacterRange> origin;
    std::size_t kept = 0;
    const auto keep_until = [&](std::size_t end) {
      text.append(text_, kept, end - kept);
      if (with_offsets())
        origin.insert(origin.end(), origin_.begin() + static_cast<std::ptrdiff_t>(kept),
                      origin_.begin() + static_cast<std::ptrdiff_t>(end));
    };
    for (const auto& [begin, end] : matches) {
      keep_until(begin);
      text += content;
      if (with_offsets()) origin.insert(origin.end(), content.size(), range_at(end, true));
      kept = end;
    }
    keep_until(text_.size());
    text_ = std::move(text);
    origin_ = std::move(origin);
  }

 private:
  [[nodiscard]] CharacterRange range_at(std::size_t at, bool inserted) const {
    if (inserted) return at == 0 ? CharacterRange{begin_, begin_} : origin_[at - 1];
    return origin_[at < origin_.size() ? at : origin_.size() - 1];
  }

  static constexpr std::size_t most_growth = 256;

  std::string text_;
  std::vector<CharacterRange> origin_;
  std::size_t begin_ = 0;
  std::size_t given_bytes_ = 0;
};

}  // namespace rondo
