// Byte-level text (GPT-2): every byte is a printable character, and text is split into words before bytes are joined.
//
//   byte_character(b)    the character that stands for byte b: itself where it is printable ASCII or Latin-1
//                        (33-126, 161-172, 174-255), else U+0100 + the number of such bytes before it (space: U+0120)
//   byte_of(c)           the byte that character c stands for, or -1
//   split_words(text, use)   use(begin, end) for each word, together the whole text, as the regular expression
//       's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   may_cut_words(text, at)  whether the words of the text are those of its two parts cut at `at`: after a single line end
//                            between two words of ASCII
//
// Source: GPT-2's encoder.py (Radford et al. 2019); \p and \s as Unicode has them (unicode_tables.hpp, needs utf8proc).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

class ByteAlphabet {
 public:
  [[nodiscard]] static const ByteAlphabet& table() {
    static const ByteAlphabet alphabet;
    return alphabet;
  }
  [[nodiscard]] char32_t character(unsigned char byte) const { return characters_[byte]; }
  // The same as UTF-8.
  [[nodiscard]] const std::string& text(unsigned char byte) const { return texts_[byte]; }
  [[nodiscard]] int byte_of(char32_t character) const { return character < bytes_.size() ? bytes_[character] : -1; }

 private:
  ByteAlphabet() {
    bytes_.fill(-1);
    char32_t next = 0x100;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
      characters_[byte] = printable ? static_cast<char32_t>(byte) : next++;
      texts_[byte] = utf8(characters_[byte]);
      bytes_[characters_[byte]] = static_cast<int>(byte);
    }
  }
  std::array<char32_t, 256> characters_{};
  std::array<std::string, 256> texts_;
  std::array<int, 0x144> bytes_{};
};

[[nodiscard]] inline char32_t byte_character(unsigned char byte) {
  return ByteAlphabet::table().character(byte);
}
[[nodiscard]] inline int byte_of(char32_t character) {
  return ByteAlphabet::table().byte_of(character);
}

// The bytes of `text`, each as its character.
[[nodiscard]] inline std::string byte_level_text(std::string_view text) {
  std::string result;
  for (const char byte : text) result += ByteAlphabet::table().text(static_cast<unsigned char>(byte));
  return result;
}

// The same in place, aligned: all characters of a character share its range.
inline void write_bytes(AlignedText& piece) {
  std::vector<Replacement> replacements;
  const std::string& text = piece.text();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = at + utf8_length(text[at]);
    for (const std::size_t begin = at; at < end; ++at)
      replacements.push_back({byte_character(static_cast<unsigned char>(text[at])), at > begin});
  }
  piece.replace(replacements);
}

// Bytes of the contraction ('s 't 're 've 'm 'll 'd) at `at`, or 0.
[[nodiscard]] inline std::size_t contraction_length(std::string_view text, std::size_t at) {
  const char first = at + 1 < text.size() ? text[at + 1] : '\0';
  const char second = at + 2 < text.size() ? text[at + 2] : '\0';
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l')) return 3;
  return 0;
}

[[nodiscard]] inline bool may_cut_words(std::string_view text, std::size_t at) {
  if (at < 2 || at >= text.size() || text[at - 1] != '\n') return false;
  const auto before = static_cast<unsigned char>(text[at - 2]);
  const char after = text[at];
  return before > ' ' && before < 0x7F && ((after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z'));
}

template <class Use>
void split_words(std::string_view text, Use&& use) {
  const CharacterKinds& kinds = CharacterKinds::table();
  const auto kind_at = [&](std::size_t at) { return kinds(decode_utf8(text.data() + at)); };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (text[at] == '\'') at += contraction_length(text, at);
    if (at == begin) {
      CharacterKind kind = kind_at(at);
      // A space belongs to the word after it.
      if (text[at] == ' ' && at + 1 < text.size()) {
        if (const CharacterKind next = kind_at(at + 1); next != CharacterKind::space) {
          kind = next;
          ++at;
        }
      }
      std::size_t last = at;
      for (; at < text.size() && kind_at(at) == kind; at += utf8_length(text[at])) last = at;
      // Of several spaces before a word the last one is left for it.
      if (kind == CharacterKind::space && at < text.size() && last > begin) at = last;
    }
    use(begin, at);
  }
}

}  // namespace rondo
