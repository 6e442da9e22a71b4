// The nouns of the grammar: what each can be (its classes decide which verbs, adjectives and prepositions it goes with),
// its gender and, after a slash, a plural that the spelling rules do not give. The first of a list is the most frequent.
// A noun may stand in several lists; it then belongs to all their classes, with the gender and rank of the first.
// No form is shared between two entries of the whole lexicon (a test holds that).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rondo::grammar {

using Classes = std::uint32_t;

inline constexpr Classes person = 1u << 0, animal = 1u << 1, food = 1u << 2, drink = 1u << 3, readable = 1u << 4,
                         clothing = 1u << 5, vehicle = 1u << 6, instrument = 1u << 7, building = 1u << 8, outdoors = 1u << 9,
                         plant = 1u << 10, openable = 1u << 11, breakable = 1u << 12, furniture = 1u << 13, portable = 1u << 14,
                         idea = 1u << 15, event = 1u << 16, climbable = 1u << 17, crossable = 1u << 18, song = 1u << 19,
                         puzzle = 1u << 20, contest = 1u << 21, mount = 1u << 22, container = 1u << 23, waters = 1u << 24,
                         picture = 1u << 25, bird = 1u << 26, fruit = 1u << 27, relative = 1u << 28, boat = 1u << 29;
inline constexpr Classes animate = person | animal;
inline constexpr Classes place = building | outdoors;
inline constexpr Classes artifact = readable | clothing | vehicle | instrument | openable | breakable | furniture | portable;
inline constexpr Classes goods = food | clothing | instrument | portable | readable | breakable;
inline constexpr Classes thing = artifact | food | drink | plant;
inline constexpr Classes concrete = animate | thing | place;
inline constexpr Classes anything = concrete | idea | event | song;

enum class Gender { neuter, male, female, either };

struct NounEntries {
  Classes classes;
  Gender gender;
  bool mass;  // no plural and no "a"
  std::string_view words;
};

inline constexpr std::array noun_entries = {
    NounEntries{person, Gender::either, false,
                "child/children friend teacher doctor student neighbor farmer artist writer lawyer worker person/people "
                "stranger singer soldier driver nurse baby visitor guest customer leader player judge guard sailor "
                "dancer scientist cousin engineer reporter pilot captain baker thief/thieves poet professor "
                "hunter librarian tailor musician gardener detective tourist carpenter shopkeeper villager "
                "traveler mayor dentist chef clown plumber miner senator secretary apprentice weaver potter"},
    NounEntries{person, Gender::male, false,
                "man/men boy king father brother son uncle husband prince grandfather gentleman/gentlemen waiter nephew "
                "policeman/policemen actor fisherman/fishermen duke grandson monk fireman/firemen landlord"},
    NounEntries{person, Gender::female, false,
                "woman/women girl queen mother sister daughter aunt wife/wives princess grandmother lady waitress niece "
                "policewoman/policewomen actress duchess granddaughter nun saleswoman/saleswomen landlady heiress"},
    NounEntries{person | relative, Gender::either, false, "friend neighbor cousin teacher doctor"},
    NounEntries{person | relative, Gender::male, false, "father brother son uncle husband grandfather nephew grandson"},
    NounEntries{person | relative, Gender::female, false, "mother sister daughter aunt wife grandmother niece granddaughter"},
    NounEntries{animal, Gender::neuter, false,
                "dog cat horse mouse/mice cow wolf/wolves bear fox goat pig lion rabbit sheep/sheep monkey elephant tiger "
                "donkey snake frog turtle camel puppy kitten deer/deer squirrel ox/oxen calf/calves lamb zebra "
                "hedgehog otter beaver badger leopard lizard"},
    NounEntries{animal | bird, Gender::neuter, false, "hen goose/geese owl eagle crow raven pigeon parrot sparrow"},
    NounEntries{animal | mount, Gender::neuter, false, "horse donkey camel pony elephant"},
    NounEntries{food | fruit, Gender::neuter, false,
                "apple potato/potatoes tomato/tomatoes banana pear cherry carrot onion lemon peach mushroom melon plum"},
    NounEntries{food, Gender::neuter, false,
                "cake sandwich pie egg cookie sausage pancake loaf/loaves biscuit muffin dumpling omelet"},
    NounEntries{food, Gender::neuter, true, "bread soup cheese rice meat butter honey porridge"},
    NounEntries{drink, Gender::neuter, true, "water milk tea coffee juice wine lemonade cocoa"},
    NounEntries{readable, Gender::neuter, false,
                "book letter story newspaper poem magazine novel diary report map menu recipe textbook essay"},
    NounEntries{picture, Gender::neuter, false, "picture story photograph book portrait poem song statue"},
    NounEntries{clothing, Gender::neuter, false,
                "hat coat dress shirt shoe scarf/scarves jacket sweater glove boot sock belt skirt uniform apron cloak"},
    NounEntries{vehicle, Gender::neuter, false, "car bus train truck wagon taxi tractor carriage van motorcycle"},
    NounEntries{vehicle | boat, Gender::neuter, false, "boat ship canoe ferry"},
    NounEntries{vehicle | mount, Gender::neuter, false, "bicycle scooter"},
    NounEntries{instrument, Gender::neuter, false, "piano guitar violin drum flute trumpet harp cello accordion"},
    NounEntries{building, Gender::neuter, false,
                "house school shop church hotel hospital library museum kitchen office castle barn theater restaurant "
                "station factory cabin tower palace bakery cottage temple cellar attic classroom bookstore workshop"},
    NounEntries{outdoors, Gender::neuter, false,
                "garden city village park forest field lake beach farm island valley market pond meadow yard harbor "
                "desert square orchard swamp vineyard"},
    NounEntries{outdoors | crossable, Gender::neuter, false, "river street road bridge canal border highway stream"},
    NounEntries{outdoors | climbable, Gender::neuter, false, "hill mountain cliff volcano/volcanoes"},
    NounEntries{waters, Gender::neuter, false, "lake river pond stream canal"},
    NounEntries{plant | climbable, Gender::neuter, false, "tree oak"},
    NounEntries{plant, Gender::neuter, false, "flower rose bush tulip vine hedge daisy fern cactus/cacti weed sunflower"},
    NounEntries{openable, Gender::neuter, false, "door window gate cupboard"},
    NounEntries{openable | container | portable, Gender::neuter, false,
                "box bag bottle jar suitcase basket envelope parcel chest"},
    NounEntries{container | furniture, Gender::neuter, false, "drawer cupboard"},
    NounEntries{breakable | portable, Gender::neuter, false, "glass/glasses cup plate vase mirror bowl lamp clock lantern dish"},
    NounEntries{breakable, Gender::neuter, false, "window bottle jar piano guitar toy"},
    NounEntries{furniture, Gender::neuter, false, "table chair bed desk bench shelf/shelves sofa carpet stool pillow"},
    NounEntries{portable, Gender::neuter, false,
                "key ball ring toy knife/knives coin umbrella picture candle hammer camera rope pencil spoon photograph "
                "brush bucket blanket ticket doll portrait needle ladder shovel kite stone broom statue feather"},
    NounEntries{portable | climbable, Gender::neuter, false, "ladder"},
    NounEntries{idea, Gender::neuter, false,
                "idea plan problem story secret rule question mistake fact decision rumor joke puzzle theory law riddle "
                "method opinion argument"},
    NounEntries{puzzle, Gender::neuter, false, "problem puzzle riddle crime mystery/mysteries"},
    NounEntries{event, Gender::neuter, false,
                "party wedding concert game race dinner storm journey festival lesson parade exam feast contest "
                "ceremony picnic funeral"},
    NounEntries{event | contest, Gender::neuter, false, "game race contest tournament"},
    NounEntries{song, Gender::neuter, false, "song melody tune ballad hymn"},
};

// Names, the more frequent first.
inline constexpr std::string_view female_names =
    "Anna Mary Emma Sarah Julia Laura Helen Nora Alice Clara Maria Ruth Lucy Martha Susan Rachel Eva Diana Karen Olivia "
    "Linda Irene Sophie Monica Teresa Amelia Bridget Carla Dorothy Paula Greta Hannah Ingrid Sandra Vera Wendy";
inline constexpr std::string_view male_names =
    "Tom Peter John David Paul Daniel Max Henry Simon Victor Martin James Robert Oscar Felix George Walter Adam Samuel "
    "Philip Edward Hugo Thomas Arthur Bruno Carlos Douglas Eric Gregory Harold Ivan Kevin Leo Nathan Roger Stephen";

}  // namespace rondo::grammar
