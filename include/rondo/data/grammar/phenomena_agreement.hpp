// Minimal pairs of agreement: of the verb with its subject, across what stands between them, and of the determiner with its noun.
#pragma once

#include <rondo/data/grammar/pair_maker.hpp>

namespace rondo::grammar::agreement {

// "The boys sleep." / "The boys sleeps."
inline MaybePair simple(PairMaker& make) {
  const auto act = make.draw_plain_act(anything);
  if (!act) return {};
  const Number number = make.draw_any_number();
  const Phrase subject = make.the(act->noun, number, make.draw_adjective_or_none(act->noun));
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const auto say = [&](Number shown) {
    return make.said_of(subject, PairMaker::third(shown), {Tense::present}, act->frame, rest);
  };
  return statements(say(number), say(PairMaker::other(number)), act->key());
}

// A subject of one number with something of the other number after it; the attractor is a stranger to the verb too.
template <class Between>
MaybePair attracted(PairMaker& make, const PairMaker::Act& act, const Between& between) {
  const Number number = make.draw_any_number();
  const std::optional<Phrase> middle = between(number, PairMaker::other(number));
  if (!middle) return {};
  Phrase subject = make.the(act.noun, number);
  subject << *middle;
  const Phrase rest = make.plain_complement(act.frame, &act.noun);
  const auto say = [&](Number shown) {
    return make.said_of(subject, PairMaker::third(shown), {Tense::present}, act.frame, rest);
  };
  return statements(say(number), say(PairMaker::other(number)), act.key());
}

// "The boys near the house sleep." / "The boys near the house sleeps."
inline MaybePair phrase_attractor(PairMaker& make) {
  const auto act = make.draw_plain_act(animate | portable | furniture | plant | event | vehicle);
  if (!act) return {};
  const auto [preposition, classes] = make.attraction(act->noun);
  const Noun* attractor = make.draw_stranger(classes, act->frame.verb->id, &act->noun);
  if (attractor == nullptr) return {};
  const Phrase start(preposition);
  return attracted(make, *act,
                   [&](Number, Number opposite) { return std::optional(Phrase(start) << make.the(*attractor, opposite)); });
}

// "The boys who like the girl sleep." / "The boys who like the girl sleeps."
inline MaybePair subject_relative_attractor(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  if (!act) return {};
  const Frame* inner = make.draw_frame(Use::transitive, act->noun.classes, animate);
  if (inner == nullptr || inner->verb == act->frame.verb) return {};
  const Noun* attractor = make.draw_stranger(inner->object & animate, act->frame.verb->id, &act->noun);
  if (attractor == nullptr) return {};
  const bool human = (act->noun.classes & person) != 0;
  return attracted(make, *act, [&](Number number, Number opposite) {
    const Inflection inflection{make.random().chance(60) ? Tense::present : Tense::past};
    return std::optional(
        make.said_of(human ? "who" : "that", PairMaker::third(number), inflection, *inner, make.the(*attractor, opposite)));
  });
}

// "The boys that the girl likes sleep." / "The boys that the girl likes sleeps."
inline MaybePair object_relative_attractor(PairMaker& make) {
  const auto act = make.draw_plain_act(animate | goods);
  if (!act) return {};
  const Frame* inner = make.draw_frame(Use::transitive, person, act->noun.classes);
  if (inner == nullptr || inner->verb == act->frame.verb) return {};
  const Noun& attractor = make.draw_other(inner->subject & person, {&act->noun});
  return attracted(make, *act, [&](Number, Number opposite) {
    const Inflection inflection{make.random().chance(60) ? Tense::present : Tense::past};
    const Phrase word = make.random().chance(70) ? "that" : "";
    return std::optional(
        Phrase(word) << make.said_of(make.the(attractor, opposite), PairMaker::third(opposite), inflection, *inner, {}));
  });
}

// "One of the boys sleeps." / "One of the boys sleep."; "Two of the boys sleep." / "Two of the boys sleeps."
inline MaybePair partitive(PairMaker& make) {
  const auto act = make.draw_plain_act(animate | portable | plant);
  if (!act) return {};
  const Number number = make.draw_any_number();
  Phrase subject(number == Number::singular ? make.random().pick(std::array{"one", "each"})
                                            : make.random().pick(std::array{"two", "three", "some", "many", "most"}));
  subject << "of" << make.the(act->noun, Number::plural);
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const auto say = [&](Number shown) {
    return make.said_of(subject, PairMaker::third(shown), {Tense::present}, act->frame, rest);
  };
  return statements(say(number), say(PairMaker::other(number)), act->key());
}

// "What do the boys like?" / "What does the boys like?"
inline MaybePair inverted(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, animate);
  if (!act) return {};
  const Number number = make.draw_any_number();
  const Phrase subject = make.the(act->noun, number, make.draw_adjective_or_none(act->noun));
  const Phrase word = (act->frame.object & person) != 0 ? "who" : "what";
  const auto ask = [&](Number shown) {
    return Clause{{subject, PairMaker::third(shown)}, {Tense::present}, act->frame.verb}.inverted(word);
  };
  return questions(ask(number), ask(PairMaker::other(number)), act->key());
}

// "There seem to be two dogs in the garden." / "There seems to be two dogs in the garden."
inline MaybePair existential(PairMaker& make) {
  const Noun& noun = make.draw_other(animate | plant, {});
  const bool inside = make.random().chance(50);
  const Noun* where = make.draw_stranger(inside ? building : place, noun.id);
  if (where == nullptr) return {};
  const Number number = make.draw_any_number();
  const Verb& verb = make.lexicon().verb(make.random().pick(std::array{"seem", "appear", "happen"}));
  Phrase rest("to");
  rest << "be"
       << (number == Number::singular ? Phrase(make.random().pick(std::array{"a", "another"}))
                                      : Phrase(make.random().pick(numerals)));
  rest << NounSpeaker::form(noun, number) << (inside ? "in" : "near") << make.the(*where, Number::singular);
  const auto say = [&](Number shown) {
    return Clause{{"there", PairMaker::third(shown)}, {Tense::present}, &verb, {}, rest}.declarative();
  };
  return statements(say(number), say(PairMaker::other(number)), {noun.id, where->id});
}

inline std::string_view demonstrative(PairMaker& make, Number number) {
  const bool near = make.random().chance(50);
  return number == Number::plural ? (near ? "these" : "those") : near ? "this" : "that";
}

// "The girl found these dogs." / "The girl found these dog."
inline MaybePair determiner(PairMaker& make) {
  const Frame& frame = make.draw_frame_evenly(Use::transitive);
  const Noun* noun = make.draw_stranger(frame.object, frame.verb->id);
  if (noun == nullptr) return {};
  const Number number = make.draw_any_number();
  const Phrase subject = make.the_other(frame.subject & anything, {noun});
  const Phrase before(demonstrative(make, number));
  const auto say = [&](Number shown) {
    return make.said_of(subject, {}, {Tense::past}, frame, Phrase(before) << NounSpeaker::form(*noun, shown));
  };
  return statements(say(number), say(PairMaker::other(number)), {noun->id, frame.verb->id});
}

// "The girl found these old dogs." / "The girl found these old dog."
inline MaybePair determiner_adjective(PairMaker& make) {
  const Frame& frame = make.draw_frame_evenly(Use::transitive);
  if ((frame.object & ~drink) == 0) return {};
  const Noun& noun = make.draw_other(frame.object & ~drink, {});
  const Adjective* adjective = nullptr;
  for (int attempt = 0; attempt < 30 && adjective == nullptr; ++attempt) {
    const Adjective* drawn = make.draw_adjective(noun.classes);
    if (drawn != nullptr && strangers(drawn->id, noun.id)) adjective = drawn;
  }
  if (adjective == nullptr) return {};
  const Number number = make.draw_any_number();
  const Phrase subject = make.the_other(frame.subject & anything, {&noun});
  Phrase before(demonstrative(make, number));
  before << Word{adjective->text, adjective->id};
  const auto say = [&](Number shown) {
    return make.said_of(subject, {}, {Tense::past}, frame, Phrase(before) << NounSpeaker::form(noun, shown));
  };
  return statements(say(number), say(PairMaker::other(number)), {noun.id, adjective->id});
}

}  // namespace rondo::grammar::agreement
