// Minimal pairs of binding (a reflexive agrees with the subject of its own clause, which must stand above it) and of negative
// polarity ("ever" wants a negation, a question or the like above it).
#pragma once

#include <rondo/data/grammar/pair_maker.hpp>

namespace rondo::grammar {

namespace binding {

inline bool takes_reflexive(const Frame& frame) {
  return frame.verb->reflexive && (frame.object & person) != 0;
}

inline Gender opposite(Gender gender) {
  return gender == Gender::male ? Gender::female : Gender::male;
}

inline bool gendered(const Noun& noun) {
  return noun.gender == Gender::male || noun.gender == Gender::female;
}

inline const Noun& draw_gendered(PairMaker& make, Gender gender, const Noun* other_than, Classes classes = person) {
  while (true) {
    const Noun& noun = make.draw_noun_evenly(classes);
    if (noun.gender == gender && noun.has_two_forms() && &noun != other_than) return noun;
  }
}

inline Word reflexive(Gender gender, Number number = Number::singular) {
  return {pronoun({number, 3, gender}).reflexive};
}

// A gendered subject, of one gender as often as of the other.
inline std::optional<PairMaker::Act> draw_gendered_act(PairMaker& make, Classes subject) {
  const Gender gender = make.random().chance(50) ? Gender::male : Gender::female;
  for (int attempt = 0; attempt < 40; ++attempt) {
    auto act = make.draw_act(Use::transitive, subject, takes_reflexive);
    if (act && act->noun.gender == gender) return act;
  }
  return {};
}

// "Anna admired herself." / "Anna admired himself."
inline MaybePair gender(PairMaker& make) {
  const auto act = draw_gendered_act(make, person);
  if (!act) return {};
  const Noun* name = make.random().chance(50) ? make.draw_strange_name(act->frame.verb->id) : nullptr;
  const Noun& who = name != nullptr ? *name : act->noun;
  const Phrase subject = name != nullptr ? make.speak_name(*name).words : make.the(who, Number::singular);
  const Phrase tail = make.afterthought();
  const auto say = [&](Gender shown) {
    return make.said_of(subject, {}, {Tense::past}, act->frame, Phrase(reflexive(shown)) << tail);
  };
  return statements(say(who.gender), say(opposite(who.gender)), {who.id, act->frame.verb->id});
}

// "The boys admired themselves." / "The boys admired himself."
inline MaybePair number(PairMaker& make) {
  const auto act = draw_gendered_act(make, person);
  if (!act) return {};
  const Number shown = make.draw_any_number();
  const Phrase subject = make.the(act->noun, shown, make.draw_adjective_or_none(act->noun));
  const Phrase tail = make.afterthought();
  const auto say = [&](Number reflected) {
    const Phrase rest = Phrase(reflexive(act->noun.gender, reflected)) << tail;
    return make.said_of(subject, PairMaker::third(shown), {Tense::past}, act->frame, rest);
  };
  return statements(say(shown), say(PairMaker::other(shown)), act->key());
}

// "The sister of (the woman behind) the king admired herself." / "... himself."
inline MaybePair c_command(PairMaker& make) {
  const bool related = make.random().chance(40);
  const auto act = draw_gendered_act(make, related ? relative : person);
  if (!act) return {};
  const Noun& inner = draw_gendered(make, opposite(act->noun.gender), &act->noun);
  Phrase subject = make.the(act->noun, Number::singular);
  subject << (related ? "of" : make.random().pick(std::array{"near", "behind", "beside", "with"}))
          << make.the(inner, Number::singular);
  const Phrase tail = make.afterthought();
  const auto say = [&](Gender shown) {
    return make.said_of(subject, {}, {Tense::past}, act->frame, Phrase(reflexive(shown)) << tail);
  };
  return statements(say(act->noun.gender), say(inner.gender), act->key());
}

// "The queen said that the king admired himself." / "The queen said that the king admired herself."
inline MaybePair locality(PairMaker& make) {
  const auto act = draw_gendered_act(make, person);
  if (!act) return {};
  const Noun& outer = draw_gendered(make, opposite(act->noun.gender), &act->noun);
  const Frame& saying = make.draw_frame_evenly(Use::clausal);
  if (saying.verb == act->frame.verb) return {};
  const auto say = [&](Gender shown) {
    Phrase clause("that");
    clause << make.said_of(make.the(act->noun, Number::singular), {}, {Tense::past}, act->frame, reflexive(shown));
    return make.said_of(make.the(outer, Number::singular), {}, {Tense::past}, saying, clause);
  };
  return statements(say(act->noun.gender), say(outer.gender), act->key());
}

}  // namespace binding

namespace polarity {

inline Inflection perfect(PairMaker& make) {
  return {make.random().chance(50) ? Tense::present : Tense::past, {}, true};
}

// "No (few) boys near the house have ever slept." / "Some (five ...) boys near the house have ever slept."
inline MaybePair licensor(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  if (!act) return {};
  static constexpr std::array positive = {"some", "many", "several", "most", "both", "two", "five", "seven"};
  const std::string_view negative = make.random().chance(50) ? "no" : "few", other = make.random().pick(positive);
  Phrase noun(NounSpeaker::form(act->noun, Number::plural));
  if (make.random().chance(50)) {
    const Noun& where = make.draw_other(building | plant | outdoors, {});
    noun << make.random().pick(std::array{"near", "behind", "beside"}) << make.the(where, make.draw_any_number());
  }
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const Inflection inflection = perfect(make);
  const auto say = [&](std::string_view quantifier) {
    return make.said_of(Phrase(quantifier) << noun, PairMaker::third(Number::plural), inflection, act->frame, rest, "ever");
  };
  return statements(say(negative), say(other), act->key());
}

// "No boy that the girl saw has ever slept." / "The boy that no girl saw has ever slept."
inline MaybePair scope(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  if (!act) return {};
  const Frame* inner = make.draw_frame(Use::transitive, person, act->noun.classes);
  if (inner == nullptr || inner->verb == act->frame.verb) return {};
  const Noun& second = make.draw_other(inner->subject & person, {&act->noun});
  const Number number = make.draw_any_number();
  const Phrase rest = make.plain_complement(act->frame, &act->noun);
  const Inflection inflection = perfect(make);
  const auto say = [&](std::string_view first_determiner, std::string_view second_determiner) {
    Phrase subject(first_determiner), relative_subject(second_determiner);
    relative_subject << NounSpeaker::form(second, Number::singular);
    subject << NounSpeaker::form(act->noun, number) << "that" << make.said_of(relative_subject, {}, {Tense::past}, *inner, {});
    return make.said_of(subject, PairMaker::third(number), inflection, act->frame, rest, "ever");
  };
  return statements(say("no", "the"), say("the", "no"), act->key());
}

// "Only Anna has ever seen the lake." / "Even (perhaps) Anna has ever seen the lake."
inline MaybePair only_even(PairMaker& make) {
  const Frame& frame = make.draw_frame_evenly(make.random().chance(70) ? Use::transitive : Use::intransitive);
  const Noun* name = (frame.subject & person) != 0 ? make.draw_strange_name(frame.verb->id) : nullptr;
  if (name == nullptr) return {};
  const Phrase rest = make.plain_complement(frame, name);
  const Inflection inflection = perfect(make);
  const std::string_view other = make.random().pick(std::array{"even", "perhaps"});
  const auto say = [&](std::string_view particle) {
    return make.said_of(Phrase(particle) << make.speak_name(*name).words, {}, inflection, frame, rest, "ever");
  };
  return statements(say("only"), say(other), {name->id, frame.verb->id});
}

// "Has the boy ever slept?" / "The boy has ever slept?"
inline MaybePair question(PairMaker& make) {
  const auto act = make.draw_plain_act(animate);
  if (!act) return {};
  const Number number = make.draw_any_number();
  const Clause clause{{make.the(act->noun, number), PairMaker::third(number)},
                      perfect(make),
                      act->frame.verb,
                      "ever",
                      make.plain_complement(act->frame, &act->noun)};
  return questions(clause.inverted(), clause.declarative(), act->key());
}

}  // namespace polarity

}  // namespace rondo::grammar
