// readable_text: a message as a terminal may be given it, whatever names of files and tensors are in it.
//
//   control characters     as \x1B; ends of lines and tabs stay
//   words                  of more than 200 bytes are cut in the middle
//   lines                  the first twelve, each up to 2000 bytes
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

namespace rondo {

// The beginning and the end of a text that is too long, with what lies between counted. No character of UTF-8 is cut.
inline std::string shortened(std::string_view text, std::size_t longest, std::size_t first, std::size_t last) {
  if (text.size() <= longest) return std::string(text);
  const auto within = [&](std::size_t at) { return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; };
  std::size_t end = first, begin = text.size() - last;
  while (end > 0 && within(end)) --end;
  while (within(begin)) ++begin;
  return std::string(text.substr(0, end)) + "[... " + std::to_string(begin - end) + " bytes ...]" + std::string(text.substr(begin));
}

inline std::string readable_line(std::string_view line) {
  std::string words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t space = std::min(line.find(' ', at), line.size());
    words += shortened(line.substr(at, space - at), 200, 100, 60);
    if (space < line.size()) words += ' ';
    at = space + 1;
    if (words.size() > 4000) {  // enough to be cut below
      words += line.substr(std::min(at, line.size()));
      break;
    }
  }
  std::string result;
  const std::string text = shortened(words, 2000, 1500, 300);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    const bool late = byte == 0xC2 && next >= 0x80 && next < 0xA0;  // U+0080 to U+009F: some terminals obey them
    if (late || (byte < 0x20 && byte != '\t') || byte == 0x7F) {
      char code[5];
      std::snprintf(code, sizeof code, "\\x%02X", late ? next : static_cast<unsigned>(byte));
      result += code;
      i += late;
    } else {
      result += text[i];
    }
  }
  return result;
}

inline std::string readable_text(std::string_view text) {
  constexpr std::size_t most_lines = 12;
  std::string result;
  std::size_t lines = 0;
  for (std::size_t at = 0; at <= text.size(); ++lines) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (lines == most_lines) {
      const auto left = static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '\n')) + 1;
      return result + "\n  ... and " + std::to_string(left) + (left == 1 ? " line more" : " lines more");
    }
    if (lines > 0) result += '\n';
    result += readable_line(text.substr(at, end - at));
    at = end + 1;
  }
  return result;
}

}  // namespace rondo
