// Normalisers: what is done to text before it is split, each one step of a list.
//
//   LowerCase                       every character by itself (no final sigma)
//   UnicodeForm{nfc|nfd|nfkc|nfkd}  Unicode normalisation forms (UAX 15)
//   Prepend{content}                before text that is not empty
//   ReplaceText{pattern, content}   every match of a text or of a regular expression
//   Strip{left, right}              white space at the ends
//
// A sequence of normalisers is the concatenation of the steps. normalize() changes the text in place and keeps it aligned.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/regular_expression.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/data/tokenizer/word_pattern.hpp>

namespace rondo {

// A pattern of a tokenizer file: a plain text, a regular expression, or one of those that are matched by hand.
using TextPattern = std::variant<std::string, RegularExpression, WordPattern>;

// use(begin, end) for each match, ascending and not overlapping.
template <class Use>
void for_each_match(const TextPattern& pattern, std::string_view text, Use&& use) {
  if (const auto* words = std::get_if<WordPattern>(&pattern)) {
    words->for_each_match(text, use);
  } else if (const auto* expression = std::get_if<RegularExpression>(&pattern)) {
    expression->for_each_match(text, use);
  } else if (const std::string& word = std::get<std::string>(pattern); !word.empty()) {
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + word.size())) use(at, at + word.size());
  }
}

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

struct UnicodeForm {
  Decomposition decomposition;
  bool composed;

  void normalize(AlignedText& text) const {
    if (std::all_of(text.text().begin(), text.text().end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }))
      return;
    std::vector<Replacement> characters = decomposed(text.text());
    order_marks(characters);
    text.replace(composed ? compose_all(characters) : characters);
  }

 private:
  [[nodiscard]] std::vector<Replacement> decomposed(const std::string& text) const {
    std::vector<Replacement> result;
    for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
      int change = 0;
      for (const char32_t character : decompose(decode_utf8(text.data() + at), decomposition))
        result.push_back({character, change++ > 0});
    }
    return result;
  }
  // Sorts every run of combining marks by its class, equal ones in the order of the text.
  static void order_marks(std::vector<Replacement>& characters) {
    for (auto at = characters.begin(); at != characters.end();) {
      if (combining_class(at->character) == 0) {
        ++at;
        continue;
      }
      const auto end = std::find_if(at, characters.end(), [](const Replacement& r) { return combining_class(r.character) == 0; });
      std::stable_sort(at, end, [](const Replacement& a, const Replacement& b) {
        return combining_class(a.character) < combining_class(b.character);
      });
      at = end;
    }
  }
  // Joins each starter with the characters after it that are not blocked (UAX 15, D117). A composite replaces what its
  // parts replaced.
  [[nodiscard]] static std::vector<Replacement> compose_all(const std::vector<Replacement>& characters) {
    std::vector<Replacement> result;
    std::size_t starter = characters.size();  // its place in `result`; none yet
    int last_class = -1;                      // of the character before in `result` since the starter; -1: there is none
    for (const Replacement& next : characters) {
      const int next_class = combining_class(next.character);
      if (starter < result.size() && last_class < next_class) {
        if (const char32_t both = compose(result[starter].character, next.character); both != 0) {
          result[starter] = {both, result[starter].change + next.change - 1};
          continue;
        }
      }
      if (next_class == 0) {
        starter = result.size();
        last_class = -1;
      } else {
        last_class = next_class;
      }
      result.push_back(next);
    }
    return result;
  }
};

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

using Normalizer = std::variant<LowerCase, UnicodeForm, Prepend, ReplaceText, Strip>;
using Normalizers = std::vector<Normalizer>;

inline void normalize(const Normalizers& steps, AlignedText& text) {
  for (const Normalizer& step : steps) std::visit([&text](const auto& one) { one.normalize(text); }, step);
}

}  // namespace rondo
