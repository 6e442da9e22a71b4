// A clause and the orders its parts are spoken in.
//
//   declarative  "the dog | had | not | quickly | eaten | the cake | yesterday"
//   inverted     "had | the dog | not | ... "     after a question word
//   predicate    "had not quickly eaten the cake yesterday"
//
// A gap is a complement that lacks its object ("what the dog had eaten", "the cake that the dog had eaten").
#pragma once

#include <rondo/data/grammar/noun_phrase.hpp>

namespace rondo::grammar {

struct Clause {
  NounPhrase subject;
  Inflection inflection;
  const Verb* verb = nullptr;  // null: "be"
  Phrase adverb = {};          // after the first auxiliary, or before the verb
  Phrase complement = {};
  Phrase adjunct = {};

  [[nodiscard]] VerbGroup group(bool needs_auxiliary = false) const {
    return conjugate(verb, inflection, subject.agreement, needs_auxiliary || inflection.negated);
  }
  [[nodiscard]] Phrase predicate() const {
    const VerbGroup verbs = group();
    Phrase phrase;
    phrase << verbs.auxiliary << (inflection.negated ? "not" : "") << adverb << verbs.rest << complement << adjunct;
    return phrase;
  }
  [[nodiscard]] Phrase declarative() const {
    Phrase phrase = subject.words;
    return phrase << predicate();
  }
  [[nodiscard]] Phrase inverted(Phrase question_word = {}) const {
    const VerbGroup verbs = group(true);
    question_word << (verbs.auxiliary.text.empty() ? verbs.rest : Phrase(verbs.auxiliary)) << subject.words
                  << (inflection.negated ? "not" : "") << adverb;
    if (!verbs.auxiliary.text.empty()) question_word << verbs.rest;
    return question_word << complement << adjunct;
  }
  // "to eat the cake", "eating the cake": without subject and tense.
  [[nodiscard]] Phrase bare(Form form) const {
    Phrase phrase;
    phrase << (verb == nullptr ? Word{be(form, Tense::present, {})} : inflect(*verb, form, Tense::present, {}));
    return phrase << complement << adjunct;
  }
};

}  // namespace rondo::grammar
