// The Speaker: noun phrases with all that may follow the noun, and clauses with what their verb asks for. Its members are
// defined in speaker_clauses.hpp and speaker_complements.hpp, which sentence.hpp includes.
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
    if (wish.modified && random().chance(wish.modifiers))
      phrase.words << modifier(*noun);
    else if (scope.depth > 0 && random().chance(wish.relatives))
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

  Inflection draw_inflection(const Scope& scope, const Verb* verb);

  // A clause about a subject: any verb that it can be the subject of. Nothing where none was met.
  std::optional<Clause> clause_about(NounPhrase subject, const Scope& scope);

  Clause clause_of(const Frame& frame, NounPhrase subject, const Scope& scope);

  // "was happy", "was in the garden", "was as clever as the fox", "was a teacher".
  Clause clause_of_being(NounPhrase subject, const Scope& scope);

  // A clause whose object is missing: its verb takes objects of these classes.
  std::optional<Clause> gap_clause(NounPhrase subject, Classes object, const Scope& scope);

  // A clause whose object stands first and whose subject may be left out.
  std::optional<Clause> passive_clause(NounPhrase subject, const Scope& scope);

  Phrase location(Classes classes);

  // What the verb asks for after it.
  Phrase complement(const Frame& frame, const NounPhrase& subject, const Scope& scope);

  Phrase object_phrase(const Frame& frame, const Wish& wish, const NounPhrase& subject, const Scope& scope);

  // "me", "them" ...: a person outside the clause, for whom the subject cannot be taken.
  NounPhrase speaker_pronoun(const NounPhrase& subject);

  Phrase embedded(const Scope& scope);

  // "what the dog saw", "who broke the vase", "whether the dog slept", "where the dog slept".
  Phrase embedded_question(const Scope& scope);

  Phrase infinitive(const NounPhrase& subject, const Scope& scope);

  // Adverbs between the auxiliary and the verb; the scope of what follows the verb.
  Scope add_adverb(Clause& clause, const Scope& scope);

  Phrase adjunct(const Clause& clause, const Scope& scope);
  Phrase gerund(const NounPhrase& subject, const Scope& scope);
  Phrase time_of(const Inflection& inflection);

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
