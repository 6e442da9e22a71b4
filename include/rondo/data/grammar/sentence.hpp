// Whole sentences: statements of many constructions, questions, speech.
#pragma once

#include <rondo/data/grammar/speaker_clauses.hpp>
#include <rondo/data/grammar/speaker_complements.hpp>

namespace rondo::grammar {

struct Sentence {
  Phrase words;
  char end = '.';
};

class Sentences : public Speaker {
 public:
  using Speaker::Speaker;

  // A statement about a subject; about one of its own choice where none is given.
  Sentence statement(const Scope& scope, std::optional<NounPhrase> about = {}) {
    const std::uint32_t kind = random().below(100);
    if (!about) {
      if (kind < 9) return {existential(scope)};
      if (kind < 13) return {expletive(scope)};
      if (kind < 17) return {conditional(scope)};
      if (kind < 20) return {exclusive(scope)};
      if (kind < 24) return {partitive(scope)};
    }
    NounPhrase subject = about ? *std::move(about) : free_subject(scope);
    Phrase front;
    if (kind >= 24 && kind < 29 && scope.narrative)
      front << random().pick(std::array{"all at once", "one day", "in the end", "after a while"}) << ",";
    const bool acted_on = (subject.classes & animate) == 0 ? random().chance(55) : random().chance(7);
    if (acted_on) {
      if (auto clause = passive_clause(subject, scope)) {
        if (!front.empty()) clause->adjunct = {};
        return {front << clause->declarative()};
      }
    }
    auto clause = clause_about(subject, scope);
    if (!clause) return {existential(scope)};
    if (!front.empty()) clause->adjunct = {};
    if (kind >= 29 && kind < 34) return {dated(*clause, scope)};
    front << clause->declarative();
    if (kind >= 34 && kind < 42 && !clause->inflection.negated && !subject.negative && clause->adjunct.empty()) {
      if (const auto second = clause_about(subject, {scope.narrative, false, 0})) front << "and" << second->predicate();
    } else if (kind >= 42 && kind < 48) {
      const auto second = clause_about(noun_phrase({.classes = person, .modified = false}), {scope.narrative, false, 0});
      if (second) front << "," << random().pick(std::array{"but", "and", "so"}) << second->declarative();
    }
    return {front};
  }

  NounPhrase free_subject(const Scope& scope) {
    const std::uint32_t kind = random().below(100);
    const Classes classes = kind < 55 ? person : kind < 72 ? animal : kind < 86 ? thing : kind < 95 ? event | idea | song : place;
    NounPhrase subject =
        noun_phrase({.classes = classes, .modifiers = 25, .relatives = 18, .negative = true, .superlative = true}, scope);
    if ((classes & animate) != 0 && !subject.negative && random().chance(9)) return joined(subject, scope);
    return subject;
  }
  // "the boy and the girl", "Anna and I": plural whatever the parts are.
  NounPhrase joined(NounPhrase first, const Scope& scope) {
    if (first.noun == nullptr) return first;
    NounPhrase second = random().chance(20)
                            ? speaker_pronoun({})
                            : noun_phrase({.classes = first.classes & animate, .modified = false, .from_cast = false}, scope);
    if (second.noun == first.noun || second.words.words()[0].text == "you") return first;
    const bool mine = second.agreement.person == 1;
    NounPhrase both{first.words, {Number::plural, mine ? 1 : 3, Gender::either}, first.classes};
    both.object = first.as_object();
    both.words << "and" << second.words;
    both.object << "and" << second.as_object();
    return both;
  }

  // "there was a dog in the garden", "there seem to be two dogs near the house".
  Phrase existential(const Scope& scope) {
    static constexpr std::array singular = {"a", "a", "a", "no", "another"};
    static constexpr std::array plural = {"some", "many", "no", "few", "several"};
    const Noun& noun = draw_noun(animate | artifact | plant | food);
    const Number number = draw_number(noun);
    Phrase determiner = noun.mass ? "some" : number == Number::singular ? random().pick(singular) : random().pick(plural);
    if (number == Number::plural && random().chance(35)) determiner = random().pick(numerals);
    const Adjective* adjective = random().chance(30) ? draw_adjective(noun.classes) : nullptr;
    const NounPhrase what = speak(determiner, noun, number, adjective);
    Clause clause{{"there", what.agreement, what.classes}, {scope.narrative ? Tense::past : Tense::present}};
    if (random().chance(22)) {
      clause.verb = &lexicon().verb(random().pick(std::array{"seem", "appear", "happen"}));
      clause.inflection.negated = random().chance(15);
      clause.complement << "to be";
    } else if (random().chance(12)) {
      clause.inflection.modal = scope.narrative ? "could" : "must";
    }
    clause.complement << what.words;
    if (random().chance(80))
      clause.complement << location(noun.classes);
    else if (const auto relating = clause_about({subject_relative_word(what), what.agreement, what.classes}, scope)) {
      clause.complement << relating->declarative();
    }
    return clause.declarative();
  }

  // "it was clear that ...", "it seemed that ...".
  Phrase expletive(const Scope& scope) {
    static constexpr std::array judgements = {"clear", "likely", "true", "possible", "good"};
    Clause clause{speak_pronoun({}), {scope.narrative ? Tense::past : Tense::present}};
    if (random().chance(40))
      clause.verb = &lexicon().verb(random().pick(std::array{"seem", "appear", "happen"}));
    else
      clause.complement << random().pick(judgements);
    clause.complement << "that" << embedded({scope.narrative, false, scope.depth - 1});
    return clause.declarative();
  }

  // "if anyone sees the dog, ...": a condition licenses.
  Phrase conditional(const Scope& scope) {
    auto condition = clause_of_use(noun_phrase({.classes = person, .licensed = true}), {false, true, 0});
    auto result = clause_about(noun_phrase({.classes = person, .modified = false}), {false, false, 0});
    if (!condition || !result) return existential(scope);
    const bool negated = condition->inflection.negated;
    condition->inflection = {Tense::present, "", false, false, false, negated};
    condition->adjunct = result->adjunct = {};
    result->inflection = {Tense::present, random().pick(std::array{"will", "can", "should", "might", "will"})};
    return Phrase("if") << condition->declarative() << "," << result->declarative();
  }
  std::optional<Clause> clause_of_use(NounPhrase subject, const Scope& scope) {
    const Frame* frame = draw_frame(Use::transitive, subject.classes);
    if (frame == nullptr) return {};
    return clause_of(*frame, std::move(subject), scope);
  }

  // "only Anna has ever seen the dog", "even Anna saw the dog".
  Phrase exclusive(const Scope& scope) {
    const std::uint32_t kind = random().below(100);
    const bool only = kind < 34;
    const auto clause = clause_of_use(noun_phrase({.classes = person, .modified = false}), {scope.narrative, only, 1});
    if (!clause || clause->inflection.negated) return existential(scope);
    return Phrase(only ? "only" : kind < 55 ? "even" : "perhaps") << clause->declarative();
  }

  // "one of the boys sleeps", "two of the boys sleep".
  Phrase partitive(const Scope& scope) {
    const Noun& noun = draw_noun(animate | thing);
    if (noun.mass) return existential(scope);
    const bool one = random().chance(50);
    const std::string_view part = one ? random().pick(std::array{"one", "each", "one"})
                                      : random().pick(std::array{"two", "some", "many", "most", "all", "three"});
    const NounPhrase of = speak("the", noun, Number::plural);
    NounPhrase subject{Phrase(part) << "of" << of.words, of.agreement, of.classes, of.noun};
    subject.agreement.number = one ? Number::singular : Number::plural;
    const auto clause = clause_about(subject, {scope.narrative, false, 1});
    return clause ? clause->declarative() : existential(scope);
  }

  // "yesterday the dog slept", "tomorrow the dog will sleep".
  Phrase dated(Clause clause, const Scope& scope) {
    const bool past = scope.narrative || random().chance(35);
    clause.inflection = {Tense::past, past ? "" : "will", false, false, false, clause.inflection.negated};
    clause.adjunct = {};
    return Phrase(past ? random().pick(past_times) : random().pick(future_times)) << clause.declarative();
  }

  // A question: yes or no, about the subject, about the object (of a nested clause too), about place, time or reason.
  Sentence question(const Scope& scope, std::optional<NounPhrase> about = {}) {
    const Scope flat{scope.narrative, true, 0};
    const std::uint32_t kind = random().below(100);
    NounPhrase subject =
        about
            ? *about
            : noun_phrase({.classes = person, .modifiers = 20, .relatives = kind < 30 ? 35u : 14u, .licensed = kind < 30}, scope);
    if (!about && random().chance(20)) subject = joined(subject, scope);
    std::optional<Clause> clause;
    if (kind < 30) {
      clause = clause_about(subject, flat);
      if (clause) return {clause->inverted(), '?'};
    } else if (kind < 42) {
      const bool persons = random().chance(75);
      clause = persons ? clause_about({"who", {Number::singular, 3, Gender::male}, person}, {scope.narrative, false, 0})
                       : clause_about({"what", {}, idea | event}, {scope.narrative, false, 0});
      if (clause) return {clause->declarative(), '?'};
    } else if (kind < 82) {
      return {object_question(subject, scope), '?'};
    } else {
      const Frame* frame = draw_frame(random().chance(60) ? Use::transitive : Use::intransitive, subject.classes);
      const Phrase word = random().pick(std::array{"where", "when", "why"});
      if (frame != nullptr) return {clause_of(*frame, subject, {scope.narrative, false, 0}).inverted(word), '?'};
    }
    return statement(scope);
  }
  Phrase object_question(const NounPhrase& subject, const Scope& scope) {
    const bool persons = random().chance(40);
    const Noun& noun = draw_noun(persons ? person : thing | animal);
    Phrase word = persons ? "who" : "what";
    if (random().chance(18))
      word = Phrase("which") << form(noun, random().chance(70) || noun.mass ? Number::singular : Number::plural);
    const Classes classes = persons ? person : noun.classes;
    Clause clause{subject, {}};
    if (random().chance(40)) {  // "what did Anna say that the boy ate?"
      const Frame* frame = draw_frame(Use::clausal, person);
      clause.subject = noun_phrase({.classes = person, .modified = false}, scope);
      clause.verb = frame->verb;
      const NounPhrase inner_subject = random().chance(30) ? speaker_pronoun(clause.subject) : subject;
      const auto inner = gap_clause(inner_subject, classes, scope);
      if (inner) clause.complement << (random().chance(65) ? "that" : "") << inner->declarative();
    } else if (const auto gap = gap_clause(subject, classes, scope)) {
      clause = *gap;
      const Frame* other = draw_frame(Use::transitive, person);
      if (random().chance(12) && (subject.classes & person) != 0 && !other->verb->stative) {  // "... after meeting the girl?"
        clause.adjunct << random().pick(std::array{"after", "before", "without"})
                       << gerund(clause.subject, {scope.narrative, false, 0});
      }
      return clause.inverted(word);
    }
    if (clause.complement.empty()) return Phrase(word) << "was it";
    clause.inflection = {random().chance(50) ? Tense::present : Tense::past};
    return clause.inverted(word);
  }

  // Speech: "...", said Anna; Anna said, "..."
  Sentence speech(const NounPhrase& speaker) {
    static constexpr std::array first_persons = {
        Agreement{Number::singular, 1, Gender::male}, Agreement{Number::plural, 1, Gender::male},
        Agreement{Number::singular, 2, Gender::male}, Agreement{Number::singular, 1, Gender::male}};
    const bool asks = random().chance(30);
    const Scope present{false, false, 1};
    const NounPhrase who = speak_pronoun(random().pick(first_persons));
    Sentence said;
    if (asks)
      said = question(present, random().chance(60) ? std::optional(who) : std::nullopt);
    else
      said = statement(present, random().chance(65) ? std::optional(who) : std::nullopt);
    const Verb& verb = lexicon().verb(said.end == '?' ? "ask" : "say");
    Phrase line;
    if (random().chance(60)) {
      line << open_quote << said.words << (said.end == '?' ? "?" : ",") << close_quote;
      if (speaker.noun != nullptr)
        line << Word{verb.past, verb.id} << speaker.words;
      else
        line << speaker.words << Word{verb.past, verb.id};
    } else {
      line << speaker.words << Word{verb.past, verb.id} << "," << open_quote << said.words << (said.end == '?' ? "?" : "")
           << close_quote;
    }
    return {line, '.'};
  }
};

}  // namespace rondo::grammar
