// Minimal pairs: what one is, and the tools that a phenomenon draws its parts with.
//
// A phenomenon's function draws one pair, or nothing where the parts did not fit; who wants many asks again. The two words of
// `key` are strangers, so that neither they together nor the sentences are in the text. Words are drawn evenly, not by Zipf's
// law.
#pragma once

#include <optional>

#include <rondo/data/grammar/sentence.hpp>

namespace rondo::grammar {

struct Pair {
  Sentence good, bad;
  std::array<WordId, 2> key;
};

class PairMaker;
using MaybePair = std::optional<Pair>;

struct Phenomenon {
  std::string_view uid, field, term;
  MaybePair (*draw)(PairMaker&);
};

class PairMaker : public Sentences {
 public:
  using Sentences::Sentences;

  // A subject and a use of a verb that are strangers to each other.
  struct Act {
    const Noun& noun;
    const Frame& frame;
    [[nodiscard]] std::array<WordId, 2> key() const { return {noun.id, frame.verb->id}; }
  };

  const Frame& draw_frame_evenly(Use use) {
    Choice& choice = frames_[static_cast<std::size_t>(use)];
    if (choice.empty()) {
      for (std::size_t i = 0; i < lexicon().frames.size(); ++i) {
        if (lexicon().frames[i].use == use) choice.add(i, 1);
      }
    }
    return lexicon().frames[choice.draw_evenly(random())];
  }

  // A noun with a plural of its own that is a stranger to a word; null where none was met.
  const Noun* draw_stranger(Classes classes, WordId to, const Noun* other_than = nullptr) {
    for (int attempt = 0; attempt < 80; ++attempt) {
      const Noun& noun = draw_noun_evenly(classes);
      if (noun.has_two_forms() && strangers(noun.id, to) && &noun != other_than) return &noun;
    }
    return nullptr;
  }
  const Noun* draw_strange_name(WordId to) {
    for (int attempt = 0; attempt < 80; ++attempt) {
      const Noun& name = draw_name();
      if (strangers(name.id, to)) return &name;
    }
    return nullptr;
  }
  // A noun with a plural of its own, none of those; the classes must hold such nouns.
  const Noun& draw_other(Classes classes, std::initializer_list<const Noun*> than) {
    for (int attempt = 0; attempt < 10000; ++attempt) {
      const Noun& noun = draw_noun_evenly(classes);
      if (noun.has_two_forms() && std::find(than.begin(), than.end(), &noun) == than.end()) return noun;
    }
    throw Error("grammar: no countable noun among the classes asked for");
  }

  template <class Accept>
  std::optional<Act> draw_act(Use use, Classes subject, const Accept& accept) {
    for (int attempt = 0; attempt < 30; ++attempt) {
      const Frame& frame = draw_frame_evenly(use);
      const Classes wanted = subject == relative ? relative : frame.subject & subject;
      if ((frame.subject & (subject | person)) == 0 || wanted == 0 || !accept(frame)) continue;
      const Noun* noun = draw_stranger(wanted, frame.verb->id);
      if (noun != nullptr && (noun->classes & frame.subject) != 0) return Act{*noun, frame};
    }
    return {};
  }
  std::optional<Act> draw_act(Use use, Classes subject) {
    return draw_act(use, subject, [](const Frame&) { return true; });
  }
  // What can be said in a few words: eats, eats the cake, looks at the cake.
  std::optional<Act> draw_plain_act(Classes subject) {
    return draw_act(random().pick(std::array{Use::transitive, Use::transitive, Use::intransitive, Use::prepositional}), subject);
  }

  Number draw_any_number() { return random().chance(50) ? Number::singular : Number::plural; }
  static Number other(Number number) { return number == Number::singular ? Number::plural : Number::singular; }
  static Agreement third(Number number) { return {number, 3, Gender::neuter}; }

  Phrase the(const Noun& noun, Number number, const Adjective* adjective = nullptr) {
    return speak("the", noun, number, adjective).words;
  }
  const Adjective* draw_adjective_or_none(const Noun& noun) {
    return random().chance(30) ? draw_adjective(noun.classes) : nullptr;
  }

  // "the" and a noun of those classes, none of those, of either number. (One draw after the other: the order in which a
  // compiler evaluates the arguments of a call must not matter.)
  Phrase the_other(Classes classes, std::initializer_list<const Noun*> than) {
    const Noun& noun = draw_other(classes, than);
    const Number number = draw_any_number();
    return the(noun, number);
  }

  // What the verb asks for, in few words; not the noun that is the subject.
  Phrase plain_complement(const Frame& frame, const Noun* subject) {
    if (frame.object == 0 || frame.use == Use::intransitive) return {};
    const Noun* object = &draw_noun_evenly(frame.object);
    while (object == subject) object = &draw_noun_evenly(frame.object);
    Phrase phrase(frame.preposition);
    const Number number = object->mass ? Number::singular : draw_any_number();
    return phrase << the(*object, number);
  }

  // Nothing, a past time or a place after a verb phrase in the past.
  Phrase afterthought() {
    const std::uint32_t kind = random().below(100);
    if (kind < 40) return {};
    if (kind < 65) return random().pick(past_times);
    return Phrase(kind < 85 ? "in" : "near") << the(draw_other(building, {}), Number::singular);
  }

  // A subject's words with the agreement that the finite verb shows, and the verb's phrase.
  Phrase said_of(const Phrase& subject, const Agreement& agreement, const Inflection& inflection, const Frame& frame,
                 const Phrase& complement, const Phrase& adverb = {}) {
    Clause clause{{subject, agreement, frame.subject}, inflection, frame.verb, adverb, complement};
    return clause.declarative();
  }
  // A preposition for an attractor beside such a noun, with the classes that the attractor may have.
  std::pair<std::string_view, Classes> attraction(const Noun& noun) {
    static constexpr std::array beside = {"near", "behind", "beside"};
    if ((noun.classes & relative) != 0 && random().chance(50)) return {"of", person};
    if ((noun.classes & person) != 0 && random().chance(40)) return {"with", portable | clothing | animal};
    if ((noun.classes & (event | idea | song)) != 0) return {"about", animate};
    return {random().pick(beside), animate | building | plant | furniture};
  }

 private:
  std::array<Choice, 10> frames_;
};

// A pair of statements.
inline Pair statements(const Phrase& good, const Phrase& bad, std::array<WordId, 2> key) {
  return {{good}, {bad}, key};
}
inline Pair questions(const Phrase& good, const Phrase& bad, std::array<WordId, 2> key) {
  return {{good, '?'}, {bad, '?'}, key};
}

}  // namespace rondo::grammar
