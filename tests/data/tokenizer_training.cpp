// BPE training: against its definition, against Hugging Face's trainer, and what it writes.
#include <rondo/data/tokenizer/bpe_training.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

// Joins the most frequent pair, of equally frequent ones that with the smallest ids, and counts everything anew each time.
TrainedBpe train_by_definition(const WordCounts& counts, const BpeSettings& settings) {
  TrainedBpe trained =
      train_bpe({{"a", 1}}, {static_cast<TokenId>(settings.special_tokens.size() + 256), 1, settings.special_tokens});
  std::map<std::string, TokenId> ids;
  for (std::size_t id = 0; id < trained.tokens.size(); ++id) ids[trained.tokens[id]] = static_cast<TokenId>(id);
  std::vector<std::pair<std::vector<TokenId>, std::uint64_t>> words;
  for (const auto& [word, count] : counts) {
    words.push_back({{}, count});
    for (const char byte : word) words.back().first.push_back(ids[utf8(byte_character(static_cast<unsigned char>(byte)))]);
  }
  while (trained.tokens.size() < static_cast<std::size_t>(settings.vocabulary)) {
    std::map<TokenPair, std::uint64_t> pairs;
    for (const auto& [word, count] : words)
      for (std::size_t i = 0; i + 1 < word.size(); ++i) pairs[{word[i], word[i + 1]}] += count;
    TokenPair best;
    std::uint64_t best_count = 0;
    const auto bytes_of = [&](TokenId token) { return count_characters(trained.tokens[static_cast<std::size_t>(token)]); };
    for (const auto& [pair, count] : pairs)
      if (count > best_count && bytes_of(pair.left) + bytes_of(pair.right) <= settings.longest_token)
        best = pair, best_count = count;
    if (best_count == 0 || best_count < settings.minimum_frequency) break;
    const std::string joined =
        trained.tokens[static_cast<std::size_t>(best.left)] + trained.tokens[static_cast<std::size_t>(best.right)];
    const auto [known, fresh] = ids.emplace(joined, static_cast<TokenId>(trained.tokens.size()));
    if (fresh) trained.tokens.push_back(joined);
    trained.merges.push_back(best);
    trained.merge_counts.push_back(best_count);
    for (auto& [word, count] : words) {
      std::vector<TokenId> next;
      for (std::size_t i = 0; i < word.size(); ++i) {
        const bool match = i + 1 < word.size() && TokenPair{word[i], word[i + 1]} == best;
        next.push_back(match ? known->second : word[i]);
        i += match;
      }
      word = next;
    }
  }
  return trained;
}

void check_equal(const TrainedBpe& left, const TrainedBpe& right) {
  BOOST_TEST(left.tokens == right.tokens, boost::test_tools::per_element());
  BOOST_TEST((left.merges == right.merges));
  BOOST_TEST(left.merge_counts == right.merge_counts, boost::test_tools::per_element());
}

std::string random_corpus(std::size_t lines) {
  std::mt19937 random{3};
  std::string text;
  for (std::size_t line = 0; line < lines; ++line) {
    for (std::size_t word = 0; word < random() % 12; ++word) {
      for (std::size_t letter = 0; letter <= random() % 7; ++letter)
        text += static_cast<char>('a' + random() % 5 * (random() % 2));
      text += random() % 9 == 0 ? " \u00e4\u00df " : " ";
    }
    text += '\n';
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokenizer_training)

BOOST_AUTO_TEST_CASE(merges_follow_their_definition) {
  std::mt19937 random{1};
  for (int round = 0; round < 60; ++round) {
    WordCounter counter;
    const std::size_t letters = 1 + random() % 4;
    for (int i = 0; i < 25; ++i) {
      std::string word;
      for (std::size_t k = 0; k <= random() % 12; ++k) word += static_cast<char>('a' + random() % letters);
      counter.add_word(word, 1 + random() % 5);
    }
    const BpeSettings settings{static_cast<TokenId>(257 + random() % 40), 1 + random() % 4, {"<|endoftext|>"}, 2 + random() % 12};
    check_equal(train_bpe(counter.sorted(), settings), train_by_definition(counter.sorted(), settings));
  }
}

BOOST_AUTO_TEST_CASE(merges_are_those_of_the_reference, *needs_shared("fixtures/bpe")) {
  // The lines of the corpus that the reference was trained on.
  const TemporaryFolder folder;
  const std::string archive = shared("data/babylm10m.tar.xz").string();
  BOOST_REQUIRE(
      std::system(("tar -xJf '" + archive + "' -C '" + folder.path().string() + "' babylm10m/gutenberg.train").c_str()) == 0);
  std::istringstream text{content(folder / "babylm10m/gutenberg.train")};
  const Json golden = read_json(shared("fixtures/bpe/golden.json"));
  WordCounter counter;
  std::string line;
  for (int number = 1; number <= golden["lines"][1].get<int>() && std::getline(text, line); ++number) counter.add(line);
  const WordCounts counts = counter.sorted();
  BOOST_TEST(counts.size() == golden["distinct_words"].get<std::size_t>());

  const TrainedBpe trained =
      train_bpe(counts, {golden["vocab_size"].get<TokenId>(), golden["min_frequency"].get<std::uint64_t>(), {}});
  std::istringstream merges{content(shared("fixtures/bpe/merges.txt"))};
  std::getline(merges, line);  // the version
  std::size_t number = 0;
  for (; std::getline(merges, line); ++number) {
    BOOST_REQUIRE(number < trained.merges.size());
    const auto& [left, right] = trained.merges[number];
    BOOST_TEST(trained.tokens[static_cast<std::size_t>(left)] + ' ' + trained.tokens[static_cast<std::size_t>(right)] == line);
  }
  BOOST_TEST(number == trained.merges.size());
  BOOST_TEST(Json(trained.merge_counts) == golden["merge_counts"]);
  const Json vocabulary = read_json(shared("fixtures/bpe/vocab.json"));
  BOOST_TEST(vocabulary.size() == trained.tokens.size());
  for (const auto& [token, id] : vocabulary.items()) BOOST_TEST(trained.tokens.at(id.get<std::size_t>()) == token);
}

BOOST_AUTO_TEST_CASE(words_are_counted_alike_by_any_number_of_threads) {
  const TemporaryFolder folder;
  put(folder / "one.txt", random_corpus(40000));  // more than one chunk
  put(folder / "two.txt", "a single document\n\nanother one");
  std::vector<TextFile> files;
  files.emplace_back(folder / "one.txt");
  files.emplace_back(folder / "two.txt");
  std::uint64_t reported = 0;
  const WordCounts alone = count_words(files, DocumentBorder::file, 1, [&](std::uint64_t done, std::uint64_t total) {
    BOOST_TEST(done <= total);
    reported = done;
  });
  BOOST_TEST(reported == files[0].text().size() + files[1].text().size());
  WordCounter whole;
  for (const TextFile& file : files)
    for_each_document(file.text(), DocumentBorder::file, [&](std::string_view document) { whole.add(document); });
  BOOST_TEST((alone == whole.sorted()));
  BOOST_TEST((alone == count_words(files, DocumentBorder::file, 3)));
  check_equal(train_bpe(alone, {400, 2, {}}), train_bpe(count_words(files, DocumentBorder::file, 4), {400, 2, {}}));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_what_was_trained) {
  const TemporaryFolder folder;
  WordCounter counter;
  counter.add(random_corpus(200));
  const TrainedBpe trained = train_bpe(counter.sorted(), {320, 2, {"<|endoftext|>", "<|user|>"}});
  BOOST_TEST(trained.tokens.size() == 320u);
  BOOST_TEST(trained.tokens[0] == "<|endoftext|>");
  BOOST_TEST(trained.tokens[2] == "!");
  write_json(folder / "tokenizer.json", tokenizer_json(trained));
  const Tokenizer written = Tokenizer::load(folder / "tokenizer.json");
  const Tokenizer direct{byte_level_parts(trained), "trained"};
  BOOST_TEST(written.fingerprint() == direct.fingerprint());
  BOOST_TEST(written.vocabulary() == 320);
  BOOST_TEST(written.special_ids().end_of_text == 0);
  std::mt19937 random{5};
  for (int i = 0; i < 300; ++i) {
    // Any UTF-8 comes back, special tokens in the text included.
    std::string bytes;
    for (std::size_t k = 0; k < random() % 40; ++k)
      bytes += static_cast<char>(random() % 4 == 0 ? random() % 256 : ' ' + random() % 90);
    const std::string text = replace_invalid_utf8(bytes) + (i % 5 == 0 ? "<|user|> ab" : "");
    const Encoding encoding = written.encode(text);
    BOOST_TEST(encoding.ids == direct.encode(text).ids, boost::test_tools::per_element());
    BOOST_TEST(written.decode(encoding.ids) == text);
    for (const auto& [begin, end] : encoding.offsets) BOOST_TEST((begin < end && end <= count_characters(text)));
  }
}

BOOST_AUTO_TEST_CASE(impossible_settings_are_refused) {
  const WordCounts counts{{"abc", 3}};
  BOOST_TEST(has(message_of([&] {
                   (void)train_bpe(counts, {256, 2, {"<|endoftext|>"}});
                 }),
                 "vocabulary: expected 257 (256 bytes and 1 special tokens)"));
  BOOST_TEST(has(message_of([&] { (void)train_bpe(counts, {-1, 2, {}}); }), "vocabulary: expected 256"));
  BOOST_TEST(has(message_of([&] { (void)train_bpe({}, {300, 2, {}}); }), "no words"));
  BOOST_TEST(has(message_of([&] { (void)train_bpe(counts, {300, 2, {"x", "x"}}); }), "special token 'x'"));
  BOOST_TEST(has(message_of([&] { (void)train_bpe(counts, {300, 2, {"xx", "xx"}}); }), "special token 'xx' is given twice"));
  BOOST_TEST(has(message_of([&] { (void)train_bpe(counts, {300, 2, {""}}); }), "special token ''"));
  // No pair occurs often enough: as many tokens as there are.
  BOOST_TEST(train_bpe(counts, {300, 4, {}}).tokens.size() == 256u);
  BOOST_TEST(train_bpe(counts, {300, 3, {}}).tokens.size() == 258u);
}

BOOST_AUTO_TEST_SUITE_END()
