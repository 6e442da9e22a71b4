// Normalisers: what is done to text before it is split, each one step of a list.
//
//   LowerCase                       every character by itself (no final sigma)
//   UnicodeForm{nfc|nfd|nfkc|nfkd}  Unicode normalisation forms (unicode_form.hpp)
//   Prepend{content}                before text that is not empty
//   ReplaceText{pattern, content}   every match of a text or of a regular expression
//   Strip{left, right}              white space at the ends
//   StripMarks                      no combining marks
//   BertNormalizer{...}             BERT's cleaning (bert_normalizer.hpp)
//   NmtNormalizer                   most control characters vanish, other white space becomes spaces
//   PrecompiledMap{...}             SentencePiece's table of replacements (precompiled_map.hpp)
//   ByteCharacters                  every byte as its character (byte_level.hpp)
//
// A sequence of normalisers is the concatenation of the steps. normalize() changes the text in place and keeps it aligned.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/bert_normalizer.hpp>
#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/precompiled_map.hpp>
#include <rondo/data/tokenizer/text_pattern.hpp>
#include <rondo/data/tokenizer/unicode_form.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>

namespace rondo {

struct Prepend {
  std::string content;
  void normalize(AlignedText& text) const { text.prepend(content); }
};

struct ReplaceText {
  TextPattern pattern;
  std::string content;
  void normalize(AlignedText& text) const {
    std::vector<std::pair<std::size_t, std::size_t>> matches;
    for_each_match(pattern, text.text(), [&](std::size_t begin, std::size_t end) { matches.emplace_back(begin, end); });
    text.replace_matches(matches, content);
  }
};

struct Strip {
  bool left;
  bool right;
  void normalize(AlignedText& text) const {
    const std::string& all = text.text();
    std::size_t begin = 0;
    std::size_t end = all.size();
    while (left && begin < end && is_white_space(decode_utf8(all.data() + begin))) begin += utf8_length(all[begin]);
    while (right && end > begin) {
      std::size_t last = end - 1;
      while ((static_cast<unsigned char>(all[last]) & 0xC0) == 0x80) --last;
      if (!is_white_space(decode_utf8(all.data() + last))) break;
      end = last;
    }
    text.replace_matches({{end, all.size()}}, "");
    text.replace_matches({{0, begin}}, "");
  }
};

struct StripMarks {
  void normalize(AlignedText& text) const {
    text.keep_if([](char32_t c) { return !is_mark(c); });
  }
};

struct NmtNormalizer {
  void normalize(AlignedText& text) const {
    text.keep_if([](char32_t c) {
      return !((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F);
    });
    text.map([](char32_t c) {
      const bool space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
      return space ? U' ' : c;
    });
  }
};

struct ByteCharacters {
  void normalize(AlignedText& text) const { write_bytes(text); }
};

using Normalizer = std::variant<LowerCase, UnicodeForm, Prepend, ReplaceText, Strip, StripMarks, BertNormalizer, NmtNormalizer,
                                PrecompiledMap, ByteCharacters>;
using Normalizers = std::vector<Normalizer>;

inline void normalize(const Normalizers& steps, AlignedText& text) {
  for (const Normalizer& step : steps) std::visit([&text](const auto& one) { one.normalize(text); }, step);
}

}  // namespace rondo
