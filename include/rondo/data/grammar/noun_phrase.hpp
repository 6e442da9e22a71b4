// Noun phrases: what may be wished of one, and the Speaker who says them.
//
// A Speaker draws from the lexicon by Zipf's law and remembers the cast of the document at hand, so that what has been
// mentioned is spoken of again ("an old teacher" ... "the teacher" ... "she").
#pragma once

#include <optional>
#include <unordered_map>

#include <rondo/data/grammar/conjugation.hpp>

namespace rondo::grammar {

struct NounPhrase {
  Phrase words;
  Agreement agreement;
  Classes classes = 0;
  const Noun* noun = nullptr;  // null for pronouns
  Phrase object = {};          // the object form where it differs (pronouns)
  bool negative = false;       // "no dog", "few dogs", "nobody": what follows may hold "ever" and "any"
  [[nodiscard]] const Phrase& as_object() const { return object.empty() ? words : object; }
};

struct Wish {
  Classes classes = anything;
  std::optional<Number> number = {};
  bool names = true;                 // a name will do
  bool modified = true;              // adjectives, prepositional phrases
  std::uint32_t modifiers = 15;      // a prepositional phrase in so many of 100
  std::uint32_t relatives = 0;       // a relative clause in so many of 100
  bool negative = false;             // "no dog" will do
  bool superlative = false;          // "at least three dogs" will do
  bool licensed = false;             // under a negation or in a question: "any dog" will do
  bool from_cast = true;             // one that was mentioned before will do
  const Agreement* owner = nullptr;  // "her dog"
};

struct Referent {
  const Noun* noun;
  const Noun* name;  // null where it has none
  Agreement agreement;
  const Adjective* adjective;
  bool mentioned = false;  // in the document
  bool spoken_of = false;  // in the sentence
};

class NounSpeaker {
 public:
  NounSpeaker(const Lexicon& lexicon, Random& random) : lexicon_(lexicon), random_(random) {}

  const Lexicon& lexicon() const { return lexicon_; }
  Random& random() { return random_; }
  std::vector<Referent> cast;

  const Noun& draw_noun(Classes classes) { return lexicon_.nouns[nouns_of(classes).draw(random_)]; }
  const Noun& draw_noun_evenly(Classes classes) { return lexicon_.nouns[nouns_of(classes).draw_evenly(random_)]; }
  const Noun& draw_name(Gender gender = Gender::either) {
    const bool male = gender == Gender::male || (gender == Gender::either && random_.chance(50));
    Choice& choice = names_[male ? 1 : 0];
    if (choice.empty()) {
      const std::size_t first = male ? lexicon_.first_male_name : lexicon_.first_name;
      const std::size_t last = male ? lexicon_.nouns.size() : lexicon_.first_male_name;
      for (std::size_t i = first; i < last; ++i) choice.add(i, lexicon_.noun_weights[i]);
    }
    return lexicon_.nouns[choice.draw(random_)];
  }
  const Adjective* draw_adjective(Classes classes) {
    Choice& choice = adjectives_[classes];
    if (choice.empty()) {
      for (std::size_t i = 0; i < lexicon_.adjectives.size(); ++i) {
        if ((lexicon_.adjectives[i].classes & classes) != 0) choice.add(i, lexicon_.adjective_weights[i]);
      }
      if (choice.empty()) return nullptr;
    }
    return &lexicon_.adjectives[choice.draw(random_)];
  }
  // An adjective for what may change; null where there is none.
  const Adjective* draw_state(Classes classes) {
    for (int attempt = 0; attempt < 30; ++attempt) {
      const Adjective* adjective = draw_adjective(classes);
      if (adjective == nullptr || adjective->temporary) return adjective;
    }
    return draw_adjective(classes);
  }

  // A person of either gender is taken for a man or a woman.
  Agreement agreement_of(const Noun& noun, Number number) {
    const Gender gender = noun.gender != Gender::either ? noun.gender : random_.chance(50) ? Gender::male : Gender::female;
    return {number, 3, gender};
  }
  Number draw_number(const Noun& noun) {
    return noun.mass || noun.name || random_.chance(62) ? Number::singular : Number::plural;
  }
  static Word form(const Noun& noun, Number number) { return {number == Number::plural ? noun.plural : noun.singular, noun.id}; }

  NounPhrase speak_name(const Noun& name) {
    return {Word{name.singular, name.id}, {Number::singular, 3, name.gender}, person, &name};
  }
  NounPhrase speak_pronoun(const Agreement& agreement, Classes classes = person) {
    const Pronoun& forms = pronoun(agreement);
    return {forms.subject, agreement, classes, nullptr, forms.object};
  }
  // "the (adjective) noun", or with another determiner.
  NounPhrase speak(Phrase determiner, const Noun& noun, Number number, const Adjective* adjective = nullptr) {
    determiner << (adjective != nullptr ? Word{adjective->text, adjective->id} : Word{}) << form(noun, number);
    return {determiner, agreement_of(noun, number), noun.classes, &noun};
  }

  // One of the cast: its name, or "the" and its noun; first "a" and its noun. At most once in a sentence.
  NounPhrase speak_referent(std::size_t Index) {
    Referent& referent = cast[Index];
    const bool first = !referent.mentioned;
    referent.mentioned = referent.spoken_of = true;
    NounPhrase phrase;
    if (referent.name != nullptr && (first || random_.chance(70))) {
      phrase = speak_name(*referent.name);
    } else {
      const bool plural = referent.agreement.number == Number::plural;
      const Word adjective = referent.adjective != nullptr && (first || random_.chance(20))
                                 ? Word{referent.adjective->text, referent.adjective->id}
                                 : Word{};
      Phrase words(!first || referent.noun->mass ? "the" : plural ? "some" : "a");
      words << adjective << form(*referent.noun, referent.agreement.number);
      phrase = {words, referent.agreement, referent.noun->classes, referent.noun};
    }
    phrase.agreement = referent.agreement;
    return phrase;
  }

  std::optional<NounPhrase> speak_of_cast(const Wish& wish) {
    if (!wish.from_cast || cast.empty() || !random_.chance(65)) return {};
    const std::size_t start = random_.below(static_cast<std::uint32_t>(cast.size()));
    for (std::size_t i = 0; i < cast.size(); ++i) {
      const std::size_t Index = (start + i) % cast.size();
      const Referent& referent = cast[Index];
      if ((referent.noun->classes & wish.classes) == 0 || referent.spoken_of) continue;
      if (wish.number && *wish.number != referent.agreement.number) continue;
      return speak_referent(Index);
    }
    return {};
  }

  // The determiner of a free noun phrase; whether it is negative.
  Phrase draw_determiner(const Noun& noun, Number number, const Wish& wish, bool& negative) {
    static constexpr std::array plural_quantifiers = {"some", "many", "several", "most", "all", "both"};
    const std::uint32_t kind = random_.below(100);
    if (wish.licensed && kind < 30) return "any";
    if (wish.negative && kind < 16) {
      negative = true;
      return number == Number::plural && random_.chance(50) ? "few" : "no";
    }
    if (wish.owner != nullptr && kind < 30) return pronoun(*wish.owner).possessive;
    if (noun.mass) return kind < 75 ? "the" : "some";
    if (kind < 55) return "the";
    if (kind < 60) return possessor();
    if (number == Number::singular) {
      if (kind < 84) return "a";
      if (kind < 92) return random_.chance(55) ? "this" : "that";
      return random_.chance(50) ? "every" : random_.chance(60) ? "each" : "another";
    }
    if (kind < 68) return random_.chance(55) ? "these" : "those";
    if (kind < 82) return random_.pick(plural_quantifiers);
    if (kind < 90) return random_.pick(numerals);
    return counted(wish.superlative);
  }

  // "my", "Anna's", "the farmer's".
  Phrase possessor() {
    if (random_.chance(55)) {
      static constexpr std::array owners = {"my", "your", "our", "their", "his", "her"};
      return random_.pick(owners);
    }
    Phrase owner;
    if (random_.chance(60)) {
      const Noun& name = draw_name();
      owner << Word{name.singular, name.id};
    } else {
      const Noun& noun = draw_noun(person);
      owner << "the" << Word{noun.singular, noun.id};
    }
    return owner << "'s";
  }

  // "at least three", "more than five"; the superlative ones not where a negation could stand above them.
  Phrase counted(bool superlative) {
    static constexpr std::array comparative = {"more than", "fewer than"};
    static constexpr std::array any = {"more than", "fewer than", "at least", "at most"};
    return (superlative ? Phrase(random_.pick(any)) : Phrase(random_.pick(comparative))) << random_.pick(numerals);
  }

 private:
  const Lexicon& lexicon_;
  Random& random_;
  std::unordered_map<Classes, Choice> nouns_, adjectives_;
  std::array<Choice, 2> names_;

  const Choice& nouns_of(Classes classes) {
    Choice& choice = nouns_[classes];
    if (choice.empty()) {
      for (std::size_t i = 0; i < lexicon_.first_name; ++i) {
        if ((lexicon_.nouns[i].classes & classes) != 0) choice.add(i, lexicon_.noun_weights[i]);
      }
    }
    return choice;
  }
};

}  // namespace rondo::grammar
