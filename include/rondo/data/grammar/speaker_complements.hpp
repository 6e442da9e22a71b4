// What the verbs of the Speaker (declared in speaker.hpp) take after them: objects, clauses, questions, infinitives.
#pragma once

#include <rondo/data/grammar/speaker.hpp>

namespace rondo::grammar {

inline Phrase Speaker::complement(const Frame& frame, const NounPhrase& subject, const Scope& scope) {
  const Scope inner{scope.narrative, scope.licensed, scope.depth - 1};
  const Wish object{.classes = frame.object,
                    .relatives = 14,
                    .superlative = frame.use == Use::transitive && !scope.licensed && !subject.negative,
                    .licensed = scope.licensed,
                    .owner = &subject.agreement};
  switch (frame.use) {
    case Use::intransitive:
      return {};
    case Use::transitive:
      return object_phrase(frame, object, subject, scope);
    case Use::prepositional:
      return Phrase(frame.preposition) << noun_phrase(object, scope).as_object();
    case Use::ditransitive: {
      const NounPhrase recipient = noun_phrase({.classes = person, .modified = false});
      const NounPhrase gift = noun_phrase(object, scope);
      if (random().chance(50)) return Phrase(gift.as_object()) << "to" << recipient.as_object();
      return Phrase(recipient.as_object()) << gift.as_object();
    }
    case Use::clausal:
      return Phrase(random().chance(75) ? "that" : "") << embedded(inner);
    case Use::interrogative:
      return embedded_question(inner);
    case Use::subject_control:
    case Use::raising:
      return Phrase("to") << infinitive(subject, inner);
    case Use::object_control: {
      const NounPhrase who = noun_phrase({.classes = person, .modified = false});
      return Phrase(who.as_object()) << "to" << infinitive(who, inner);
    }
    case Use::linking: {
      const bool state = frame.verb->base == "become" || frame.verb->base == "feel";
      const Adjective* adjective = state ? draw_state(subject.classes) : draw_adjective(subject.classes);
      if (adjective == nullptr) return "true";
      return Phrase(random().chance(20) ? "very" : "") << Word{adjective->text, adjective->id};
    }
  }
  return {};
}

inline Phrase Speaker::object_phrase(const Frame& frame, const Wish& wish, const NounPhrase& subject, const Scope& scope) {
  const bool persons = (frame.object & subject.classes & person) != 0;
  if (persons && frame.verb->reflexive && !subject.negative && random().chance(35)) {
    return pronoun(subject.agreement).reflexive;
  }
  if (persons && random().chance(10)) return speaker_pronoun(subject).as_object();
  NounPhrase object = noun_phrase(wish, scope);
  const std::uint32_t more = random().below(100);
  if (more < 3 && persons && object.noun != nullptr) {
    object = {object.as_object(), object.agreement, object.classes};
    object.words << "and" << speaker_pronoun(subject).as_object();
  } else if (more < 8) {
    const NounPhrase second = noun_phrase({.classes = frame.object, .modified = false, .from_cast = false});
    if (second.noun != object.noun) object.words << "and" << second.words;
  }
  return object.as_object();
}

inline NounPhrase Speaker::speaker_pronoun(const NounPhrase& subject) {
  static constexpr std::array persons = {
      Agreement{Number::singular, 1, Gender::male},   Agreement{Number::singular, 3, Gender::male},
      Agreement{Number::singular, 3, Gender::female}, Agreement{Number::plural, 1, Gender::male},
      Agreement{Number::plural, 3, Gender::male},     Agreement{Number::singular, 2, Gender::male}};
  const Agreement& agreement = random().pick(persons);
  if (agreement.person == subject.agreement.person && agreement.person != 3) return noun_phrase({.classes = person});
  return speak_pronoun(agreement);
}

inline Phrase Speaker::embedded(const Scope& scope) {
  const Wish wish{.classes = random().chance(75) ? person : anything & ~place, .negative = true, .licensed = scope.licensed};
  NounPhrase subject = random().chance(15) ? speaker_pronoun({}) : noun_phrase(wish, scope);
  Scope inner = scope;
  inner.licensed = scope.licensed || subject.negative;
  const std::optional<Clause> clause = clause_about(std::move(subject), inner);
  return clause ? clause->declarative() : Phrase("it") << be(Form::finite, Tense::past, {}) << "possible";
}

inline Phrase Speaker::embedded_question(const Scope& scope) {
  const std::uint32_t kind = random().below(100);
  if (kind < 45) {
    const bool persons = random().chance(45);
    NounPhrase subject = noun_phrase({.classes = person, .modified = false}, scope);
    if (random().chance(25)) subject = speaker_pronoun({});
    const auto clause = gap_clause(std::move(subject), persons ? person : thing | animal, scope);
    if (clause) return Phrase(persons ? "who" : "what") << clause->declarative();
  } else if (kind < 62) {
    const auto clause = clause_about({"who", {Number::singular, 3, Gender::male}, person}, {scope.narrative, false, 0});
    if (clause) return clause->declarative();
  } else if (kind < 80) {
    Scope question = scope;
    question.licensed = true;
    return Phrase("whether") << embedded(question);
  }
  const NounPhrase subject = noun_phrase({.classes = person, .modified = false}, scope);
  const Frame* frame = draw_frame(Use::transitive, subject.classes);
  if (frame == nullptr) return "why";
  const Phrase word = random().pick(std::array{"where", "when", "why"});
  return Phrase(word) << clause_of(*frame, subject, {scope.narrative, false, 0}).declarative();
}

inline Phrase Speaker::infinitive(const NounPhrase& subject, const Scope& scope) {
  const Frame* frame = draw_frame(random().chance(65) ? Use::transitive : Use::intransitive, subject.classes);
  if (frame == nullptr) return "be there";
  Clause clause{subject, {}, frame->verb};
  clause.complement = complement(*frame, subject, {scope.narrative, scope.licensed, 0});
  return clause.bare(Form::base);
}

}  // namespace rondo::grammar
