// The verbs of the grammar: a line for each use of a verb. The forms are base, past and participle (only the base where the
// spelling rules give the rest; "*" after it: the last consonant doubles); a later use names the base alone. The classes say
// what may be the subject and what the object; the first of a use is the most frequent.
#pragma once

#include <array>
#include <string_view>

#include <rondo/data/grammar/noun_entries.hpp>

namespace rondo::grammar {

enum class Use {
  intransitive,     // "slept"
  transitive,       // "saw the dog"
  prepositional,    // "looked at the dog"
  ditransitive,     // "gave the girl a book", "gave a book to the girl"
  clausal,          // "said that the dog slept"
  interrogative,    // "wondered whether the dog slept", "... what the dog ate"
  subject_control,  // "tried to sleep"
  object_control,   // "told the girl to sleep"
  raising,          // "seemed to sleep"; keeps the subject's classes, takes "there"
  linking           // "became happy"
};

struct VerbEntry {
  std::string_view forms;
  Use use;
  Classes subject = animate;
  Classes object = 0;
  std::string_view preposition = {};
};

// Persons may do these to themselves.
inline constexpr std::string_view reflexive_verbs =
    "see hurt praise blame admire describe protect defend teach trust love hate respect hide wash criticize forgive surprise "
    "help warn comfort understand encourage punish ignore introduce scare amuse";
// Not a sentence without an object.
inline constexpr std::string_view strictly_transitive_verbs =
    "like love find admire need describe buy own carry bring repair take hold keep make praise blame thank invite trust respect "
    "protect rescue greet insult punish encourage comfort introduce ignore avoid enjoy lift touch throw wear catch solve "
    "discuss tear";
// Never with an object, nor in a passive.
inline constexpr std::string_view never_transitive_verbs =
    "sleep laugh come smile cry arrive fall disappear complain wander sneeze yawn cough snore stumble kneel blush tremble";
// States: no "was knowing".
inline constexpr std::string_view stative_verbs =
    "see like love know hear need remember forget hate own understand trust respect want believe seem appear happen tend "
    "become remain admire notice realize suspect fear care enjoy lose find discover agree";

inline constexpr std::array verb_entries = {
    VerbEntry{"see saw seen", Use::transitive, animate, concrete | event},
    VerbEntry{"like", Use::transitive, person, anything},
    VerbEntry{"find found found", Use::transitive, person, thing | animal},
    VerbEntry{"love", Use::transitive, person, anything},
    VerbEntry{"take took taken", Use::transitive, person, goods},
    VerbEntry{"know knew known", Use::transitive, person, person | idea | place | song},
    VerbEntry{"watch", Use::transitive, animate, animate | event | vehicle},
    VerbEntry{"eat ate eaten", Use::transitive, animate, food},
    VerbEntry{"help", Use::transitive, person, person | animal},
    VerbEntry{"follow", Use::transitive, animate, animate | vehicle},
    VerbEntry{"meet met met", Use::transitive, person, person},
    VerbEntry{"visit", Use::transitive, person, person | place},
    VerbEntry{"buy bought bought", Use::transitive, person, goods | vehicle | furniture | drink},
    VerbEntry{"hear heard heard", Use::transitive, animate, animate | song | instrument},
    VerbEntry{"carry", Use::transitive, person, goods | container},
    VerbEntry{"read read read", Use::transitive, person, readable},
    VerbEntry{"write wrote written", Use::transitive, person, readable | song},
    VerbEntry{"open", Use::transitive, person, openable},
    VerbEntry{"break broke broken", Use::transitive, person, breakable},
    VerbEntry{"hide hid hidden", Use::transitive, person, goods},
    VerbEntry{"lose lost lost", Use::transitive, person, portable | clothing | readable},
    VerbEntry{"bring brought brought", Use::transitive, person, goods | drink | animal},
    VerbEntry{"need", Use::transitive, person, thing | person},
    VerbEntry{"choose chose chosen", Use::transitive, person, goods | vehicle | song},
    VerbEntry{"drink drank drunk", Use::transitive, animate, drink},
    VerbEntry{"hold held held", Use::transitive, person, goods},
    VerbEntry{"keep kept kept", Use::transitive, person, goods | idea},
    VerbEntry{"remember", Use::transitive, person, anything},
    VerbEntry{"forget forgot forgotten *", Use::transitive, person, portable | idea | song | clothing},
    VerbEntry{"wear wore worn", Use::transitive, person, clothing},
    VerbEntry{"make made made", Use::transitive, person, food | furniture | clothing | instrument},
    VerbEntry{"build built built", Use::transitive, person, building | furniture | vehicle},
    VerbEntry{"sell sold sold", Use::transitive, person, goods | vehicle | furniture | building},
    VerbEntry{"leave left left", Use::transitive, person, place | event},
    VerbEntry{"enter", Use::transitive, animate, building},
    VerbEntry{"cross", Use::transitive, animate, crossable},
    VerbEntry{"climb", Use::transitive, animate, climbable},
    VerbEntry{"chase", Use::transitive, animal, animate},
    VerbEntry{"catch caught caught", Use::transitive, person, animal},
    VerbEntry{"feed fed fed", Use::transitive, person, animal},
    VerbEntry{"bite bit bitten", Use::transitive, animal, animate},
    VerbEntry{"steal stole stolen", Use::transitive, person, goods | vehicle | animal},
    VerbEntry{"drive drove driven", Use::transitive, person, vehicle},
    VerbEntry{"ride rode ridden", Use::transitive, person, mount},
    VerbEntry{"sing sang sung", Use::transitive, person, song},
    VerbEntry{"play", Use::transitive, person, instrument | song},
    VerbEntry{"draw drew drawn", Use::transitive, person, animal | building | plant | person},
    VerbEntry{"throw threw thrown", Use::transitive, person, portable | clothing},
    VerbEntry{"teach taught taught", Use::transitive, person, person},
    VerbEntry{"admire", Use::transitive, person, person | building | picture | animal},
    VerbEntry{"praise", Use::transitive, person, person | picture | food},
    VerbEntry{"blame", Use::transitive, person, person},
    VerbEntry{"thank", Use::transitive, person, person},
    VerbEntry{"invite", Use::transitive, person, person},
    VerbEntry{"trust", Use::transitive, person, person},
    VerbEntry{"hate", Use::transitive, person, anything},
    VerbEntry{"describe", Use::transitive, person, concrete | idea | event},
    VerbEntry{"understand understood understood", Use::transitive, person, person | idea | readable},
    VerbEntry{"explain", Use::transitive, person, idea},
    VerbEntry{"solve", Use::transitive, person, puzzle},
    VerbEntry{"discuss", Use::transitive, person, idea | event | readable},
    VerbEntry{"clean", Use::transitive, person, building | furniture | breakable | vehicle},
    VerbEntry{"wash", Use::transitive, person, clothing | vehicle | breakable | animal},
    VerbEntry{"paint", Use::transitive, person, building | furniture | vehicle},
    VerbEntry{"repair", Use::transitive, person, vehicle | instrument | furniture | building},
    VerbEntry{"own", Use::transitive, person, building | vehicle | animal | instrument},
    VerbEntry{"cook", Use::transitive, person, food},
    VerbEntry{"taste", Use::transitive, person, food | drink},
    VerbEntry{"grow grew grown", Use::transitive, person, plant | fruit},
    VerbEntry{"cut cut cut *", Use::transitive, person, food | plant},
    VerbEntry{"close", Use::transitive, person, openable},
    VerbEntry{"lock", Use::transitive, person, openable | building},
    VerbEntry{"push", Use::transitive, person, vehicle | furniture | person},
    VerbEntry{"pull", Use::transitive, person, vehicle | furniture},
    VerbEntry{"lift", Use::transitive, person, furniture | portable | container},
    VerbEntry{"drop *", Use::transitive, person, portable | breakable | food},
    VerbEntry{"touch", Use::transitive, person, thing | animal},
    VerbEntry{"collect", Use::transitive, person, portable | readable | clothing},
    VerbEntry{"shake shook shaken", Use::transitive, person, container},
    VerbEntry{"tear tore torn", Use::transitive, person, readable | clothing},
    VerbEntry{"marry", Use::transitive, person, person},
    VerbEntry{"hug *", Use::transitive, person, person},
    VerbEntry{"respect", Use::transitive, person, person | idea},
    VerbEntry{"protect", Use::transitive, animate, animate | building},
    VerbEntry{"rescue", Use::transitive, person, animate},
    VerbEntry{"hurt hurt hurt", Use::transitive, animate, animate},
    VerbEntry{"warn", Use::transitive, person, person},
    VerbEntry{"forgive forgave forgiven", Use::transitive, person, person},
    VerbEntry{"greet", Use::transitive, person, person},
    VerbEntry{"insult", Use::transitive, person, person},
    VerbEntry{"defend", Use::transitive, person, person | building | idea},
    VerbEntry{"criticize", Use::transitive, person, person | idea | picture},
    VerbEntry{"punish", Use::transitive, person, person},
    VerbEntry{"encourage", Use::transitive, person, person},
    VerbEntry{"surprise", Use::transitive, person | idea | event, person},
    VerbEntry{"amuse", Use::transitive, person | animal | idea, person},
    VerbEntry{"scare", Use::transitive, animate | event, animate},
    VerbEntry{"comfort", Use::transitive, person, person},
    VerbEntry{"introduce", Use::transitive, person, person},
    VerbEntry{"ignore", Use::transitive, person, person | idea},
    VerbEntry{"accept", Use::transitive, person, idea},
    VerbEntry{"reject", Use::transitive, person, idea},
    VerbEntry{"avoid", Use::transitive, animate, person | animal | outdoors},
    VerbEntry{"enjoy", Use::transitive, person, food | drink | event | song | readable},
    VerbEntry{"attend", Use::transitive, person, event},
    VerbEntry{"win won won *", Use::transitive, person, contest},
    VerbEntry{"fight fought fought", Use::transitive, animate, animate},
    VerbEntry{"beat beat beaten", Use::transitive, person, person},

    VerbEntry{"sleep slept slept", Use::intransitive, animate},
    VerbEntry{"laugh", Use::intransitive, person},
    VerbEntry{"come came come", Use::intransitive, animate},
    VerbEntry{"run ran run *", Use::intransitive, animate},
    VerbEntry{"smile", Use::intransitive, person},
    VerbEntry{"wait", Use::intransitive, animate},
    VerbEntry{"cry", Use::intransitive, person},
    VerbEntry{"work", Use::intransitive, person},
    VerbEntry{"arrive", Use::intransitive, person | vehicle},
    VerbEntry{"leave", Use::intransitive, person},
    VerbEntry{"eat", Use::intransitive, animate},
    VerbEntry{"sing", Use::intransitive, person | bird},
    VerbEntry{"dance", Use::intransitive, person},
    VerbEntry{"speak spoke spoken", Use::intransitive, person},
    VerbEntry{"fall fell fallen", Use::intransitive, animate | breakable},
    VerbEntry{"sit sat sat *", Use::intransitive, animate},
    VerbEntry{"stand stood stood", Use::intransitive, animate},
    VerbEntry{"swim swam swum *", Use::intransitive, animate},
    VerbEntry{"jump", Use::intransitive, animate},
    VerbEntry{"shout", Use::intransitive, person},
    VerbEntry{"fly flew flown", Use::intransitive, bird},
    VerbEntry{"disappear", Use::intransitive, animate | portable | vehicle},
    VerbEntry{"rest", Use::intransitive, animate},
    VerbEntry{"talk", Use::intransitive, person},
    VerbEntry{"begin began begun *", Use::intransitive, event},
    VerbEntry{"end", Use::intransitive, event},
    VerbEntry{"break", Use::intransitive, breakable},
    VerbEntry{"open", Use::intransitive, openable | building},
    VerbEntry{"grow", Use::intransitive, plant | animal},
    VerbEntry{"bloom", Use::intransitive, plant},
    VerbEntry{"stop *", Use::intransitive, vehicle | animate},
    VerbEntry{"return", Use::intransitive, animate},
    VerbEntry{"complain", Use::intransitive, person},
    VerbEntry{"argue", Use::intransitive, person},
    VerbEntry{"wander", Use::intransitive, animate},
    VerbEntry{"whisper", Use::intransitive, person},
    VerbEntry{"wake woke woken", Use::intransitive, animate},
    VerbEntry{"win", Use::intransitive, person},
    VerbEntry{"tremble", Use::intransitive, animate},
    VerbEntry{"sneeze", Use::intransitive, animate},
    VerbEntry{"yawn", Use::intransitive, animate},
    VerbEntry{"cough", Use::intransitive, person},
    VerbEntry{"snore", Use::intransitive, person},
    VerbEntry{"stumble", Use::intransitive, animate},
    VerbEntry{"kneel knelt knelt", Use::intransitive, person},
    VerbEntry{"blush", Use::intransitive, person},
    VerbEntry{"sink sank sunk", Use::intransitive, boat},
    VerbEntry{"freeze froze frozen", Use::intransitive, animate | waters},
    VerbEntry{"shrink shrank shrunk", Use::intransitive, clothing},
};

}  // namespace rondo::grammar
