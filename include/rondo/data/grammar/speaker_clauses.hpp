// The clauses of the Speaker (declared in speaker.hpp): their verb and its tense, adverbs, times and places.
#pragma once

#include <rondo/data/grammar/speaker.hpp>

namespace rondo::grammar {

inline Inflection Speaker::draw_inflection(const Scope& scope, const Verb* verb) {
  const std::uint32_t kind = random().below(100);
  Inflection result;
  result.negated = random().chance(9);
  result.tense = scope.narrative ? Tense::past : Tense::present;
  if (scope.narrative) {
    if (kind < 9)
      result.perfect = true;
    else if (kind < 19)
      result.progressive = verb != nullptr && !verb->stative;
    else if (kind < 27)
      result.modal = random().pick(std::array{"would", "could", "might"});
  } else {
    if (kind < 14)
      result.perfect = true;
    else if (kind < 23)
      result.progressive = verb != nullptr && !verb->stative;
    else if (kind < 36)
      result.modal = random().pick(modals);
    else if (kind < 46)
      result.tense = Tense::past;
  }
  return result;
}

inline std::optional<Clause> Speaker::clause_about(NounPhrase subject, const Scope& scope) {
  static constexpr std::array flat = {Use::transitive,   Use::transitive,   Use::transitive,    Use::transitive,
                                      Use::intransitive, Use::intransitive, Use::prepositional, Use::linking};
  static constexpr std::array nested = {Use::clausal,        Use::clausal,         Use::clausal,
                                        Use::interrogative,  Use::subject_control, Use::subject_control,
                                        Use::object_control, Use::ditransitive,    Use::raising};
  if (random().chance(10)) return clause_of_being(std::move(subject), scope);
  const Use use = scope.depth > 0 && random().chance(28) ? random().pick(nested) : random().pick(flat);
  const Frame* frame = draw_frame(use, subject.classes);
  if (frame == nullptr) frame = draw_frame(Use::linking, subject.classes);
  if (frame == nullptr) return {};
  return clause_of(*frame, std::move(subject), scope);
}

inline Clause Speaker::clause_of(const Frame& frame, NounPhrase subject, const Scope& scope) {
  Clause clause{std::move(subject), draw_inflection(scope, frame.verb), frame.verb};
  const Scope inner = add_adverb(clause, scope);
  clause.complement = complement(frame, clause.subject, inner);
  const bool simple = frame.use == Use::transitive || frame.use == Use::intransitive || frame.use == Use::prepositional;
  if (simple) clause.adjunct = adjunct(clause, inner);
  return clause;
}

inline Clause Speaker::clause_of_being(NounPhrase subject, const Scope& scope) {
  Clause clause{std::move(subject), draw_inflection(scope, nullptr)};
  add_adverb(clause, scope);
  const NounPhrase& who = clause.subject;
  const std::uint32_t kind = random().below(100);
  const Adjective* adjective = draw_adjective(who.classes);
  if (kind < 25 || adjective == nullptr) {
    clause.complement = location(who.classes);
  } else if (kind < 40 && (who.classes & animate) != 0) {
    clause.complement << "as" << Word{adjective->text, adjective->id} << "as"
                      << noun_phrase({.classes = who.classes & animate, .modified = false}).words;
  } else if (kind < 50 && who.agreement.number == Number::singular && (who.classes & person) != 0 && who.noun != nullptr &&
             who.noun->name) {
    const Noun& role = lexicon().noun(random().pick(std::array{"teacher", "doctor", "farmer", "writer", "lawyer", "singer"}));
    clause.complement << "a" << Word{adjective->text, adjective->id} << Word{role.singular, role.id};
  } else {
    clause.complement << (random().chance(25) ? "very" : "") << Word{adjective->text, adjective->id};
  }
  return clause;
}

inline std::optional<Clause> Speaker::gap_clause(NounPhrase subject, Classes object, const Scope& scope) {
  const Frame* frame = draw_frame(random().chance(85) ? Use::transitive : Use::prepositional, subject.classes, object);
  if (frame == nullptr) return {};
  Clause clause{std::move(subject), draw_inflection({scope.narrative, false, 0}, frame->verb), frame->verb};
  clause.inflection.negated = clause.inflection.negated && random().chance(40);
  clause.complement = frame->preposition;
  return clause;
}

inline std::optional<Clause> Speaker::passive_clause(NounPhrase subject, const Scope& scope) {
  const Frame* frame = draw_frame(Use::transitive, animate, subject.classes);
  if (frame == nullptr || frame->verb->base == "leave" || frame->verb->base == "become") return {};
  Clause clause{std::move(subject), draw_inflection(scope, nullptr), frame->verb};
  clause.inflection.passive = true;
  const Scope inner = add_adverb(clause, scope);
  if (frame->verb->stative || random().chance(55)) {
    const Wish agent{.classes = frame->subject & animate, .licensed = inner.licensed};
    clause.complement << "by" << noun_phrase(agent).as_object();
  }
  if (!frame->verb->stative && clause.adverb.empty()) clause.adjunct = time_of(clause.inflection);
  return clause;
}

inline Scope Speaker::add_adverb(Clause& clause, const Scope& scope) {
  Scope inner = scope;
  if (clause.subject.negative) clause.inflection.negated = false;
  inner.licensed = scope.licensed || clause.inflection.negated || clause.subject.negative;
  const std::uint32_t kind = random().below(100);
  const bool ever = inner.licensed && !clause.inflection.progressive && kind < (clause.subject.negative ? 40u : 22u);
  if (ever) {
    clause.adverb = "ever";
  } else if (!inner.licensed && kind < 4) {
    clause.adverb = "never";
    inner.licensed = true;
  } else if (!inner.licensed && kind < 12) {
    clause.adverb = frequency();
  } else if (kind < 17 && clause.verb != nullptr && !clause.verb->stative) {
    clause.adverb = manner();
  }
  return inner;
}

inline Phrase Speaker::adjunct(const Clause& clause, const Scope& scope) {
  const std::uint32_t kind = random().below(100);
  const bool acts = clause.verb != nullptr && !clause.verb->stative && clause.adverb.empty();
  if (kind < 8 && acts && (clause.subject.classes & animate) != 0) return manner();
  if (kind < 14 && (clause.subject.classes & animate) != 0) return location(animal);
  if (kind < 22 && acts) return time_of(clause.inflection);
  if (kind < 27 && scope.depth > 0 && (clause.subject.classes & person) != 0) {
    Scope inner{scope.narrative, false, scope.depth - 1};
    if (random().chance(45)) {
      return Phrase(random().pick(std::array{"after", "before", "without", "while"})) << gerund(clause.subject, inner);
    }
    return Phrase(random().pick(std::array{"because", "when", "while", "although", "before", "after"})) << embedded(inner);
  }
  return {};
}

inline Phrase Speaker::gerund(const NounPhrase& subject, const Scope& scope) {
  const Frame* frame = draw_frame(Use::transitive, subject.classes);
  if (frame == nullptr || frame->verb->stative) frame = draw_frame(Use::intransitive, subject.classes);
  if (frame == nullptr) return "being there";
  Clause clause{subject, {}, frame->verb};
  clause.complement = complement(*frame, subject, {scope.narrative, false, 0});
  return clause.bare(Form::gerund);
}

inline Phrase Speaker::time_of(const Inflection& inflection) {
  if (!random().chance(60) || inflection.perfect || inflection.progressive) return {};
  if (inflection.modal == "will") return random().pick(future_times);
  if (!inflection.modal.empty()) return {};
  return inflection.tense == Tense::past ? random().pick(past_times) : random().pick(present_times);
}

inline Phrase Speaker::location(Classes classes) {
  const bool small = (classes & (portable | food | drink)) != 0 && (classes & animate) == 0;
  const bool inside = random().chance(55);
  if (small) {
    return Phrase(inside                ? "in"
                  : random().chance(65) ? "on"
                                        : "under")
           << noun_phrase({.classes = inside ? container : furniture & ~container, .names = false, .modified = false}).words;
  }
  const Classes where = inside ? building : plant | building | outdoors;
  return Phrase(inside ? "in" : random().pick(std::array{"near", "behind", "beside"}))
         << noun_phrase({.classes = where, .names = false, .modified = false}).words;
}

}  // namespace rondo::grammar
