// The built-in corpus: the lexicon is unambiguous, the text holds no wrong form, the pairs are held out and cannot be told by
// counts of words, and the same seed gives the same bytes.
#include <boost/test/unit_test.hpp>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include <rondo/data/grammar/corpus.hpp>

namespace grammar = rondo::grammar;
using grammar::Lexicon;
using grammar::Pair;

namespace {

const Lexicon& lexicon() {
  static const Lexicon words;
  return words;
}

// Forms of each content word of the lexicon.
std::map<grammar::WordId, std::set<std::string>> forms_of_words() {
  std::map<grammar::WordId, std::set<std::string>> forms;
  for (const grammar::Noun& noun : lexicon().nouns) {
    forms[noun.id].insert(noun.singular);
    if (!noun.plural.empty()) forms[noun.id].insert(noun.plural);
  }
  for (const grammar::Verb& verb : lexicon().verbs) {
    forms[verb.id].insert({verb.base, verb.present, verb.past, verb.participle, verb.gerund});
  }
  for (const grammar::Adjective& adjective : lexicon().adjectives) forms[adjective.id].insert(adjective.text);
  for (const grammar::Adverb& adverb : lexicon().manners) forms[adverb.id].insert(adverb.text);
  return forms;
}

// A sentence as words of small letters, without its marks ("Anna's": "anna", "s").
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char letter : line) {
    if (std::isalpha(static_cast<unsigned char>(letter)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string small(std::string word) {
  for (char& letter : word) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return word;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

struct Sample {
  std::vector<std::string> lines;
  std::vector<std::vector<std::string>> words;
  std::unordered_map<std::string, std::vector<std::uint32_t>> where;  // the lines that hold a word, ascending
};

const Sample& sample() {
  static const Sample text = [] {
    Sample result;
    result.lines = lines_of(grammar::generate_text(lexicon(), 1'000'000, 1, grammar::train_stream).text);
    for (const std::string& line : lines_of(grammar::generate_text(lexicon(), 20'000, 1, grammar::held_out_stream).text)) {
      result.lines.push_back(line);
    }
    for (std::uint32_t i = 0; i < result.lines.size(); ++i) {
      result.words.push_back(words_of(result.lines[i]));
      for (const std::string& word : result.words.back()) {
        std::vector<std::uint32_t>& lines = result.where[word];
        if (lines.empty() || lines.back() != i) lines.push_back(i);
      }
    }
    return result;
  }();
  return text;
}

const std::vector<std::vector<Pair>>& pairs() {
  static const std::vector<std::vector<Pair>> all = [] {
    std::vector<std::vector<Pair>> result;
    for (const grammar::Phenomenon& phenomenon : grammar::phenomena) {
      result.push_back(grammar::draw_pairs(lexicon(), phenomenon, 1, 200));
    }
    return result;
  }();
  return all;
}

std::string written(const grammar::Sentence& sentence) {
  return grammar::text(sentence.words, sentence.end);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct TemporaryFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("rondo-grammar-" + std::to_string(std::random_device{}()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

std::uint64_t fingerprint(const std::string& bytes) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grammar_corpus)

BOOST_AUTO_TEST_CASE(no_form_belongs_to_two_words) {
  std::map<std::string, grammar::WordId> owner;
  for (const auto& [id, forms] : forms_of_words()) {
    for (const std::string& form : forms) {
      const auto [known, fresh] = owner.try_emplace(small(form), id);
      BOOST_CHECK_MESSAGE(fresh, "'" << form << "' is a form of two words");
    }
  }
  BOOST_CHECK(owner.size() > 1800u);
  BOOST_CHECK(lexicon().first_name >= 400u);
  BOOST_CHECK(lexicon().verbs.size() >= 200u);
}

BOOST_AUTO_TEST_CASE(spelling) {
  const auto verb = [](std::string_view base) {
    const grammar::Verb& entry = lexicon().verb(base);
    return entry.present + " " + entry.past + " " + entry.participle + " " + entry.gerund;
  };
  BOOST_CHECK_EQUAL(verb("carry"), "carries carried carried carrying");
  BOOST_CHECK_EQUAL(verb("stop"), "stops stopped stopped stopping");
  BOOST_CHECK_EQUAL(verb("write"), "writes wrote written writing");
  BOOST_CHECK_EQUAL(verb("see"), "sees saw seen seeing");
  BOOST_CHECK_EQUAL(verb("go"), "goes went gone going");
  BOOST_CHECK_EQUAL(verb("forget"), "forgets forgot forgotten forgetting");
  BOOST_CHECK_EQUAL(verb("argue"), "argues argued argued arguing");
  BOOST_CHECK_EQUAL(verb("watch"), "watches watched watched watching");
  BOOST_CHECK_EQUAL(lexicon().noun("wolf").plural, "wolves");
  BOOST_CHECK_EQUAL(lexicon().noun("box").plural, "boxes");
  BOOST_CHECK_EQUAL(lexicon().noun("city").plural, "cities");
  BOOST_CHECK_EQUAL(lexicon().noun("monkey").plural, "monkeys");
  BOOST_CHECK_THROW((void)lexicon().noun("unicorn"), rondo::Error);
}

BOOST_AUTO_TEST_CASE(verb_groups) {
  using namespace grammar;
  const Agreement she{Number::singular, 3, Gender::female}, they{Number::plural, 3, Gender::either};
  const Verb& eat = lexicon().verb("eat");
  const auto say = [&](const Verb* verb, const Inflection& inflection, const Agreement& agreement) {
    const Clause clause{{"x", agreement}, inflection, verb};
    return text(clause.declarative(), '.') + " " + text(clause.inverted(), '?');
  };
  BOOST_CHECK_EQUAL(say(&eat, {Tense::present}, she), "X eats. Does x eat?");
  BOOST_CHECK_EQUAL(say(&eat, {Tense::past, "", false, false, false, true}, they), "X did not eat. Did x not eat?");
  BOOST_CHECK_EQUAL(say(&eat, {Tense::present, "", true, true}, she), "X has been eating. Has x been eating?");
  BOOST_CHECK_EQUAL(say(&eat, {Tense::present, "will", true, false, true}, they),
                    "X will have been eaten. Will x have been eaten?");
  BOOST_CHECK_EQUAL(say(&eat, {Tense::past, "", false, true, true}, they), "X were being eaten. Were x being eaten?");
  BOOST_CHECK_EQUAL(say(nullptr, {Tense::present}, they), "X are. Are x?");
}

BOOST_AUTO_TEST_CASE(text_is_well_formed) {
  std::size_t asks = 0, speaks = 0;
  for (const std::string& line : sample().lines) {
    const char first = line[0] == '"' ? line[1] : line[0];
    BOOST_REQUIRE_MESSAGE(first >= 'A' && first <= 'Z', line);
    BOOST_REQUIRE_MESSAGE(line.back() == '.' || line.back() == '?' || line.back() == '"', line);
    for (const std::string_view wrong : {"  ", " ,", " .", " ?", ",,", "..", ",.", ", .", "?.", "``", "''", ", ,"}) {
      BOOST_REQUIRE_MESSAGE(line.find(wrong) == std::string::npos, line);
    }
    asks += line.back() == '?' ? 1 : 0;
    speaks += line.find('"') != std::string::npos ? 1 : 0;
  }
  const double count = static_cast<double>(sample().lines.size());
  BOOST_CHECK(static_cast<double>(asks) > 0.03 * count);
  BOOST_CHECK(static_cast<double>(speaks) > 0.03 * count);
}

// What the determiner and noun phenomena call bad, "a" before a vowel, a word twice in a row: nowhere in the text.
BOOST_AUTO_TEST_CASE(text_holds_no_wrong_form) {
  std::set<std::string> singular, plural;
  for (std::size_t i = 0; i < lexicon().first_name; ++i) {
    const grammar::Noun& noun = lexicon().nouns[i];
    if (!noun.has_two_forms()) continue;
    singular.insert(noun.singular);
    plural.insert(noun.plural);
  }
  const std::set<std::string> before_singular{"a", "an", "every", "each", "this", "another"};
  const std::set<std::string> before_plural{"these", "those", "many", "few", "several", "two", "three", "ten", "most", "both"};
  const std::set<std::string> pronouns{"he", "she", "it"};
  const std::set<std::string> reflexives{"himself", "herself", "itself", "themselves", "myself", "ourselves"};
  for (std::size_t i = 0; i < sample().words.size(); ++i) {
    const std::vector<std::string>& words = sample().words[i];
    const bool speech = sample().lines[i].find('"') != std::string::npos;
    for (std::size_t j = 1; j < words.size(); ++j) {
      const std::string &left = words[j - 1], &word = words[j];
      const bool wrong = (before_singular.contains(left) && plural.contains(word)) ||
                         (before_plural.contains(left) && singular.contains(word)) || left == word ||
                         (left == "a" && std::string_view("aeio").find(word[0]) != std::string_view::npos) ||
                         (left == "an" && std::string_view("aeiouh").find(word[0]) == std::string_view::npos) ||
                         (j == 1 && reflexives.contains(left)) ||
                         (!speech && pronouns.contains(word) && (left == "by" || left == "to" || left == "at" || left == "with"));
      BOOST_REQUIRE_MESSAGE(!wrong, sample().lines[i]);
    }
  }
}

// "ever" and "any" stand under something that licenses them.
BOOST_AUTO_TEST_CASE(polarity_is_licensed) {
  const std::set<std::string> licensors{"no", "not", "few", "nobody", "never", "only", "if", "whether"};
  std::size_t seen = 0;
  for (std::size_t i = 0; i < sample().words.size(); ++i) {
    const std::vector<std::string>& words = sample().words[i];
    bool licensed = sample().lines[i].find('?') != std::string::npos;
    for (const std::string& word : words) {
      licensed = licensed || licensors.contains(word);
      const bool polar = word == "ever" || word == "any" || word == "anyone";
      BOOST_REQUIRE_MESSAGE(!polar || licensed, sample().lines[i]);
      seen += polar ? 1 : 0;
    }
  }
  BOOST_CHECK(seen > 2000u);
}

BOOST_AUTO_TEST_CASE(pairs_are_minimal) {
  for (std::size_t i = 0; i < grammar::phenomena.size(); ++i) {
    BOOST_TEST_CONTEXT(grammar::phenomena[i].uid) {
      std::set<std::string> seen;
      BOOST_REQUIRE(pairs()[i].size() == 200u);
      for (const Pair& pair : pairs()[i]) {
        const std::string good = written(pair.good), bad = written(pair.bad);
        BOOST_CHECK(good != bad);
        BOOST_CHECK_MESSAGE(seen.insert(good).second, good << " comes twice");
        const std::vector<std::string> good_words = words_of(good), bad_words = words_of(bad);
        BOOST_CHECK_MESSAGE(good_words.size() == bad_words.size(), good << " / " << bad);
        // As bags they differ in two words at most; the rest is moved or the same.
        std::map<std::string, int> bag;
        for (const std::string& word : good_words) ++bag[word];
        for (const std::string& word : bad_words) --bag[word];
        int surplus = 0;
        for (const auto& [word, count] : bag) surplus += std::max(count, 0);
        BOOST_CHECK_MESSAGE(surplus <= 2, good << " / " << bad);
      }
    }
  }
}

// The two words a pair is about never meet in a sentence of the text, in whatever form: so neither sentence is in the text, nor
// the part of it that decides; and every word of it is.
BOOST_AUTO_TEST_CASE(pairs_are_held_out) {
  const auto forms = forms_of_words();
  const auto lines_with = [&](grammar::WordId id) {
    std::set<std::uint32_t> lines;
    for (const std::string& form : forms.at(id)) {
      const auto found = sample().where.find(small(form));
      if (found != sample().where.end()) lines.insert(found->second.begin(), found->second.end());
    }
    return lines;
  };
  std::map<grammar::WordId, std::set<std::uint32_t>> known;
  const std::unordered_set<std::string> text(sample().lines.begin(), sample().lines.end());
  for (std::size_t i = 0; i < grammar::phenomena.size(); ++i) {
    BOOST_TEST_CONTEXT(grammar::phenomena[i].uid) {
      for (const Pair& pair : pairs()[i]) {
        BOOST_CHECK_MESSAGE(!text.contains(written(pair.good)), written(pair.good));
        BOOST_CHECK_MESSAGE(!text.contains(written(pair.bad)), written(pair.bad));
        for (const grammar::WordId id : pair.key) {
          if (!known.contains(id)) known[id] = lines_with(id);
          BOOST_CHECK_MESSAGE(known[id].size() > 60u, written(pair.good));
        }
        const std::set<std::uint32_t>&first = known[pair.key[0]], &second = known[pair.key[1]];
        for (const std::uint32_t line : first.size() < second.size() ? first : second) {
          BOOST_REQUIRE_MESSAGE(!first.contains(line) || !second.contains(line), sample().lines[line] << written(pair.good));
        }
        const std::vector<std::string> good = words_of(written(pair.good));
        std::size_t keys = 0;
        for (const std::string& word : good) {
          BOOST_CHECK_MESSAGE(sample().where.contains(word), word);
          for (const grammar::WordId id : pair.key) {
            for (const std::string& form : forms.at(id)) keys += small(form) == word ? 1 : 0;
          }
        }
        BOOST_CHECK_MESSAGE(keys >= 2u, written(pair.good));
      }
    }
  }
}

// Counts of single words and of neighbours, trained on the text, must stay near chance where the rule spans a distance.
BOOST_AUTO_TEST_CASE(neighbours_do_not_tell) {
  std::unordered_map<std::string, double> single, pair_of;
  double all = 0;
  for (const std::vector<std::string>& words : sample().words) {
    for (std::size_t j = 0; j < words.size(); ++j) {
      single[words[j]] += 1;
      all += 1;
      if (j > 0) pair_of[words[j - 1] + " " + words[j]] += 1;
    }
  }
  const auto count = [](const auto& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0.0 : found->second;
  };
  const auto score = [&](const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    double sum = 0;
    for (std::size_t j = 0; j < words.size(); ++j) {
      const double alone = (count(single, words[j]) + 0.1) / all;
      const double before = j > 0 ? count(single, words[j - 1]) : 0;
      const double together = j > 0 ? count(pair_of, words[j - 1] + " " + words[j]) : 0;
      sum += std::log((together + 50 * alone) / (before + 50));
    }
    return sum;
  };
  const std::set<std::string_view> distant{"agreement_simple",
                                           "agreement_across_phrase",
                                           "agreement_across_subject_relative",
                                           "agreement_across_object_relative",
                                           "agreement_partitive",
                                           "agreement_existential",
                                           "determiner_noun_adjective",
                                           "irregular_forms",
                                           "form_after_auxiliary",
                                           "reflexive_number",
                                           "filler_gap",
                                           "filler_gap_distant",
                                           "time_and_tense",
                                           "agreement_inverted"};
  std::size_t checked = 0;
  for (std::size_t i = 0; i < grammar::phenomena.size(); ++i) {
    if (!distant.contains(grammar::phenomena[i].uid)) continue;
    double right = 0;
    for (const Pair& pair : pairs()[i]) {
      const double difference = score(written(pair.good)) - score(written(pair.bad));
      right += std::abs(difference) < 1e-9 ? 0.5 : difference > 0 ? 1 : 0;
    }
    const double accuracy = right / static_cast<double>(pairs()[i].size());
    BOOST_CHECK_MESSAGE(accuracy > 0.35, grammar::phenomena[i].uid << " " << accuracy);
    BOOST_CHECK_MESSAGE(accuracy < 0.65, grammar::phenomena[i].uid << " " << accuracy);
    ++checked;
  }
  BOOST_CHECK(checked == distant.size());
}

BOOST_AUTO_TEST_CASE(same_seed_same_bytes) {
  const std::string text = grammar::generate_text(lexicon(), 20'000, 7, grammar::train_stream).text;
  BOOST_CHECK((text == grammar::generate_text(lexicon(), 20'000, 7, grammar::train_stream).text));
  BOOST_CHECK((text != grammar::generate_text(lexicon(), 20'000, 8, grammar::train_stream).text));
  // More words of the same seed go on where fewer end.
  BOOST_CHECK(grammar::generate_text(lexicon(), 40'000, 7, grammar::train_stream).text.starts_with(text));
  std::string all_pairs;
  for (const grammar::Phenomenon& phenomenon : grammar::phenomena) {
    all_pairs += grammar::pair_lines(phenomenon, grammar::draw_pairs(lexicon(), phenomenon, 7, 20));
  }
  // The bytes that every compiler and machine must write; new when the grammar is changed on purpose.
  BOOST_CHECK_EQUAL(fingerprint(text), 16881513886725278051ULL);
  BOOST_CHECK_EQUAL(fingerprint(all_pairs), 13804394310744806111ULL);
}

BOOST_AUTO_TEST_CASE(files) {
  const TemporaryFolder folder;
  const grammar::Options options{.words = 5'000, .seed = 3, .pairs_per_phenomenon = 10, .held_out_share = 0.1};
  const grammar::Summary summary = grammar::write_corpus(options, folder.path / "a");
  grammar::write_corpus(options, folder.path / "b");
  const std::string train = read_file(folder.path / "a" / "train.txt"), held_out = read_file(folder.path / "a" / "held_out.txt");
  std::istringstream words(train);
  BOOST_CHECK(static_cast<std::uint64_t>(std::distance(std::istream_iterator<std::string>(words), {})) == summary.train_words);
  BOOST_CHECK(summary.train_words >= 5'000u);
  BOOST_CHECK(summary.held_out_words >= 500u);
  BOOST_CHECK(lines_of(train).size() == summary.train_sentences);
  std::size_t empty_lines = 0;
  for (std::size_t at = train.find("\n\n"); at != std::string::npos; at = train.find("\n\n", at + 1)) ++empty_lines;
  BOOST_CHECK(empty_lines + 1 == summary.train_documents);
  BOOST_CHECK((train.find(lines_of(held_out)[0] + "\n" + lines_of(held_out)[1]) == std::string::npos));

  std::size_t written_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path / "a")) {
    if (!entry.is_regular_file()) continue;
    ++written_files;
    const std::filesystem::path other = folder.path / "b" / std::filesystem::relative(entry.path(), folder.path / "a");
    BOOST_CHECK_MESSAGE(read_file(entry.path()) == read_file(other), other.string());
    BOOST_CHECK(entry.path().extension() != ".partial");
  }
  BOOST_CHECK(written_files == grammar::phenomena.size() + 3);
  const std::string simple = read_file(folder.path / "a" / "pairs" / "agreement_simple.jsonl");
  BOOST_CHECK(lines_of(simple).size() == 10u);
  BOOST_CHECK(lines_of(simple)[0].starts_with("{\"sentence_good\": \""));
  BOOST_CHECK(simple.find("\"UID\": \"agreement_simple\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_options_and_folders) {
  const TemporaryFolder folder;
  BOOST_CHECK_THROW(grammar::write_corpus({.words = 0}, folder.path), rondo::Error);
  BOOST_CHECK_THROW(grammar::write_corpus({.held_out_share = 1.5}, folder.path), rondo::Error);
  std::ofstream(folder.path / "file") << "x";
  BOOST_CHECK_THROW(grammar::write_corpus({.words = 10, .pairs_per_phenomenon = 1}, folder.path / "file" / "corpus"),
                    rondo::Error);
  // More pairs than there are different ones: an error that names the phenomenon, not an endless search.
  const grammar::Phenomenon& phenomenon = grammar::phenomena[0];
  const grammar::Phenomenon never{phenomenon.uid, "", "", [](grammar::PairMaker&) -> grammar::MaybePair { return {}; }};
  BOOST_CHECK_THROW(grammar::draw_pairs(lexicon(), never, 1, 1), rondo::Error);
}

BOOST_AUTO_TEST_SUITE_END()
