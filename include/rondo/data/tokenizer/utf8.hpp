// UTF-8: reading, writing and checking characters (Unicode code points).
//
//   for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) use(decode_utf8(text.data() + at));
//
// decode_utf8 and utf8_length expect checked text; first_invalid_utf8 is the check (RFC 3629: shortest forms only, no
// surrogates, nothing above U+10FFFF).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <rondo/core/error.hpp>

namespace rondo {

// Bytes of the character that starts with `lead`.
[[nodiscard]] inline std::size_t utf8_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

[[nodiscard]] inline char32_t decode_utf8(const char* at) {
  const auto byte = [at](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(at[i])); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return lead;
  if (lead < 0xE0) return (lead & 0x1F) << 6 | (byte(1) & 0x3F);
  if (lead < 0xF0) return (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  return (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
}

inline void append_utf8(std::string& text, char32_t character) {
  const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (character < 0x80) return put(character);
  if (character < 0x800) {
    put(0xC0 | character >> 6);
  } else {
    if (character < 0x10000) {
      put(0xE0 | character >> 12);
    } else {
      put(0xF0 | character >> 18);
      put(0x80 | (character >> 12 & 0x3F));
    }
    put(0x80 | (character >> 6 & 0x3F));
  }
  put(0x80 | (character & 0x3F));
}

[[nodiscard]] inline std::string utf8(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return text;
}

// What starts at byte `at`: a character (`valid`), or a piece of one that no valid text begins with: then `length` is the
// number of bytes that one replacement character stands for (Unicode's "maximal subpart").
struct Utf8Step {
  bool valid;
  std::size_t length;
};

[[nodiscard]] inline Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {true, 1};
  if (lead < 0xC2 || lead > 0xF4) return {false, 1};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte alone tells overlong forms, surrogates and values that are too large.
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {false, i};
    if (byte(i) < (i == 1 ? lowest : 0x80) || byte(i) > (i == 1 ? highest : 0xBF)) return {false, i};
  }
  return {true, length};
}

// The place of the first byte that is not UTF-8, or npos.
[[nodiscard]] inline std::size_t first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    std::uint64_t eight = 0x80;
    if (text.size() - at >= sizeof eight) std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & 0x8080808080808080u) == 0) {
      at += sizeof eight;
      continue;
    }
    const Utf8Step step = utf8_step(text, at);
    if (!step.valid) return at;
    at += step.length;
  }
  return std::string_view::npos;
}

// `advice` ends the message.
inline void require_utf8(std::string_view text, std::string_view name, std::string_view advice = "") {
  const std::size_t at = first_invalid_utf8(text);
  if (at == text.npos) return;
  constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(text[at]);
  throw error(name, ": byte ", at, " (line ", 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'),
              "): expected UTF-8, found the byte 0x", digits[byte >> 4], digits[byte & 15], advice);
}

// The text with U+FFFD for every piece that is not UTF-8.
[[nodiscard]] inline std::string replace_invalid_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    if (step.valid) {
      valid.append(text, at, step.length);
    } else {
      valid.append("\xEF\xBF\xBD");
    }
    at += step.length;
  }
  return valid;
}

// Characters of checked text.
[[nodiscard]] inline std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

// Unicode's property White_Space.
[[nodiscard]] inline bool is_white_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

}  // namespace rondo
