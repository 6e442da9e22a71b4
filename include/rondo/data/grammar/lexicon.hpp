// The lexicon: the entries with all their forms, and which words are strangers to each other.
//
// Every content word (noun, name, verb, adjective, manner adverb) has a number. Two content words are *strangers* when the
// hash of their numbers says so (one pair in `strangeness`). Strangers never meet in a sentence of the text; each sentence of
// a minimal pair holds two that the phenomenon is about (the subject and its verb, say). So a model has seen every word of a
// pair, but never the two together: it must know the rule.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/grammar/noun_entries.hpp>
#include <rondo/data/grammar/random.hpp>
#include <rondo/data/grammar/verb_complement_entries.hpp>
#include <rondo/data/grammar/verb_entries.hpp>
#include <rondo/data/grammar/word_entries.hpp>

namespace rondo::grammar {

using WordId = std::uint32_t;  // 0: a function word
inline constexpr std::uint64_t strangeness = 20;

[[nodiscard]] constexpr bool strangers(WordId a, WordId b) {
  if (a == 0 || b == 0 || a == b) return false;
  const std::uint64_t low = a < b ? a : b, high = a < b ? b : a;
  return mix((low << 32 | high) * 0x9e3779b97f4a7c15ULL) % strangeness == 0;
}

struct Noun {
  WordId id;
  std::string singular, plural;  // of a name: the name, nothing
  Classes classes;
  Gender gender;
  bool mass, name;
  [[nodiscard]] bool has_two_forms() const { return !mass && !name && singular != plural; }
};

struct Verb {
  WordId id;
  std::string base, present, past, participle, gerund;  // see, sees, saw, seen, seeing
  bool irregular, reflexive, strictly_transitive, never_transitive, stative;
};

struct Adjective {
  WordId id;
  std::string text;
  Classes classes;
  bool temporary;
};

struct Adverb {
  WordId id;
  std::string text;
};

// One use of a verb.
struct Frame {
  const Verb* verb;
  Use use;
  Classes subject, object;
  std::string_view preposition;
};

inline std::vector<std::string_view> split(std::string_view text, char separator = ' ') {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// The spelling rules of English endings.
namespace spelling {
inline bool vowel(char letter) {
  return std::string_view("aeiou").find(letter) != std::string_view::npos;
}
inline bool ends(std::string_view word, std::string_view end) {
  return word.size() >= end.size() && word.substr(word.size() - end.size()) == end;
}
inline bool ends_in_consonant_and_y(std::string_view word) {
  return ends(word, "y") && !vowel(word[word.size() - 2]);
}
inline std::string with_s(const std::string& word) {
  if (ends_in_consonant_and_y(word)) return word.substr(0, word.size() - 1) + "ies";
  for (const std::string_view end : {"s", "x", "z", "ch", "sh"}) {
    if (ends(word, end)) return word + "es";
  }
  return word + "s";
}
inline std::string with_ed(const std::string& word) {
  if (ends_in_consonant_and_y(word)) return word.substr(0, word.size() - 1) + "ied";
  return word + (ends(word, "e") ? "d" : "ed");
}
inline std::string with_ing(const std::string& word) {
  const bool silent = ends(word, "e") && !ends(word, "ee");
  return (silent ? word.substr(0, word.size() - 1) : word) + "ing";
}
}  // namespace spelling

class Lexicon {
 public:
  std::deque<Noun> nouns;  // the common nouns, then the names
  std::deque<Verb> verbs;
  std::deque<Adjective> adjectives;
  std::deque<Adverb> manners;
  std::deque<Frame> frames;
  std::vector<std::uint32_t> noun_weights, adjective_weights, frame_weights;
  std::size_t first_name = 0, first_male_name = 0;

  Lexicon() {
    add_nouns();
    add_verbs();
    for (const AdjectiveEntries& entries : adjective_entries) add_adjectives(entries);
    for (const std::string_view word : split(manner_adverbs)) manners.push_back({++last_, std::string(word)});
  }

  // The entry of a spelling; Error where there is none.
  [[nodiscard]] const Noun& noun(std::string_view singular) const {
    for (const Noun& entry : nouns) {
      if (entry.singular == singular) return entry;
    }
    throw Error("grammar", "noun", "an entry of the lexicon", singular);
  }
  [[nodiscard]] const Verb& verb(std::string_view base) const { return const_cast<Lexicon*>(this)->find_verb(base); }
  [[nodiscard]] WordId words() const { return last_; }

 private:
  WordId last_ = 0;
  std::array<std::size_t, 10> uses_{};  // so many verbs of each use so far
  std::map<std::string, std::size_t, std::less<>> noun_index_, verb_index_, adjective_index_;

  void add_nouns() {
    for (const NounEntries& entries : noun_entries) {
      std::size_t rank = 0;
      for (const std::string_view word : split(entries.words)) add_noun(entries, split(word, '/'), rank++);
    }
    first_name = nouns.size();
    add_names(female_names, Gender::female);
    first_male_name = nouns.size();
    add_names(male_names, Gender::male);
  }
  void add_noun(const NounEntries& entries, const std::vector<std::string_view>& forms, std::size_t rank) {
    const std::string singular(forms[0]);
    if (const auto known = noun_index_.find(singular); known != noun_index_.end()) {
      nouns[known->second].classes |= entries.classes;
      return;
    }
    noun_index_[singular] = nouns.size();
    const std::string plural = forms.size() > 1 ? std::string(forms[1]) : spelling::with_s(singular);
    nouns.push_back({++last_, singular, entries.mass ? "" : plural, entries.classes, entries.gender, entries.mass, false});
    noun_weights.push_back(zipf_weight(5 + rank));
  }
  void add_names(std::string_view names, Gender gender) {
    std::size_t rank = 0;
    for (const std::string_view name : split(names)) {
      nouns.push_back({++last_, std::string(name), "", person, gender, false, true});
      noun_weights.push_back(zipf_weight(rank++));
    }
  }

  void add_verbs() {
    for (const VerbEntry& entry : verb_entries) add_use(entry);
    for (const VerbEntry& entry : verb_complement_entries) add_use(entry);
    for (const std::string_view base : split(reflexive_verbs)) find_verb(base).reflexive = true;
    for (const std::string_view base : split(strictly_transitive_verbs)) find_verb(base).strictly_transitive = true;
    for (const std::string_view base : split(never_transitive_verbs)) find_verb(base).never_transitive = true;
    for (const std::string_view base : split(stative_verbs)) find_verb(base).stative = true;
  }
  void add_use(const VerbEntry& entry) {
    const std::vector<std::string_view> forms = split(entry.forms);
    if (!verb_index_.contains(forms[0])) add_verb(forms);
    frames.push_back({&find_verb(forms[0]), entry.use, entry.subject, entry.object, entry.preposition});
    frame_weights.push_back(zipf_weight(15 + uses_[static_cast<std::size_t>(entry.use)]++));
  }
  void add_verb(std::vector<std::string_view> forms) {
    const bool doubles = forms.back() == "*";
    if (doubles) forms.pop_back();
    const std::string base(forms[0]);
    const std::string stem = doubles ? base + base.back() : base;
    const bool irregular = forms.size() == 3;
    require(irregular || forms.size() == 1, "grammar: verb '", base, "' has ", forms.size(), " forms, not 1 or 3");
    verb_index_[base] = verbs.size();
    verbs.push_back({++last_, base, base == "go" ? "goes" : spelling::with_s(base),
                     irregular ? std::string(forms[1]) : spelling::with_ed(stem),
                     irregular ? std::string(forms[2]) : spelling::with_ed(stem), spelling::with_ing(stem), irregular, false,
                     false, false, false});
  }
  Verb& find_verb(std::string_view base) {
    const auto known = verb_index_.find(base);
    if (known == verb_index_.end()) throw Error("grammar", "verb", "an entry of the lexicon", base);
    return verbs[known->second];
  }

  void add_adjectives(const AdjectiveEntries& entries) {
    std::size_t rank = 0;
    for (const std::string_view word : split(entries.words)) {
      if (const auto known = adjective_index_.find(word); known != adjective_index_.end()) {
        adjectives[known->second].classes |= entries.classes;
      } else {
        adjective_index_[std::string(word)] = adjectives.size();
        adjectives.push_back({++last_, std::string(word), entries.classes, entries.temporary});
        adjective_weights.push_back(zipf_weight(rank));
      }
      ++rank;
    }
  }
};

}  // namespace rondo::grammar
