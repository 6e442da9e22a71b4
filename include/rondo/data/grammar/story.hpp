// Documents: stories with a hero, conversations, general accounts of a subject. A recurring cast holds each together.
#pragma once

#include <rondo/data/grammar/sentence.hpp>

namespace rondo::grammar {

class Storyteller : public Sentences {
 public:
  using Sentences::Sentences;

  // The sentences of one document, written; none holds strangers.
  std::vector<std::string> document() {
    cast.clear();
    lines_.clear();
    last_subject_ = -1;
    const std::uint32_t kind = random().below(100);
    if (kind < 40)
      story();
    else if (kind < 77)
      account();
    else if (kind < 88)
      conversation();
    else
      mixture();
    return lines_;
  }

 private:
  std::vector<std::string> lines_;
  int last_subject_ = -1;

  // Draws until no strangers meet and no word is repeated; what an attempt changed of the cast is undone.
  template <class Draw>
  void tell(const Draw& draw) {
    for (int attempt = 0; attempt < 200; ++attempt) {
      const std::vector<Referent> before = cast;
      const int subject_before = last_subject_;
      for (Referent& referent : cast) referent.spoken_of = false;
      const Sentence sentence = draw();
      if (!holds_strangers(sentence.words) && !repeats(sentence.words) && sentence.words.words().size() < 32) {
        lines_.push_back(text(sentence.words, sentence.end));
        return;
      }
      cast = before;
      last_subject_ = subject_before;
    }
    throw Error("grammar: no sentence without strangers in 200 attempts");
  }

  // A referent is no stranger to its own name and adjective, nor to "lived".
  void cast_person(bool named) {
    const WordId lives = lexicon().verb("live").id;
    while (true) {
      const Noun& noun = draw_noun(person);
      const Agreement agreement = agreement_of(noun, Number::singular);
      const Noun* name = named ? &draw_name(agreement.gender) : nullptr;
      const Adjective* adjective = draw_adjective(noun.classes);
      Phrase all(Word{noun.singular, noun.id});
      all << Word{adjective->text, adjective->id} << (named ? Word{name->singular, name->id} : Word{}) << Word{"lived", lives};
      if (holds_strangers(all)) continue;
      cast.push_back({&noun, name, agreement, adjective});
      return;
    }
  }
  void cast_thing(Classes classes) {
    const Noun& noun = draw_noun(classes);
    const Adjective* adjective = draw_adjective(noun.classes);
    if (adjective != nullptr && strangers(noun.id, adjective->id)) adjective = nullptr;
    cast.push_back({&noun, nullptr, agreement_of(noun, draw_number(noun)), adjective});
  }

  // One of the cast that can act, as the subject: the hero mostly; a pronoun where it was the subject before.
  NounPhrase subject_of_cast(Classes classes) {
    std::size_t Index = random().chance(60) ? 0 : random().below(static_cast<std::uint32_t>(cast.size()));
    if ((cast[Index].noun->classes & classes) == 0) Index = 0;
    const bool again = last_subject_ == static_cast<int>(Index);
    last_subject_ = static_cast<int>(Index);
    if (!again || random().chance(35)) return speak_referent(Index);
    cast[Index].spoken_of = true;
    return speak_pronoun(cast[Index].agreement, cast[Index].noun->classes);
  }

  void story() {
    cast_person(random().chance(80));
    if (random().chance(70)) cast_person(random().chance(50));
    if (random().chance(45)) cast_thing(animal);
    cast_thing(goods);
    tell([&] { return opening(); });
    const Scope scope{true, false, 2};
    for (std::uint32_t count = random().between(4, 13); count > 0; --count) {
      tell([&]() -> Sentence {
        const std::uint32_t kind = random().below(100);
        if (kind < 62) return statement(scope, subject_of_cast(animate));
        if (kind < 74) return speech(subject_of_cast(person));
        if (kind < 90) return changed_subject(statement(scope));
        return feeling(subject_of_cast(animate));
      });
    }
    if (random().chance(50)) tell([&] { return ending(); });
  }
  Sentence changed_subject(Sentence sentence) {
    last_subject_ = -1;
    return sentence;
  }

  Sentence opening() {
    const Referent& hero = cast[0];
    const bool inside = random().chance(50);
    const Noun& home = lexicon().noun(inside ? random().pick(std::array{"village", "city", "cottage", "house", "castle", "farm",
                                                                        "cabin", "tower", "valley", "palace"})
                                             : random().pick(std::array{"river", "lake", "forest", "church", "station", "beach",
                                                                        "mountain", "bridge", "school", "market", "harbor"}));
    const Adjective* kind_of_home = random().chance(50) ? draw_adjective(home.classes) : nullptr;
    Phrase where(inside ? "in" : "near");
    where << speak("a", home, Number::singular, kind_of_home).words;
    const Verb& live = lexicon().verb("live");
    const Word lived{live.past, live.id};
    const Word adjective = hero.adjective != nullptr ? Word{hero.adjective->text, hero.adjective->id} : Word{};
    const Word noun{hero.noun->singular, hero.noun->id};
    const std::uint32_t kind = random().below(3);
    Phrase words;
    if (hero.name == nullptr || kind == 0) {
      words << "once there was"
            << "a" << adjective << noun;
      if (hero.name != nullptr) words << "named" << Word{hero.name->singular, hero.name->id};
      words << "who" << lived << where;
    } else if (kind == 1) {
      words << Word{hero.name->singular, hero.name->id} << "was"
            << "a" << adjective << noun << "who" << lived << where;
    } else {
      words << Word{hero.name->singular, hero.name->id} << ","
            << "a" << adjective << noun << "," << lived << where;
    }
    cast[0].mentioned = cast[0].spoken_of = true;
    last_subject_ = 0;
    return {words};
  }

  Sentence feeling(const NounPhrase& who) {
    Clause clause{who, {}, &lexicon().verb(random().pick(std::array{"feel", "become", "look"}))};
    const Adjective* adjective = draw_state(who.classes);
    if (random().chance(30)) clause.verb = nullptr;
    clause.complement << (random().chance(30) ? "very" : "") << Word{adjective->text, adjective->id};
    if (random().chance(50)) clause.complement << "because" << embedded({true, false, 0});
    return {clause.declarative()};
  }

  Sentence ending() {
    const NounPhrase hero = speak_referent(0);
    Phrase words(random().pick(std::array{"in the end", "that night", "from that day on", "at last"}));
    words << ",";
    auto clause = clause_about(hero, {true, false, 0});
    if (!clause) return feeling(hero);
    clause->adjunct = {};
    return {words << clause->declarative()};
  }

  // What is generally so of a subject.
  void account() {
    const Classes subject = random().pick(std::array{person, person, animal, animal, artifact, plant, food, place});
    cast_thing(subject);
    if (!cast[0].noun->mass)
      cast[0].agreement = agreement_of(*cast[0].noun, random().chance(60) ? Number::plural : Number::singular);
    cast[0].mentioned = true;
    cast_thing(random().chance(50) ? person : building);
    cast[1].agreement = agreement_of(*cast[1].noun, cast[1].agreement.number);
    const Scope scope{false, false, 2};
    for (std::uint32_t count = random().between(4, 10); count > 0; --count) {
      tell([&]() -> Sentence {
        const std::uint32_t kind = random().below(100);
        if (kind < 45) return statement(scope, subject_of_cast(subject));
        if (kind < 85) return changed_subject(statement(scope));
        if (kind < 93) return changed_subject(question(scope));
        return changed_subject(statement({true, false, 2}));
      });
    }
  }

  // Questions and answers of two speakers.
  void conversation() {
    cast_person(true);
    cast_person(true);
    cast_thing(goods | animal);
    cast[0].mentioned = cast[1].mentioned = true;
    for (std::uint32_t count = random().between(5, 12); count > 0; --count) {
      tell([&]() -> Sentence {
        const std::uint32_t kind = random().below(100);
        const bool narrative = random().chance(50);
        last_subject_ = -1;
        if (kind < 45) return speech(speak_referent(count % 2));
        if (kind < 75) return question({narrative, false, 2});
        return statement({narrative, false, 2});
      });
    }
  }

  void mixture() {
    for (std::uint32_t count = random().between(5, 10); count > 0; --count) {
      const Scope scope{random().chance(45), false, 2};
      tell([&] { return random().chance(75) ? statement(scope) : question(scope); });
    }
  }
};

}  // namespace rondo::grammar
