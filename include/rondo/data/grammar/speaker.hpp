// The Speaker: noun phrases with all that may follow the noun, and clauses with what their verb asks for.
#pragma once

#include <rondo/data/grammar/clause.hpp>

namespace rondo::grammar {

// Where a clause stands.
struct Scope {
  bool narrative = true;  // tells what happened; else what is generally so
  bool licensed = false;  // under a negation, in a question or a condition: "ever" and "any" may come
  int depth = 2;          // how many clauses may still be nested
};

class Speaker : public NounSpeaker {
 public:
  Speaker(const Lexicon& words, Random& numbers) : NounSpeaker(words, numbers) {
    for (std::size_t i = 0; i < words.frames.size(); ++i) {
      frames_[static_cast<std::size_t>(words.frames[i].use)].add(i, words.frame_weights[i]);
    }
  }

  // A use of a verb that the subject and, unless 0, the object can take part in; null where none was met.
  const Frame* draw_frame(Use use, Classes subject, Classes object = 0) {
    const Choice& choice = frames_[static_cast<std::size_t>(use)];
    for (int attempt = 0; attempt < 60; ++attempt) {
      const Frame& frame = lexicon().frames[choice.draw(random())];
      if ((frame.subject & subject) != 0 && (object == 0 || (frame.object & object) != 0)) return &frame;
    }
    return nullptr;
  }

  NounPhrase noun_phrase(const Wish& wish, const Scope& scope = {}) {
    if (std::optional<NounPhrase> known = speak_of_cast(wish)) return *std::move(known);
    const bool name = (wish.classes & person) != 0 && wish.names && wish.number != Number::plural;
    if (name && random().chance(25)) return speak_name(draw_name());
    if (name && wish.negative && random().chance(3)) return indefinite("nobody", true);
    if (name && wish.licensed && random().chance(12)) return indefinite("anyone", false);
    const Noun* noun = &draw_noun(wish.classes);
    for (int i = 0; i < 20 && wish.number == Number::plural && noun->mass; ++i) noun = &draw_noun(wish.classes);
    const Number number = noun->mass ? Number::singular : wish.number.value_or(draw_number(*noun));
    bool negative = false;
    const Phrase determiner = draw_determiner(*noun, number, wish, negative);
    const Adjective* adjective = wish.modified && random().chance(24) ? draw_adjective(noun->classes) : nullptr;
    NounPhrase phrase = speak(determiner, *noun, number, adjective);
    phrase.negative = negative;
    if (wish.modified && random().chance(11))
      phrase.words << modifier(*noun);
    else if (wish.relatives && scope.depth > 0 && random().chance(14))
      phrase.words << relative_clause(phrase, scope);
    return phrase;
  }

  // "near the trees", "of the king", "about the war": a prepositional phrase that such a noun takes.
  Phrase modifier(const Noun& noun, std::optional<Number> number = {}) {
    static constexpr std::array beside = {"near", "behind", "beside", "next to", "in front of"};
    const Wish plain{.classes = person, .number = number, .names = !number, .modified = false, .from_cast = !number};
    const auto with = [&](std::string_view preposition, Classes classes) {
      Wish wish = plain;
      wish.classes = classes;
      return Phrase(preposition) << noun_phrase(wish).as_object();
    };
    const Classes classes = noun.classes;
    if ((classes & relative) != 0 && random().chance(50)) return with("of", person);
    if ((classes & picture) != 0 && random().chance(50)) return with((classes & song) != 0 ? "about" : "of", animate);
    if ((classes & (readable | song | idea)) != 0) return with("about", animate | event | building);
    if ((classes & event) != 0) return with("in", building);
    if ((classes & person) != 0 && random().chance(45)) return with("with", portable | clothing | animal);
    if ((classes & animate) != 0) return with(random().pick(beside), animate | building | plant | furniture);
    if ((classes & container) != 0) return with("on", furniture & ~container);
    if ((classes & (portable | food | drink)) != 0 && random().chance(50)) return with("in", container & ~furniture);
    if ((classes & (portable | food | drink)) != 0) return with("on", furniture);
    return with(random().pick(beside), building | plant | outdoors);
  }

  // What follows a noun: "who saw the dog", "that the dog saw", "the dog saw", "seen by the dog".
  Phrase relative_clause(const NounPhrase& head, const Scope& scope) {
    const Scope inner{scope.narrative, false, scope.depth - 1};
    const std::uint32_t kind = random().below(100);
    if (kind < 45) {
      const std::optional<Clause> clause = clause_about(head, inner);
      if (clause) return subject_relative_word(head) << clause->predicate();
    } else if (kind < 88) {
      const NounPhrase subject = noun_phrase({.classes = animate, .modified = false, .negative = true}, inner);
      if (std::optional<Clause> clause = gap_clause(subject, head.classes, inner)) {
        if (subject.negative && random().chance(30)) clause->adverb = "ever";
        Phrase word = random().chance(35) ? Phrase() : object_relative_word(head);
        return word << clause->declarative();
      }
    } else {
      const Frame* frame = draw_frame(Use::transitive, animate, head.classes);
      if (frame != nullptr && !frame->verb->stative) {
        Phrase words(inflect(*frame->verb, Form::participle, Tense::past, {}));
        return words << "by" << noun_phrase({.classes = frame->subject, .modified = false}).as_object();
      }
    }
    return {};
  }
  Phrase subject_relative_word(const NounPhrase& head) {
    if ((head.classes & person) != 0) return random().chance(70) ? "who" : "that";
    return random().chance(70) ? "that" : "which";
  }
  Phrase object_relative_word(const NounPhrase& head) {
    if ((head.classes & person) != 0) return random().chance(35) ? "who" : "that";
    return random().chance(75) ? "that" : "which";
  }

  Inflection draw_inflection(const Scope& scope, const Verb* verb) {
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

  // A clause about a subject: any verb that it can be the subject of. Nothing where none was met.
  std::optional<Clause> clause_about(NounPhrase subject, const Scope& scope) {
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

  Clause clause_of(const Frame& frame, NounPhrase subject, const Scope& scope) {
    Clause clause{std::move(subject), draw_inflection(scope, frame.verb), frame.verb};
    const Scope inner = add_adverb(clause, scope);
    clause.complement = complement(frame, clause.subject, inner);
    const bool simple = frame.use == Use::transitive || frame.use == Use::intransitive || frame.use == Use::prepositional;
    if (simple) clause.adjunct = adjunct(clause, inner);
    return clause;
  }

  // "was happy", "was in the garden", "was as clever as the fox", "was a teacher".
  Clause clause_of_being(NounPhrase subject, const Scope& scope) {
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

  // A clause whose object is missing: its verb takes objects of these classes.
  std::optional<Clause> gap_clause(NounPhrase subject, Classes object, const Scope& scope) {
    const Frame* frame = draw_frame(random().chance(85) ? Use::transitive : Use::prepositional, subject.classes, object);
    if (frame == nullptr) return {};
    Clause clause{std::move(subject), draw_inflection({scope.narrative, false, 0}, frame->verb), frame->verb};
    clause.inflection.negated = clause.inflection.negated && random().chance(40);
    clause.complement = frame->preposition;
    return clause;
  }

  // A clause whose object stands first and whose subject may be left out.
  std::optional<Clause> passive_clause(NounPhrase subject, const Scope& scope) {
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

  Phrase location(Classes classes) {
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

  // What the verb asks for after it.
  Phrase complement(const Frame& frame, const NounPhrase& subject, const Scope& scope) {
    const Scope inner{scope.narrative, scope.licensed, scope.depth - 1};
    const Wish object{.classes = frame.object,
                      .relatives = scope.depth > 0,
                      .superlative = !scope.licensed && !subject.negative,
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

  Phrase object_phrase(const Frame& frame, const Wish& wish, const NounPhrase& subject, const Scope& scope) {
    const bool persons = (frame.object & subject.classes & person) != 0;
    if (persons && frame.verb->reflexive && !subject.negative && random().chance(25)) {
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

  // "me", "them" ...: a person outside the clause, for whom the subject cannot be taken.
  NounPhrase speaker_pronoun(const NounPhrase& subject) {
    static constexpr std::array persons = {
        Agreement{Number::singular, 1, Gender::male},   Agreement{Number::singular, 3, Gender::male},
        Agreement{Number::singular, 3, Gender::female}, Agreement{Number::plural, 1, Gender::male},
        Agreement{Number::plural, 3, Gender::male},     Agreement{Number::singular, 2, Gender::male}};
    const Agreement& agreement = random().pick(persons);
    if (agreement.person == subject.agreement.person && agreement.person != 3) return noun_phrase({.classes = person});
    return speak_pronoun(agreement);
  }

  Phrase embedded(const Scope& scope) {
    const Wish wish{.classes = random().chance(75) ? person : anything & ~place, .negative = true, .licensed = scope.licensed};
    NounPhrase subject = random().chance(15) ? speaker_pronoun({}) : noun_phrase(wish, scope);
    Scope inner = scope;
    inner.licensed = scope.licensed || subject.negative;
    const std::optional<Clause> clause = clause_about(std::move(subject), inner);
    return clause ? clause->declarative() : Phrase("it") << be(Form::finite, Tense::past, {}) << "possible";
  }

  // "what the dog saw", "who broke the vase", "whether the dog slept", "where the dog slept".
  Phrase embedded_question(const Scope& scope) {
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

  Phrase infinitive(const NounPhrase& subject, const Scope& scope) {
    const Frame* frame = draw_frame(random().chance(65) ? Use::transitive : Use::intransitive, subject.classes);
    if (frame == nullptr) return "be there";
    Clause clause{subject, {}, frame->verb};
    clause.complement = complement(*frame, subject, {scope.narrative, scope.licensed, 0});
    return clause.bare(Form::base);
  }

  // Adverbs between the auxiliary and the verb; the scope of what follows the verb.
  Scope add_adverb(Clause& clause, const Scope& scope) {
    Scope inner = scope;
    inner.licensed = scope.licensed || clause.inflection.negated || clause.subject.negative;
    const std::uint32_t kind = random().below(100);
    const bool ever = inner.licensed && !clause.inflection.progressive && kind < 22;
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

  Phrase adjunct(const Clause& clause, const Scope& scope) {
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
  Phrase gerund(const NounPhrase& subject, const Scope& scope) {
    const Frame* frame = draw_frame(Use::transitive, subject.classes);
    if (frame == nullptr || frame->verb->stative) frame = draw_frame(Use::intransitive, subject.classes);
    if (frame == nullptr) return "being there";
    Clause clause{subject, {}, frame->verb};
    clause.complement = complement(*frame, subject, {scope.narrative, false, 0});
    return clause.bare(Form::gerund);
  }
  Phrase time_of(const Inflection& inflection) {
    if (!random().chance(60) || inflection.perfect || inflection.progressive) return {};
    if (inflection.modal == "will") return random().pick(future_times);
    if (!inflection.modal.empty()) return {};
    return inflection.tense == Tense::past ? random().pick(past_times) : random().pick(present_times);
  }

  Phrase manner() {
    const Adverb& adverb = random().pick(lexicon().manners);
    return Word{adverb.text, adverb.id};
  }
  Phrase frequency() {
    static const std::vector<std::string_view> words = split(frequency_adverbs);
    return random().pick(words);
  }

 private:
  std::array<Choice, 10> frames_;

  static NounPhrase indefinite(std::string_view word, bool negative) {
    NounPhrase phrase{word, {Number::singular, 3, Gender::male}, person};
    phrase.negative = negative;
    return phrase;
  }
};

}  // namespace rondo::grammar
