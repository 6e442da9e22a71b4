// WordPattern: the regular expressions that most byte-level tokenizers cut words with, matched by hand (several times as fast).
//
//   if (const auto known = WordPattern::find(regular_expression)) known->for_each_match(text, use);    // use(begin, end)
//
//   GPT-2                  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//   GPT-4 (cl100k), Llama 3, Qwen 2
//                          (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
//                          ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+      with \p{N} for Qwen
//
// and other spellings of the same. Each match begins where the one before ends, and together they are the whole text.
// \p and \s as utf8proc has them (unicode_tables.hpp), where RegularExpression goes by Oniguruma's tables.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>

#include <rondo/data/tokenizer/byte_level.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

class WordPattern {
 public:
  // Nothing for a pattern that is none of these.
  [[nodiscard]] static std::optional<WordPattern> find(std::string_view regular_expression);

  // `text` must be UTF-8.
  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    if (longest_number_ == gpt2) return split_words(text, use);
    const CharacterKinds& kinds = CharacterKinds::table();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = end_of_match(text, at, kinds);
      use(at, end);
      at = end;
    }
  }

 private:
  static constexpr std::size_t gpt2 = 0;
  explicit WordPattern(std::size_t longest_number) : longest_number_(longest_number) {}

  [[nodiscard]] std::size_t end_of_match(std::string_view text, std::size_t begin, const CharacterKinds& kinds) const {
    const auto kind_at = [&](std::size_t at) { return kinds(decode_utf8(text.data() + at)); };
    const auto end_of_run = [&](std::size_t at, CharacterKind kind, std::size_t most) {
      for (; most > 0 && at < text.size() && kind_at(at) == kind; --most) at += utf8_length(text[at]);
      return at;
    };
    constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
    const char first = text[begin];
    const bool line_end = first == '\r' || first == '\n';
    if (first == '\'')
      if (const std::size_t length = contraction_of_any_case(text, begin); length > 0) return begin + length;
    const CharacterKind kind = kind_at(begin);
    if (kind == CharacterKind::letter) return end_of_run(begin, kind, any);
    if (kind == CharacterKind::number) return end_of_run(begin, kind, longest_number_);
    const std::size_t second = begin + utf8_length(first);
    const CharacterKind next = second < text.size() ? kind_at(second) : CharacterKind::space;
    if (next == CharacterKind::letter && !line_end) return end_of_run(second, next, any);
    if (kind == CharacterKind::other || (first == ' ' && next == CharacterKind::other)) {
      std::size_t end = end_of_run(second, CharacterKind::other, any);
      while (end < text.size() && (text[end] == '\r' || text[end] == '\n')) ++end;
      return end;
    }
    // White space: up to its last line end, else all of it but the last if something follows.
    std::size_t end = begin;
    std::size_t last = begin;
    std::size_t after_line_end = begin;
    for (; end < text.size() && kind_at(end) == CharacterKind::space; end += utf8_length(text[end])) {
      last = end;
      if (text[end] == '\r' || text[end] == '\n') after_line_end = end + 1;
    }
    if (after_line_end > begin) return after_line_end;
    return end < text.size() && last > begin ? last : end;
  }

  // As contraction_length, in letters of either case; U+017F is an s of another.
  [[nodiscard]] static std::size_t contraction_of_any_case(std::string_view text, std::size_t at) {
    std::array<char, 3> letters{'\'', '\0', '\0'};
    for (std::size_t i = 1; i < letters.size() && at + i < text.size(); ++i) {
      const char letter = text[at + i];
      letters[i] = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    if (text.substr(at + 1).starts_with("\u017F")) return 1 + std::string_view("\u017F").size();
    return contraction_length({letters.data(), letters.size()}, 0);
  }

  std::size_t longest_number_;
};

inline std::optional<WordPattern> WordPattern::find(std::string_view regular_expression) {
  struct Known {
    std::string_view pattern;
    std::size_t longest_number;
  };
  static constexpr Known table[] = {
      {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", gpt2},
      {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", gpt2},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
       3},
      {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)", 1},
      {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)", 3}};
  for (const auto& [pattern, longest_number] : table)
    if (regular_expression == pattern) return WordPattern{longest_number};
  return std::nullopt;
}

}  // namespace rondo
