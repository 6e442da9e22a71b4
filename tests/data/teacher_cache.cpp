// A teacher's cache: what is read is what was written, to the last bit of its fixed point; a stopped writer goes on; mismatches are named.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <rondo/data/teacher_cache.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

BOOST_AUTO_TEST_SUITE(teacher_cache)

const TeacherCacheInfo info{.vocabulary = 300, .top = 3, .tokens = 5, .chunk = 128, .temperature = 2, .teacher = 0xabc, .tokenizer = 0xdef, .corpus = 0x123};

// What is written of a token.
struct Row {
  std::vector<Token> ids;
  std::vector<float> log_probabilities;
};
Row row(Index token) {
  const auto n = static_cast<float>(token);
  return {{static_cast<Token>(299 - token), static_cast<Token>(token), static_cast<Token>(7 + token)}, {-0.1F - n, -1 - n, -2.5F - n, -3 - n}};
}
void append(TeacherCacheWriter& writer, Index token) { writer.append(row(token).ids, row(token).log_probabilities); }
void expect_row(const TeacherCache& cache, Index token) {
  std::vector<Token> ids(3);
  std::vector<double> log_probabilities(4);
  cache.read(token, ids.data(), log_probabilities.data());
  BOOST_TEST(ids == row(token).ids, boost::test_tools::per_element());
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(std::abs(log_probabilities[i] - double{row(token).log_probabilities[i]}) < 1.9e-4);
}
void write_all(const std::filesystem::path& path, const TeacherCacheInfo& of = info) {
  TeacherCacheWriter writer{path, of};
  for (Index token = 0; token < static_cast<Index>(of.tokens); ++token) append(writer, token);
  writer.commit();
}

BOOST_AUTO_TEST_CASE(fixed_point_is_the_nearest_of_all_codes) {
  BOOST_TEST(FixedLogProbability::encoded(0) == 0);
  BOOST_TEST(FixedLogProbability::encoded(-24) == 65535);
  BOOST_TEST(FixedLogProbability::encoded(-100) == 65535);
  BOOST_TEST(FixedLogProbability::encoded(-std::numeric_limits<double>::infinity()) == 65535);
  BOOST_TEST(FixedLogProbability::encoded(1e-9) == 0);
  BOOST_TEST(FixedLogProbability::decoded(65535) == -24.0F);
  BOOST_TEST(FixedLogProbability::decoded(0) == 0.0F);
  for (int code = 0; code < 65536; code += 17)
    BOOST_TEST_REQUIRE(FixedLogProbability::encoded(double{FixedLogProbability::decoded(static_cast<std::uint16_t>(code))}) == code);
  const double half = 24.0 / 65535 / 2;
  BOOST_TEST(FixedLogProbability::encoded(-7 * 2 * half - 0.99 * half) == 7);
  BOOST_TEST(FixedLogProbability::encoded(-7 * 2 * half - 1.01 * half) == 8);
}

BOOST_AUTO_TEST_CASE(what_was_written_is_read) {
  const TemporaryFolder folder;
  write_all(folder / "cache");
  BOOST_TEST(folder.entries() == 1);
  const TeacherCache cache{folder / "cache"};
  BOOST_TEST(std::filesystem::file_size(folder / "cache") == 88U + 5 * (4 * 3 + 2) + 8);
  BOOST_TEST(cache.info().difference(info) == "");
  BOOST_TEST(cache.vocabulary() == 300);
  BOOST_TEST(cache.top() == 3);
  BOOST_TEST(cache.temperature() == 2.0);
  for (const Index token : {4, 0, 2}) expect_row(cache, token);
  std::vector<Token> ids(3);
  std::vector<float> log_probabilities(4);
  BOOST_TEST(message_of([&] { cache.read(5, ids.data(), log_probabilities.data()); }) ==
             (folder / "cache").string() + ": token 5: expected 0 to 4");
}

BOOST_AUTO_TEST_CASE(large_vocabularies_have_wide_ids) {
  const TemporaryFolder folder;
  TeacherCacheInfo large = info;
  large.vocabulary = 70000;
  large.tokens = 1;
  TeacherCacheWriter writer{folder / "cache", large};
  writer.append(std::vector<Token>{69999, 65536, 3}, std::vector<float>{-1, -1, -1, -1});
  writer.commit();
  const TeacherCache cache{folder / "cache"};
  BOOST_TEST(std::filesystem::file_size(folder / "cache") == 88U + (6 * 3 + 2) + 8);
  std::vector<Token> ids(3);
  std::vector<float> log_probabilities(4);
  cache.read(0, ids.data(), log_probabilities.data());
  BOOST_TEST(ids == (std::vector<Token>{69999, 65536, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_stopped_writer_is_gone_on_with) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "cache", unfinished = folder / "cache.unfinished";
  {
    TeacherCacheWriter writer{path, info};
    for (Index token = 0; token < 3; ++token) append(writer, token);
    BOOST_TEST(message_of([&] { TeacherCacheWriter{path, info}; }) == unfinished.string() + ": another program is writing it");
  }
  BOOST_TEST(!std::filesystem::exists(path));
  // Half a record, as a program that is killed leaves it.
  put(unfinished, content(unfinished) + "xyz");
  TeacherCacheWriter writer{path, info};
  BOOST_TEST(writer.written() == 3);
  writer.cut_to(2);
  for (Index token = 2; token < 5; ++token) append(writer, token);
  writer.commit();
  write_all(folder / "at_once");
  BOOST_TEST((content(path) == content(folder / "at_once")));
  BOOST_TEST(folder.entries() == 2);
}

BOOST_AUTO_TEST_CASE(another_beginning_is_refused) {
  const TemporaryFolder folder;
  const std::string unfinished = (folder / "cache.unfinished").string();
  {
    TeacherCacheWriter writer{folder / "cache", info};
    append(writer, 0);
  }
  TeacherCacheInfo other = info;
  other.teacher = 0xfff;
  other.temperature = 1;
  BOOST_TEST(message_of([&] { TeacherCacheWriter{folder / "cache", other}; }) ==
             unfinished + ": was begun with teacher abc, not fff; temperature 2, not 1; remove it to begin anew");
  put(unfinished, std::string(200, 'x'));
  BOOST_TEST(message_of([&] { TeacherCacheWriter{folder / "cache", info}; }) ==
             unfinished + ": not the beginning of a teacher's cache; it stays as it is");
  BOOST_TEST(content(unfinished) == std::string(200, 'x'));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_told) {
  const TemporaryFolder folder;
  const std::string path = (folder / "cache").string();
  TeacherCacheWriter writer{path, info};
  const std::vector<float> fine{-1, -1, -1, -1};
  BOOST_TEST(message_of([&] { writer.append(std::vector<Token>{1, 2}, fine); }) ==
             path + ": expected 3 ids and 4 log-probabilities, found 2 and 4");
  BOOST_TEST(message_of([&] { writer.commit(); }) == path + ": 0 tokens are written, expected 5");
  BOOST_TEST(message_of([&] { TeacherCacheWriter{folder / "other", {.vocabulary = 10, .top = 11}}; }) ==
             (folder / "other").string() + ": k: expected 1 to 10, found 11");
  TeacherCacheInfo cold = info;
  cold.temperature = 0;
  BOOST_TEST(has(message_of([&] { TeacherCacheWriter{folder / "other", cold}; }), "temperature must be more than 0, found 0"));
  BOOST_TEST(has(message_of([&] { TeacherCacheWriter{folder / "no_folder/cache", info}; }), "cannot be written"));
}

BOOST_AUTO_TEST_CASE(tokens_that_nothing_predicts_are_absent) {
  const TemporaryFolder folder;
  TeacherCacheInfo two = info;
  two.tokens = 2;
  TeacherCacheWriter writer{folder / "cache", two};
  writer.append_absent();
  append(writer, 1);
  writer.commit();
  const TeacherCache cache{folder / "cache"};
  expect_row(cache, 1);
  std::vector<Token> ids(3);
  std::vector<float> log_probabilities(4);
  BOOST_TEST(message_of([&] { cache.read(0, ids.data(), log_probabilities.data()); }) ==
             (folder / "cache").string() + ": token 0 begins a document: the teacher predicts nothing there");
}

BOOST_AUTO_TEST_CASE(caches_that_are_not_whole_are_refused) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "cache";
  write_all(path);
  const std::string whole = content(path);
  const auto message = [&](const std::string& bytes) {
    put(path, bytes);
    return message_of([&] { TeacherCache{path}; });
  };
  BOOST_TEST(message(whole) == "no error");
  BOOST_TEST(message(whole.substr(0, whole.size() - 20)) == path.string() + ": cut short or overwritten: expected 166 bytes for 5 tokens of 14 bytes, found 146");
  BOOST_TEST(message(whole.substr(0, 50)) == path.string() + ": cut short: expected more than 88 bytes, found 50");
  BOOST_TEST(has(message(whole + "x"), "expected 166 bytes for 5 tokens of 14 bytes, found 167"));
  BOOST_TEST(has(message("rondotok" + whole.substr(8)), "not a teacher's cache (expected it to begin with 'rondotop')"));
  std::string changed = whole;
  changed[24] = 4;  // k
  BOOST_TEST(message(changed) == path.string() + ": the header was damaged after it was written");
  changed = whole;
  changed.back() = 'x';
  BOOST_TEST(has(message(changed), "overwritten: expected it to end with 'potodnor'"));
  // An id beyond the vocabulary is found where it is read.
  changed = whole;
  changed[88 + 8 + 1] = 127;
  BOOST_TEST(message(changed) == "no error");
  std::vector<Token> ids(3);
  std::vector<float> log_probabilities(4);
  BOOST_TEST(has(message_of([&] { TeacherCache{path}.read(0, ids.data(), log_probabilities.data()); }), "is not below the vocabulary of 300"));
}

BOOST_AUTO_TEST_CASE(a_cache_belongs_to_its_data) {
  const TemporaryFolder folder;
  const auto write_data = [&](const std::string& name, std::uint64_t tokenizer, Token last) {
    TokenFileWriter writer{folder / name, {.vocabulary = 300, .end_of_text = 0, .tokenizer = tokenizer}};
    writer.append(std::vector<Token>{1, 2, 3, last, 0});
    writer.end_document(4, 20);
    writer.commit();
  };
  write_data("data", 0xdef, 4);
  write_data("other_tokenizer", 0xeee, 4);
  write_data("other_text", 0xdef, 5);
  const TokenFile data{folder / "data"};
  TeacherCacheInfo of_data = info;
  of_data.corpus = data.checksum();
  write_all(folder / "cache", of_data);
  const TeacherCache cache{folder / "cache"};
  const auto message = [&](const std::string& name) { return message_of([&] { cache.require_of(TokenFile{folder / name}); }); };
  BOOST_TEST(message("data") == "no error");
  const std::string begin = (folder / "cache").string() + ": not made of ";
  BOOST_TEST(has(message("other_tokenizer"), begin + (folder / "other_tokenizer").string() + ": it has tokenizer def, not eee; corpus "));
  BOOST_TEST(has(message("other_text"), begin + (folder / "other_text").string() + ": it has corpus "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
