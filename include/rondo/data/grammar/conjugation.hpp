// Verb groups: [modal] [have] [be + -ing] [be + participle] verb, the first of them finite, "do" where a negation or a question
// needs an auxiliary and there is none.
//
//   conjugate(&eat, {.tense = Tense::past, .perfect = true, .negated = true}, third_singular)
//     .auxiliary "had"   .rest "eaten"    with "not" (and any adverb) written between them by the clause
//
// The verb may be null: then it is "be" itself, which is its own auxiliary.
#pragma once

#include <string_view>

#include <rondo/data/grammar/phrase.hpp>

namespace rondo::grammar {

enum class Tense { present, past };
enum class Form { finite, base, participle, gerund };

struct Inflection {
  Tense tense = Tense::past;
  std::string_view modal = {};
  bool perfect = false, progressive = false, passive = false, negated = false;
};

struct VerbGroup {
  Word auxiliary;  // no text where the verb stands alone
  Phrase rest;
};

[[nodiscard]] inline bool takes_s(const Agreement& agreement) {
  return agreement.person == 3 && agreement.number == Number::singular;
}

[[nodiscard]] inline std::string_view be(Form form, Tense tense, const Agreement& agreement) {
  if (form != Form::finite) return form == Form::base ? "be" : form == Form::participle ? "been" : "being";
  const bool plural = agreement.number == Number::plural || agreement.person == 2;
  if (tense == Tense::past) return plural ? "were" : "was";
  return plural ? "are" : agreement.person == 1 ? "am" : "is";
}

[[nodiscard]] inline std::string_view have(Form form, Tense tense, const Agreement& agreement) {
  if (form == Form::base) return "have";
  return tense == Tense::past ? "had" : takes_s(agreement) ? "has" : "have";
}

[[nodiscard]] inline std::string_view auxiliary_do(Tense tense, const Agreement& agreement) {
  return tense == Tense::past ? "did" : takes_s(agreement) ? "does" : "do";
}

[[nodiscard]] inline Word inflect(const Verb& verb, Form form, Tense tense, const Agreement& agreement) {
  switch (form) {
    case Form::base:
      return {verb.base, verb.id};
    case Form::participle:
      return {verb.participle, verb.id};
    case Form::gerund:
      return {verb.gerund, verb.id};
    case Form::finite:
      break;
  }
  return {tense == Tense::past ? verb.past : takes_s(agreement) ? verb.present : verb.base, verb.id};
}

[[nodiscard]] inline VerbGroup conjugate(const Verb* verb, const Inflection& inflection, const Agreement& agreement,
                                         bool needs_auxiliary = false) {
  Phrase group;
  Form form = Form::finite;
  if (!inflection.modal.empty()) {
    group << inflection.modal;
    form = Form::base;
  }
  if (inflection.perfect) {
    group << have(form, inflection.tense, agreement);
    form = Form::participle;
  }
  if (inflection.progressive) {
    group << be(form, inflection.tense, agreement);
    form = Form::gerund;
  }
  if (inflection.passive) {
    group << be(form, inflection.tense, agreement);
    form = Form::participle;
  }
  if (group.empty() && verb != nullptr && (inflection.negated || needs_auxiliary)) {
    group << auxiliary_do(inflection.tense, agreement);
    form = Form::base;
  }
  group << (verb == nullptr ? Word{be(form, inflection.tense, agreement)} : inflect(*verb, form, inflection.tense, agreement));
  VerbGroup result;
  const std::vector<Word>& words = group.words();
  const bool alone = words.size() == 1 && verb != nullptr;
  if (!alone) result.auxiliary = words[0];
  for (std::size_t i = alone ? 0 : 1; i < words.size(); ++i) result.rest << words[i];
  return result;
}

}  // namespace rondo::grammar
