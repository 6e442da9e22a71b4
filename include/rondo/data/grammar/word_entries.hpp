// The adjectives and adverbs of the grammar (with the classes of nouns that an adjective describes) and the closed classes of
// words that the sentences are held together by. The first of a list is the most frequent.
#pragma once

#include <array>
#include <string_view>

#include <rondo/data/grammar/noun_entries.hpp>

namespace rondo::grammar {

struct AdjectiveEntries {
  Classes classes;
  bool temporary;  // a state rather than a lasting property: follows "became" and "felt"
  std::string_view words;
};

inline constexpr std::array adjective_entries = {
    AdjectiveEntries{(concrete & ~drink & ~food) | fruit, false, "old big small little large huge tiny lovely"},
    AdjectiveEntries{(concrete & ~drink & ~food) | fruit, true, "beautiful"},
    AdjectiveEntries{building | outdoors | readable | idea | song | event | person, true, "famous"},
    AdjectiveEntries{animate | outdoors | building, true, "quiet"},
    AdjectiveEntries{building, true, "dark crowded"},
    AdjectiveEntries{food | drink, true, "warm cold"},
    AdjectiveEntries{animate, true, "happy hungry tired sad angry sick thirsty calm sleepy nervous lonely"},
    AdjectiveEntries{animate, false, "young strong brave gentle friendly lazy clever curious wild fierce"},
    AdjectiveEntries{person, false,
                     "kind rich poor tall honest polite proud careful shy wise rude foolish cruel patient stubborn "
                     "talented generous cheerful"},
    AdjectiveEntries{person, true, "busy upset jealous excited grateful anxious"},
    AdjectiveEntries{artifact | building, false, "new strange expensive red blue white green black yellow gray pretty"},
    AdjectiveEntries{plant | fruit, false, "red green yellow"},
    AdjectiveEntries{artifact, true, "dirty heavy dusty rusty"},
    AdjectiveEntries{animal, false, "brown black white gray"},
    AdjectiveEntries{food, false, "fresh delicious sweet"},
    AdjectiveEntries{fruit, false, "ripe"},
    AdjectiveEntries{drink, false, "hot sweet fresh"},
    AdjectiveEntries{furniture | openable | instrument, false, "wooden narrow broad"},
    AdjectiveEntries{clothing, false, "warm woolen silk elegant"},
    AdjectiveEntries{readable | idea | song | event, false, "interesting long strange funny wonderful terrible serious"},
    AdjectiveEntries{idea | puzzle, false, "difficult simple important clever ridiculous"},
    AdjectiveEntries{outdoors, false, "dangerous peaceful wide lonely"},
    AdjectiveEntries{building, false, "modern ancient empty"},
    AdjectiveEntries{container, false, "empty full"},
    AdjectiveEntries{breakable, false, "bright round fragile"},
};

// Place of an adverb: manner after the verb phrase or before the verb, frequency after the first auxiliary or before the verb.
inline constexpr std::string_view manner_adverbs =
    "quickly slowly quietly carefully happily loudly suddenly sadly calmly gently politely secretly bravely nervously "
    "angrily proudly patiently eagerly gladly silently";
inline constexpr std::string_view frequency_adverbs = "often always sometimes usually really certainly probably clearly";

inline constexpr std::array past_times = {"yesterday", "last night", "last week", "last month", "last year", "two days ago"};
inline constexpr std::array future_times = {"tomorrow", "next week", "next year", "next month", "tomorrow morning"};
inline constexpr std::array present_times = {"every day", "every morning", "in the evening", "at night", "on weekends"};

inline constexpr std::array modals = {"will", "can", "should", "might", "would", "could", "must"};
inline constexpr std::array numerals = {"two", "three", "four", "five", "six", "seven", "eight", "ten"};

}  // namespace rondo::grammar
