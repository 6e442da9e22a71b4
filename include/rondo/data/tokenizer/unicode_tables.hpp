// Unicode's tables: kinds of characters, lower and upper case, decomposition and composition. The only header that includes
// utf8proc; in a build without it every function here throws Error.
//
//   character_kind(c)   letter: general category L, number: N, space: property White_Space, other: the rest
//   is_word_character(c)   \w of Unicode (UTS 18, annex C): alphabetic, mark, decimal number, connector punctuation, joiner
//   is_punctuation(c)   general category P, or a sign of ASCII
//   is_mark(c), is_nonspacing_mark(c), is_control(c)   categories M, Mn, and Cc, Cf, Co
//   lower_case(c)       the characters of the full lower-case mapping of one character, without context
//   upper_case(c)       the one character of the simple upper-case mapping
//   decompose(c, ...)   canonical (NFD) or compatibility (NFKD) decomposition of one character
//   compose(a, b)       the primary composite of two characters, or 0
//   grapheme_end(text, at)   where the extended grapheme cluster (UAX 29) that begins at `at` ends
//
// Unicode 15 with utf8proc 2.8. Hugging Face tokenizers has tables of several ages (0.23: Rust's own of Unicode 17; of Unicode 9
// for marks, of 8 for BERT's punctuation and accents): characters that are younger than the older of two tables may differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

#if __has_include(<utf8proc.h>)
#include <utf8proc.h>
#define RONDO_UTF8PROC 1
#endif

namespace rondo {

enum class CharacterKind : std::uint8_t { letter, number, space, other };
enum class Decomposition { canonical, compatibility };

// A few characters, as one character maps to.
struct CharacterString {
  std::array<char32_t, 24> characters{};
  std::size_t size = 0;
  [[nodiscard]] const char32_t* begin() const { return characters.data(); }
  [[nodiscard]] const char32_t* end() const { return characters.data() + size; }
};

#ifdef RONDO_UTF8PROC

[[nodiscard]] inline utf8proc_category_t general_category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}
[[nodiscard]] inline bool is_letter(char32_t c) {
  const auto category = general_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
[[nodiscard]] inline bool is_number(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  const auto category = general_category(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}
[[nodiscard]] inline bool is_mark(char32_t c) {
  const auto category = general_category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}
[[nodiscard]] inline bool is_nonspacing_mark(char32_t c) {
  return general_category(c) == UTF8PROC_CATEGORY_MN;
}
[[nodiscard]] inline bool is_control(char32_t c) {
  const auto category = general_category(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CO;
}
[[nodiscard]] inline bool is_punctuation(char32_t c) {
  if (c < 0x80) return (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7F);
  const auto category = general_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}
[[nodiscard]] inline bool is_word_character(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  const auto category = general_category(c);
  if (is_letter(c) || is_mark(c) || category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
      category == UTF8PROC_CATEGORY_PC)
    return true;
  // Letters in circles and squares are alphabetic signs; the joiners.
  return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
         (c >= 0x1F170 && c <= 0x1F189) || c == 0x200C || c == 0x200D;
}

[[nodiscard]] inline CharacterKind look_up_character_kind(char32_t c) {
  return is_white_space(c) ? CharacterKind::space
         : is_letter(c)    ? CharacterKind::letter
         : is_number(c)    ? CharacterKind::number
                           : CharacterKind::other;
}

[[nodiscard]] inline std::size_t grapheme_end(std::string_view text, std::size_t at) {
  utf8proc_int32_t state = 0;
  auto before = static_cast<utf8proc_int32_t>(decode_utf8(text.data() + at));
  for (at += utf8_length(text[at]); at < text.size(); at += utf8_length(text[at])) {
    const auto next = static_cast<utf8proc_int32_t>(decode_utf8(text.data() + at));
    if (utf8proc_grapheme_break_stateful(before, next, &state)) break;
    before = next;
  }
  return at;
}

[[nodiscard]] inline CharacterString lower_case(char32_t c) {
  // The one character whose lower case is two (SpecialCasing.txt without conditions).
  if (c == 0x130) return {{U'i', 0x307}, 2};
  return {{static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)))}, 1};
}
[[nodiscard]] inline char32_t upper_case(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

[[nodiscard]] inline CharacterString decompose(char32_t c, Decomposition form) {
  std::array<utf8proc_int32_t, 24> buffer{};
  int last_class = 0;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                                      (form == Decomposition::compatibility ? UTF8PROC_COMPAT : 0));
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), buffer.data(), buffer.size(), options, &last_class);
  require(size > 0 && size <= static_cast<utf8proc_ssize_t>(buffer.size()), "character ", static_cast<std::uint32_t>(c),
          ": no decomposition");
  CharacterString result;
  result.size = static_cast<std::size_t>(size);
  for (std::size_t i = 0; i < result.size; ++i) result.characters[i] = static_cast<char32_t>(buffer[i]);
  return result;
}

[[nodiscard]] inline char32_t compose(char32_t first, char32_t second) {
  std::array<utf8proc_int32_t, 4> buffer{static_cast<utf8proc_int32_t>(first), static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  return utf8proc_normalize_utf32(buffer.data(), 2, options) == 1 ? static_cast<char32_t>(buffer[0]) : 0;
}

[[nodiscard]] inline int combining_class(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

inline void require_unicode_tables(std::string_view) {}

#else

inline void require_unicode_tables(std::string_view what) {
  throw error(what, ": needs Unicode's tables, and this build has no utf8proc (Debian: libutf8proc-dev)");
}
[[noreturn]] inline void no_unicode_tables() {
  require_unicode_tables("tokenizer");
  std::terminate();
}
[[nodiscard]] inline bool is_number(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline bool is_mark(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline bool is_nonspacing_mark(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline bool is_control(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline bool is_punctuation(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline bool is_word_character(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline CharacterKind look_up_character_kind(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline std::size_t grapheme_end(std::string_view, std::size_t) {
  no_unicode_tables();
}
[[nodiscard]] inline CharacterString lower_case(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline char32_t upper_case(char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline CharacterString decompose(char32_t, Decomposition) {
  no_unicode_tables();
}
[[nodiscard]] inline char32_t compose(char32_t, char32_t) {
  no_unicode_tables();
}
[[nodiscard]] inline int combining_class(char32_t) {
  no_unicode_tables();
}

#endif

// Every character's kind, one byte each, made at the first call (a few milliseconds).
class CharacterKinds {
 public:
  [[nodiscard]] static const CharacterKinds& table() {
    static const CharacterKinds kinds;
    return kinds;
  }
  [[nodiscard]] CharacterKind operator()(char32_t c) const { return kinds_[c]; }

 private:
  static constexpr char32_t count = 0x110000;
  CharacterKinds() : kinds_(new CharacterKind[count]) {
    for (char32_t c = 0; c < count; ++c) kinds_[c] = look_up_character_kind(c);
  }
  std::unique_ptr<CharacterKind[]> kinds_;
};

}  // namespace rondo
