// Minimal pairs of extraction: what stands at the front of a question or an embedded question leaves a gap (no gap without it, no
// gap beside a filled place), and some places cannot be left: relative clauses, embedded questions, conjuncts, adjuncts.
#pragma once

#include <rondo/data/grammar/pair_maker.hpp>

namespace rondo::grammar::extraction {

// Verbs that take both "that" and a question.
inline constexpr std::array both_embeddings = {"know", "remember", "learn", "discover", "notice", "forget"};

inline bool strict(const Frame& frame) {
  return frame.verb->strictly_transitive && (frame.subject & person) != 0;
}

inline std::string_view question_word(const Frame& frame) {
  return (frame.object & ~person) != 0 ? "what" : "who";
}

inline Phrase past(PairMaker& make, const Noun& subject, const Verb& verb) {
  return make.the(subject, Number::singular) << inflect(verb, Form::finite, Tense::past, {});
}

// "Anna knew what the boy bought." / "Anna knew that the boy bought."
// "Anna knew that the boy bought the milk." / "Anna knew what the boy bought the milk."
inline MaybePair gap(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person, strict);
  if (!act) return {};
  const bool filled = make.random().chance(50);
  const Noun& knower = make.draw_other(person, {&act->noun});
  const Phrase outer = past(make, knower, make.lexicon().verb(make.random().pick(both_embeddings)));
  const auto say = [&](std::string_view word) { return Phrase(outer) << word << past(make, act->noun, *act->frame.verb); };
  const std::string_view fronted = question_word(act->frame);
  Phrase good = say(filled ? "that" : fronted), bad = say(filled ? fronted : "that");
  if (filled) {
    const Phrase object = make.plain_complement(act->frame, &act->noun);
    good << object;
    bad << object;
  }
  return statements(good, bad, act->key());
}

// The same with a clause between the front and the gap: "Anna knew what the girl said that the boy bought."
inline MaybePair distant_gap(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person, strict);
  if (!act) return {};
  const bool filled = make.random().chance(50);
  const Noun& outer = make.draw_other(person, {&act->noun});
  const Noun& middle = make.draw_other(person, {&act->noun, &outer});
  const Verb& knows = make.lexicon().verb(make.random().pick(both_embeddings));
  const Verb& says = make.lexicon().verb(make.random().pick(std::array{"say", "think", "claim", "believe", "hope"}));
  const std::string_view fronted = question_word(act->frame);
  const Phrase object = filled ? make.plain_complement(act->frame, &act->noun) : Phrase();
  const auto say = [&](std::string_view word) {
    return past(make, outer, knows) << word << past(make, middle, says) << "that" << past(make, act->noun, *act->frame.verb)
                                    << object;
  };
  return statements(say(filled ? "that" : fronted), say(filled ? fronted : "that"), act->key());
}

// "What did the boy think that the girl bought?" / "What did the boy meet the girl that bought?"
inline MaybePair relative_island(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person, strict);
  if (!act) return {};
  const Noun& outer = make.draw_other(person, {&act->noun});
  const Verb& thinks = make.lexicon().verb(make.random().pick(std::array{"say", "think", "claim", "believe", "hope", "know"}));
  const Verb& meets = make.lexicon().verb(make.random().pick(
      std::array{"see", "like", "help", "meet", "visit", "thank", "trust", "hug", "greet", "invite", "praise"}));
  if (&meets == act->frame.verb) return {};
  const Tense tense = make.random().chance(70) ? Tense::past : Tense::present;
  const auto ask = [&](const Verb& verb, const Phrase& rest) {
    return Clause{{make.the(outer, Number::singular), {}}, {tense}, &verb, {}, rest}.inverted(question_word(act->frame));
  };
  const Word verb = inflect(*act->frame.verb, Form::finite, Tense::past, {});
  const Phrase girl = make.the(act->noun, Number::singular);
  return questions(ask(thinks, Phrase("that") << girl << verb), ask(meets, Phrase(girl) << "that" << verb), act->key());
}

// "What did the boy remember she bought?" / "What did the boy remember who bought?"
inline MaybePair question_island(PairMaker& make) {
  const auto act = make.draw_act(Use::clausal, person, [](const Frame& frame) {
    return std::find(both_embeddings.begin(), both_embeddings.end(), frame.verb->base) != both_embeddings.end();
  });
  const Frame& inner = make.draw_frame_evenly(Use::transitive);
  if (!act || !strict(inner)) return {};
  const Agreement who =
      make.random().pick(std::array{Agreement{Number::singular, 1, Gender::male}, Agreement{Number::singular, 3, Gender::male},
                                    Agreement{Number::singular, 3, Gender::female}, Agreement{Number::plural, 1, Gender::male},
                                    Agreement{Number::plural, 3, Gender::male}});
  const Number number = make.draw_any_number();
  const auto ask = [&](std::string_view subject) {
    const Phrase rest = Phrase(subject) << inflect(*inner.verb, Form::finite, Tense::past, {});
    return Clause{{make.the(act->noun, number), PairMaker::third(number)}, {Tense::past}, act->frame.verb, {}, rest}.inverted(
        question_word(inner));
  };
  return questions(ask(pronoun(who).subject), ask("who"), act->key());
}

// "What did the boy and the girl buy?" / "What did the boy buy and the girl?"
inline MaybePair conjunct_island(PairMaker& make) {
  const auto act = make.draw_act(Use::transitive, person);
  if (!act) return {};
  const Noun* second = make.draw_stranger(act->frame.subject & person, act->frame.verb->id, &act->noun);
  if (second == nullptr) return {};
  const Phrase girl = Phrase("and") << make.the(*second, Number::singular);
  const Phrase boy = make.the(act->noun, Number::singular);
  const std::string_view modal = make.random().pick(std::array{"did", "should", "will", "could"});
  const Word verb{act->frame.verb->base, act->frame.verb->id};
  const Phrase front = Phrase(question_word(act->frame)) << modal << boy;
  return questions(Phrase(front) << girl << verb, Phrase(front) << verb << girl, act->key());
}

// "Who should the boy hug after meeting the girl?" / "Who should the boy hug the girl after meeting?"
inline MaybePair adjunct_island(PairMaker& make) {
  const auto strict_with_persons = [](const Frame& frame) { return strict(frame) && (frame.object & person) != 0; };
  const auto act = make.draw_act(Use::transitive, person, strict_with_persons);
  const Frame& second = make.draw_frame_evenly(Use::transitive);
  if (!act || !strict_with_persons(second) || second.verb == act->frame.verb || second.verb->stative) return {};
  const Phrase girl = make.the(make.draw_other(person, {&act->noun}), Number::singular);
  const Phrase adjunct = Phrase(make.random().pick(std::array{"after", "before", "without"}))
                         << Word{second.verb->gerund, second.verb->id};
  const Phrase front = Phrase("who") << make.random().pick(std::array{"did", "should", "will", "could"})
                                     << make.the(act->noun, Number::singular) << Word{act->frame.verb->base, act->frame.verb->id};
  return questions(Phrase(front) << adjunct << girl, Phrase(front) << girl << adjunct, act->key());
}

// "Are the boys who can swim sleeping?" / "Can the boys who swim are sleeping?"
inline MaybePair inversion(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  if (!act || act->frame.verb->stative) return {};
  const Frame* inner = make.draw_frame(make.random().chance(50) ? Use::transitive : Use::intransitive, act->noun.classes);
  if (inner == nullptr || inner->verb == act->frame.verb) return {};
  const Agreement plural = PairMaker::third(Number::plural);
  const Word are{be(Form::finite, make.random().chance(60) ? Tense::present : Tense::past, plural)};
  const Word can{make.random().pick(std::array{"can", "will", "should", "must"})};
  const Phrase boys = make.the(act->noun, Number::plural) << ((act->noun.classes & person) != 0 ? "who" : "that");
  const Phrase swim = Phrase(Word{inner->verb->base, inner->verb->id}) << make.plain_complement(*inner, &act->noun);
  const Phrase sleeping = Phrase(Word{act->frame.verb->gerund, act->frame.verb->id})
                          << make.plain_complement(act->frame, &act->noun);
  return questions(Phrase(are) << boys << can << swim << sleeping, Phrase(can) << boys << swim << are << sleeping, act->key());
}

}  // namespace rondo::grammar::extraction
