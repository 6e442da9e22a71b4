// Minimal pairs of word forms, argument structure, quantifiers, case and time.
#pragma once

#include <rondo/data/grammar/pair_maker.hpp>

namespace rondo::grammar {

namespace morphology {

inline std::optional<PairMaker::Act> draw_irregular(PairMaker& make) {
  const Use use = make.random().chance(70) ? Use::transitive : Use::intransitive;
  return make.draw_act(use, anything, [](const Frame& frame) {
    return frame.verb->irregular && frame.verb->past != frame.verb->participle && frame.verb->base != frame.verb->participle;
  });
}

// An adverb that is a stranger to the verb; null where none was met.
inline const Adverb* draw_strange_adverb(PairMaker& make, const Verb& verb) {
  for (int attempt = 0; attempt < 60; ++attempt) {
    const Adverb& adverb = make.random().pick(make.lexicon().manners);
    if (strangers(adverb.id, verb.id)) return &adverb;
  }
  return nullptr;
}

// "The boy quietly hid the key." / "The boy quietly hidden the key."
// "The boy had quietly hidden the key." / "The boy had quietly hid the key."
inline MaybePair irregular(PairMaker& make) {
  const auto act = draw_irregular(make);
  const Adverb* adverb = act ? draw_strange_adverb(make, *act->frame.verb) : nullptr;
  if (adverb == nullptr || act->frame.verb->stative) return {};
  const Number number = make.draw_any_number();
  const bool perfect = make.random().chance(50);
  Phrase front = make.the(act->noun, number);
  if (perfect) front << have(Form::finite, make.random().chance(50) ? Tense::past : Tense::present, PairMaker::third(number));
  front << Word{adverb->text, adverb->id};
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const Verb& verb = *act->frame.verb;
  const auto say = [&](std::string_view form) { return Phrase(front) << Word{form, verb.id} << rest; };
  return statements(say(perfect ? verb.participle : verb.past), say(perfect ? verb.past : verb.participle),
                    {adverb->id, verb.id});
}

// "The boy can quietly hide." / "The boy can quietly hiding."; "The boy is quietly hiding." / "The boy is quietly hide."
inline MaybePair after_auxiliary(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  const Adverb* adverb = act ? draw_strange_adverb(make, *act->frame.verb) : nullptr;
  if (adverb == nullptr || act->frame.verb->stative) return {};
  const Verb& verb = *act->frame.verb;
  const bool modal = make.random().chance(50);
  const Number number = make.draw_any_number();
  Phrase front = make.the(act->noun, number);
  front << (modal ? make.random().pick(modals)
                  : be(Form::finite, make.random().chance(50) ? Tense::past : Tense::present, PairMaker::third(number)));
  front << Word{adverb->text, adverb->id};
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const auto say = [&](std::string_view form) { return Phrase(front) << Word{form, verb.id} << rest; };
  return statements(say(modal ? verb.base : verb.gerund), say(modal ? verb.gerund : verb.base), {adverb->id, verb.id});
}

}  // namespace morphology

namespace arguments {

inline const Verb* draw_intransitive(PairMaker& make, Classes subject) {
  const Frame& frame = make.draw_frame_evenly(Use::intransitive);
  return (frame.subject & subject) != 0 && frame.verb->never_transitive ? frame.verb : nullptr;
}

// "The boy admired the dog." / "The boy slept the dog."; "The boy slept." / "The boy admired."
inline MaybePair transitivity(PairMaker& make) {
  const bool with_object = make.random().chance(50);
  const auto strict = [](const Frame& frame) { return frame.verb->strictly_transitive; };
  const auto act =
      with_object ? make.draw_act(Use::transitive, animate, strict)
                  : make.draw_act(Use::intransitive, animate, [](const Frame& frame) { return frame.verb->never_transitive; });
  if (!act) return {};
  const Frame* transitive = with_object ? &act->frame : make.draw_frame(Use::transitive, act->noun.classes);
  const Verb* intransitive = with_object ? draw_intransitive(make, act->noun.classes) : act->frame.verb;
  if (transitive == nullptr || intransitive == nullptr || !transitive->verb->strictly_transitive) return {};
  const Number number = make.draw_any_number();
  Phrase rest = with_object ? make.plain_complement(*transitive, &act->noun) : Phrase(make.random().pick(past_times));
  if (!with_object && make.random().chance(50)) rest = {};
  const auto say = [&](const Verb& verb) {
    return make.the(act->noun, number) << inflect(verb, Form::finite, Tense::past, {}) << rest;
  };
  const Verb& good = with_object ? *transitive->verb : *intransitive;
  const Verb& bad = with_object ? *intransitive : *transitive->verb;
  return statements(say(good), say(bad), act->key());
}

// "The dog was admired by the girl." / "The dog was smiled by the girl."
inline MaybePair passive(PairMaker& make) {
  const Frame& frame = make.draw_frame_evenly(Use::transitive);
  const Noun* noun = make.draw_stranger(frame.object, frame.verb->id);
  const Verb* intransitive = draw_intransitive(make, animate);
  if (noun == nullptr || intransitive == nullptr || frame.verb->base == "leave" || (frame.subject & person) == 0) return {};
  const Number number = make.draw_any_number();
  const Phrase agent = Phrase("by") << make.the_other(person, {noun});
  Phrase front = make.the(*noun, number);
  if (make.random().chance(30))
    front << have(Form::finite, Tense::present, PairMaker::third(number)) << "been";
  else
    front << be(Form::finite, make.random().chance(70) ? Tense::past : Tense::present, PairMaker::third(number));
  const auto say = [&](const Verb& verb) { return Phrase(front) << Word{verb.participle, verb.id} << agent; };
  return statements(say(*frame.verb), say(*intransitive), {noun->id, frame.verb->id});
}

// "The girl repaired the piano." / "The piano repaired the girl."
inline MaybePair animacy(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person, [](const Frame& frame) {
    return (frame.object & ~(thing | place)) == 0 && (frame.subject & ~animate) == 0;
  });
  if (!act) return {};
  const Noun* object = make.draw_stranger(act->frame.object, act->frame.verb->id);
  if (object == nullptr) return {};
  const Phrase girl = make.the(act->noun, make.draw_any_number()), piano = make.the(*object, make.draw_any_number());
  const Word verb = inflect(*act->frame.verb, Form::finite, Tense::past, {});
  return statements(Phrase(girl) << verb << piano, Phrase(piano) << verb << girl, act->key());
}

// "There did not seem to be a dog in the garden." / "There did not try to be a dog in the garden."
inline MaybePair raising(PairMaker& make) {
  const Noun& noun = make.draw_other(animate, {});
  const bool inside = make.random().chance(50);
  const Noun* where = make.draw_stranger(inside ? building : place, noun.id);
  if (where == nullptr) return {};
  const Verb& raises = make.lexicon().verb(make.random().pick(std::array{"seem", "appear", "happen"}));
  const Verb& controls = *make.draw_frame_evenly(Use::subject_control).verb;
  const bool singular = make.random().chance(50);
  Phrase rest = Phrase("to") << "be" << (singular ? "a" : make.random().pick(numerals))
                             << NounSpeaker::form(noun, singular ? Number::singular : Number::plural) << (inside ? "in" : "near")
                             << make.the(*where, Number::singular);
  const auto say = [&](const Verb& verb) {
    return Clause{{"there", PairMaker::third(singular ? Number::singular : Number::plural)},
                  {Tense::past, {}, false, false, false, true},
                  &verb,
                  {},
                  rest}
        .declarative();
  };
  return statements(say(raises), say(controls), {noun.id, where->id});
}

}  // namespace arguments

namespace quantifiers {

// "There was a dog in the garden." / "There was every dog in the garden."
inline MaybePair existential(PairMaker& make) {
  const Noun& noun = make.draw_other(animate | portable | plant, {});
  const Noun* where = make.draw_stranger(building, noun.id);
  if (where == nullptr) return {};
  const Number number = make.draw_any_number();
  const bool one = number == Number::singular;
  const std::string_view weak = one ? make.random().pick(std::array{"a", "no", "another"})
                                    : make.random().pick(std::array{"some", "many", "no", "several"});
  const std::string_view strong =
      one ? make.random().pick(std::array{"every", "each"}) : make.random().pick(std::array{"all", "most", "both"});
  const auto say = [&](std::string_view quantifier) {
    return Phrase("there") << be(Form::finite, Tense::past, PairMaker::third(number)) << quantifier
                           << NounSpeaker::form(noun, number) << "in" << make.the(*where, Number::singular);
  };
  return statements(say(weak), say(strong), {noun.id, where->id});
}

// "No boy bought more than three apples." / "No boy bought at least three apples."
// "Every boy bought at least three apples." / "No boy bought at least three apples."
inline MaybePair superlative(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person);
  if (!act) return {};
  if ((act->frame.object & ~drink) == 0) return {};
  const Noun& object = make.draw_other(act->frame.object & ~drink, {&act->noun});
  const std::string_view number = make.random().pick(numerals);
  const bool least = make.random().chance(50);
  const auto say = [&](std::string_view quantifier, std::string_view comparison, std::string_view than) {
    return Phrase(quantifier) << Word{act->noun.singular, act->noun.id}
                              << inflect(*act->frame.verb, Form::finite, Tense::past, {}) << comparison << than << number
                              << NounSpeaker::form(object, Number::plural);
  };
  const Phrase bad = say("no", "at", least ? "least" : "most");
  const Phrase good = make.random().chance(50)
                          ? say("no", least ? "more" : "fewer", "than")
                          : say(make.random().pick(std::array{"every", "each", "the"}), "at", least ? "least" : "most");
  return statements(good, bad, act->key());
}

}  // namespace quantifiers

// "The boy and he bought the milk." / "The boy and him bought the milk."; "The girl praised the boy and him." / "... and he."
inline MaybePair pronoun_case(PairMaker& make) {
  const bool subject = make.random().chance(50);
  const auto act = make.draw_act(Use::transitive, person, [](const Frame& frame) { return (frame.object & person) != 0; });
  if (!act) return {};
  const Pronoun& forms = pronoun(
      make.random().pick(std::array{Agreement{Number::singular, 1, Gender::male}, Agreement{Number::singular, 3, Gender::male},
                                    Agreement{Number::singular, 3, Gender::female}, Agreement{Number::plural, 1, Gender::male},
                                    Agreement{Number::plural, 3, Gender::male}}));
  const Word verb = inflect(*act->frame.verb, Form::finite, Tense::past, {});
  const Phrase boy = make.the(act->noun, make.draw_any_number()),
               girl = make.the(make.draw_other(person, {&act->noun}), Number::singular);
  const auto say = [&](std::string_view form) {
    return subject ? Phrase(boy) << "and" << form << verb << girl : Phrase(boy) << verb << girl << "and" << form;
  };
  return statements(say(subject ? forms.subject : forms.object), say(subject ? forms.object : forms.subject), act->key());
}

// "Yesterday the boy near the lake bought the milk." / "Tomorrow the boy near the lake bought the milk."
inline MaybePair time_and_tense(PairMaker& make) {
  static constexpr std::array past = {"yesterday", "last week", "last year", "last month"};
  static constexpr std::array future = {"tomorrow", "next week", "next year", "next month"};
  const auto act = make.draw_plain_act(animate);
  if (!act) return {};
  const std::uint32_t which = make.random().below(static_cast<std::uint32_t>(past.size()));
  const bool happened = make.random().chance(50);
  const Number number = make.draw_any_number();
  Phrase subject = make.the(act->noun, number);
  if (make.random().chance(60)) {
    const auto [preposition, classes] = make.attraction(act->noun);
    subject << preposition << make.the_other(classes, {&act->noun});
  }
  const Phrase clause = make.said_of(subject, PairMaker::third(number), {Tense::past, happened ? "" : "will"}, act->frame,
                                     make.plain_complement(act->frame, &act->noun));
  const auto say = [&](std::string_view time) { return Phrase(time) << clause; };
  return statements(say(happened ? past[which] : future[which]), say(happened ? future[which] : past[which]), act->key());
}

}  // namespace rondo::grammar
