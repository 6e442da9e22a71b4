// TextPattern: what normalisers, pre-tokenisers and decoders look for in a text.
//
//   std::string         a text by itself; the empty one stands between all characters
//   RegularExpression   any pattern of a file
//   WordPattern         the well-known ones among those, matched by hand
//   RunPattern          those that are a few runs of characters
//   EachCharacter       every character of some kind: spaces, punctuation, numbers
//   WordsAndSigns       \w+|[^\w\s]+
//   ScriptRuns          text in one script
//
//   for_each_match(pattern, text, use)      use(begin, end), ascending and not overlapping; `text` must be UTF-8
//   quickest_pattern(regular_expression)    the one of these that matches as the expression does
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include <rondo/data/tokenizer/regular_expression.hpp>
#include <rondo/data/tokenizer/run_pattern.hpp>
#include <rondo/data/tokenizer/script_runs.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/data/tokenizer/word_pattern.hpp>

namespace rondo {

class EachCharacter {
 public:
  explicit EachCharacter(bool (*is_one)(char32_t)) : is_one_(is_one) {
    for (std::size_t c = 0; c < ascii_.size(); ++c) ascii_[c] = is_one(static_cast<char32_t>(c));
  }

  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const auto byte = static_cast<unsigned char>(text[at]);
      at += utf8_length(text[at]);
      if (byte < ascii_.size() ? ascii_[byte] : is_one_(decode_utf8(text.data() + begin))) use(begin, at);
    }
  }

 private:
  bool (*is_one_)(char32_t);
  std::array<bool, 128> ascii_{};
};

struct WordsAndSigns {
  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    enum class Kind { word, space, sign };
    const auto kind_at = [&](std::size_t at) {
      const char32_t c = decode_utf8(text.data() + at);
      return is_word_character(c) ? Kind::word : is_white_space(c) ? Kind::space : Kind::sign;
    };
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const Kind kind = kind_at(begin);
      do at += utf8_length(text[at]);
      while (at < text.size() && kind_at(at) == kind);
      if (kind != Kind::space) use(begin, at);
    }
  }
};

using TextPattern = std::variant<std::string, RegularExpression, WordPattern, RunPattern, EachCharacter, WordsAndSigns, ScriptRuns>;

[[nodiscard]] inline TextPattern quickest_pattern(const std::string& regular_expression) {
  if (const auto known = WordPattern::find(regular_expression)) return *known;
  if (regular_expression == "\\s") return EachCharacter{is_white_space};
  if (!regular_expression.empty() && regular_expression.find_first_of("\\^$.|?*+()[]{}") == std::string::npos)
    return regular_expression;
  if (const auto runs = RunPattern::find(regular_expression)) return *runs;
  return RegularExpression{regular_expression};
}

template <class Use>
void for_each_match(const std::string& word, std::string_view text, Use&& use) {
  if (!word.empty()) {
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) use(at, at + word.size());
    return;
  }
  for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) use(at, at);
  use(text.size(), text.size());
}
template <class Use>
void for_each_match(const TextPattern& pattern, std::string_view text, Use&& use) {
  std::visit(
      [&](const auto& one) {
        if constexpr (requires { one.for_each_match(text, use); }) {
          one.for_each_match(text, use);
        } else {
          rondo::for_each_match(one, text, use);
        }
      },
      pattern);
}

}  // namespace rondo
