// Words in a row, what they agree in, and how they are written.
//
//   Phrase phrase; phrase << "a" << noun.singular_word << ","; text(phrase, '.')
//
// Written form: words with a space between, "," and "'s" without one before, "a" as "an" before a vowel that sounds, the first
// letter large, the text between open_quote and close_quote in quotation marks with a large first letter of its own.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/grammar/lexicon.hpp>

namespace rondo::grammar {

struct Word {
  std::string_view text;  // lives as long as the lexicon or the program
  WordId id = 0;
};

inline constexpr std::string_view open_quote = "``", close_quote = "''";

// Its members stay out of line: the grammar is made of some thousand calls of them.
class Phrase {
 public:
  [[gnu::noinline]] Phrase() = default;
  [[gnu::noinline]] Phrase(const Phrase& other) = default;
  [[gnu::noinline]] Phrase(Phrase&& other) noexcept = default;
  [[gnu::noinline]] Phrase& operator=(const Phrase& other) = default;
  [[gnu::noinline]] Phrase& operator=(Phrase&& other) noexcept = default;
  [[gnu::noinline]] ~Phrase() = default;
  [[gnu::noinline]] Phrase(std::string_view word) { *this << Word{word}; }
  Phrase(const char* word) : Phrase(std::string_view(word)) {}
  [[gnu::noinline]] Phrase(Word word) { *this << word; }

  Phrase& operator<<(std::string_view word) { return *this << Word{word}; }
  Phrase& operator<<(const char* word) { return *this << Word{word}; }
  [[gnu::noinline]] Phrase& operator<<(Word word) {
    if (!word.text.empty()) words_.push_back(word);
    return *this;
  }
  [[gnu::noinline]] Phrase& operator<<(const Phrase& other) {
    words_.insert(words_.end(), other.words_.begin(), other.words_.end());
    return *this;
  }
  [[nodiscard]] const std::vector<Word>& words() const { return words_; }
  [[nodiscard]] bool empty() const { return words_.empty(); }

 private:
  std::vector<Word> words_;
};

enum class Number { singular, plural };

struct Agreement {
  Number number = Number::singular;
  int person = 3;
  Gender gender = Gender::neuter;
};

struct Pronoun {
  std::string_view subject, object, possessive, reflexive;
};

// The pronoun of an agreement; a person of either gender is "they" in the text.
inline const Pronoun& pronoun(const Agreement& agreement) {
  static constexpr Pronoun first{"I", "me", "my", "myself"}, second{"you", "you", "your", "yourself"},
      he{"he", "him", "his", "himself"}, she{"she", "her", "her", "herself"}, it{"it", "it", "its", "itself"},
      we{"we", "us", "our", "ourselves"}, yous{"you", "you", "your", "yourselves"}, they{"they", "them", "their", "themselves"};
  const bool plural = agreement.number == Number::plural;
  if (agreement.person == 1) return plural ? we : first;
  if (agreement.person == 2) return plural ? yous : second;
  if (plural || agreement.gender == Gender::either) return they;
  return agreement.gender == Gender::male ? he : agreement.gender == Gender::female ? she : it;
}

inline bool takes_an(std::string_view next) {
  for (const std::string_view silent : {"honest", "heiress"}) {
    if (next == silent) return true;
  }
  return spelling::vowel(next[0]) && next != "uniform" && next != "uniforms";
}

inline std::string text(const Phrase& phrase, char end) {
  std::string line;
  bool joined = true, large = true;
  const std::vector<Word>& words = phrase.words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i].text;
    if (word == "a" && i + 1 < words.size() && takes_an(words[i + 1].text)) word = "an";
    const bool closes = word == close_quote || word == "," || word == "?" || word == "'s" || word == "'";
    if (!joined && !closes) line += ' ';
    joined = word == open_quote;
    if (word == open_quote || word == close_quote) {
      line += '"';
      large = large || joined;
      continue;
    }
    line += word;
    if (large) {
      char& first = line[line.size() - word.size()];
      if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
      large = false;
    }
  }
  // A sentence that ends in quoted speech has its full stop inside.
  if (line.size() > 1 && line.back() == '"') {
    if (line[line.size() - 2] != '?') line.insert(line.size() - 1, 1, end);
  } else {
    line += end;
  }
  return line;
}

// Whether two strangers meet in the words.
inline bool holds_strangers(const Phrase& phrase) {
  const std::vector<Word>& words = phrase.words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t j = 0; j < i && words[i].id != 0; ++j) {
      if (strangers(words[i].id, words[j].id)) return true;
    }
  }
  return false;
}

// Whether a content word comes twice, or any word twice in a row.
inline bool repeats(const Phrase& phrase) {
  const std::vector<Word>& words = phrase.words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (std::size_t j = 0; j < i && words[i].id != 0; ++j) {
      if (words[i].id == words[j].id) return true;
    }
    if (i > 0 && words[i].text == words[i - 1].text) return true;
  }
  return false;
}

}  // namespace rondo::grammar
