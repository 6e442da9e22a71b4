// BertNormalizer: BERT's cleaning of text, any of four steps:
//
//   clean           NUL, U+FFFD and control characters vanish, white space becomes spaces
//   space_ideographs   a space before and after every ideograph of CJK
//   strip_accents   canonical decomposition without nonspacing marks
//   lower_case      every character by itself (LowerCase)
//
// Source: BERT's tokenization.py (Devlin et al. 2019), as Hugging Face tokenizers has it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/unicode_form.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

struct LowerCase {
  void normalize(AlignedText& text) const {
    std::vector<Replacement> replacements;
    for (std::size_t at = 0; at < text.text().size(); at += utf8_length(text.text()[at])) {
      int change = 0;
      for (const char32_t character : lower_case(decode_utf8(text.text().data() + at)))
        replacements.push_back({character, change++ > 0});
    }
    text.replace(replacements);
  }
};

struct BertNormalizer {
  bool clean;
  bool space_ideographs;
  bool strip_accents;
  bool lower_case;

  void normalize(AlignedText& text) const {
    if (clean) {
      text.keep_if([](char32_t c) { return c == '\t' || c == '\n' || c == '\r' || !(c == 0xFFFD || is_control(c)); });
      text.map([](char32_t c) { return is_white_space(c) ? U' ' : c; });
    }
    if (space_ideographs) add_spaces(text);
    if (strip_accents) {
      UnicodeForm{Decomposition::canonical, false}.normalize(text);
      text.keep_if([](char32_t c) { return !is_nonspacing_mark(c); });
    }
    if (lower_case) LowerCase{}.normalize(text);
  }

 private:
  // The blocks of CJK Unified Ideographs, their extensions A to E and the compatibility ideographs.
  [[nodiscard]] static bool is_ideograph(char32_t c) {
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
           (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
  }
  static void add_spaces(AlignedText& text) {
    std::vector<Replacement> replacements;
    for (std::size_t at = 0; at < text.text().size(); at += utf8_length(text.text()[at])) {
      const char32_t c = decode_utf8(text.text().data() + at);
      if (is_ideograph(c)) {
        replacements.insert(replacements.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
      } else {
        replacements.push_back({c, 0});
      }
    }
    text.replace(replacements);
  }
};

}  // namespace rondo
