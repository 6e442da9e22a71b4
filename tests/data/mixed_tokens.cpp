// Mixtures of token files: which documents an epoch has, and that one file alone is that file.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <rondo/data/batches.hpp>
#include <rondo/data/mixed_tokens.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using List = std::vector<Token>;

// Documents of 1 to 4 tokens that count up from `first`, an end of text and as many words as tokens.
TokenFile file_of(const std::filesystem::path& path, Index documents, TokenId first, std::uint64_t tokenizer = 7) {
  TokenFileWriter writer{path, {1000, 0, tokenizer}};
  for (Index d = 0; d < documents; ++d) {
    std::vector<TokenId> ids;
    for (Index i = 0; i <= d % 4; ++i) ids.push_back(first++);
    ids.push_back(0);
    writer.append(ids);
    writer.end_document(ids.size(), 10);
  }
  writer.commit();
  return TokenFile{path};
}
List document(const MixedTokens& source, Index d) {
  const Index begin = source.begin_of(d).tokens, count = source.begin_of(d + 1).tokens - begin;
  List ids(static_cast<std::size_t>(count));
  source.all().middle(begin, count).copy(ids.data());
  return ids;
}

BOOST_AUTO_TEST_SUITE(mixed_tokens)

BOOST_AUTO_TEST_CASE(an_epoch_has_each_document_as_often_as_its_weight_says) {
  const TemporaryFolder folder;
  const TokenFile one = file_of(folder.path() / "one", 10, 100), other = file_of(folder.path() / "other", 10, 200);
  const MixedTokens mixed{{{&one, 0.3}, {&other, 2.5}}};
  BOOST_TEST(mixed.documents() == 3 + 25);
  std::map<List, Index> times;
  Index words = 0;
  for (Index d = 0; d < mixed.documents(); ++d) {
    const List ids = document(mixed, d);
    ++times[ids];
    BOOST_TEST(mixed.begin_of(d).words == words);
    words += std::ssize(ids);
  }
  BOOST_TEST((mixed.words() == words && mixed.tokens() == words));
  Index of_one = 0, twice = 0, thrice = 0;
  for (const auto& [ids, count] : times) {
    if (ids[0] < 200) {
      ++of_one;
      BOOST_TEST(count == 1);
    } else {
      ++(count == 2 ? twice : thrice);
      BOOST_TEST((count == 2 || count == 3));
    }
  }
  BOOST_TEST((of_one == 3 && twice == 5 && thrice == 5));
  // Across the borders of files and documents.
  List all(static_cast<std::size_t>(mixed.tokens())), joined;
  mixed.all().copy(all.data());
  for (Index d = 0; d < mixed.documents(); ++d) {
    const List ids = document(mixed, d);
    joined.insert(joined.end(), ids.begin(), ids.end());
  }
  BOOST_TEST(all == joined, boost::test_tools::per_element());
  for (Index begin = 0; begin < mixed.tokens(); begin += 3) {
    const Index count = std::min<Index>(17, mixed.tokens() - begin);
    List part(static_cast<std::size_t>(count));
    mixed.all().middle(begin, count).copy(part.data());
    BOOST_TEST(std::equal(part.begin(), part.end(), all.begin() + begin));
  }
}

BOOST_AUTO_TEST_CASE(one_file_is_that_file) {
  const TemporaryFolder folder;
  const TokenFile file = file_of(folder.path() / "file", 30, 1);
  const MixedTokens mixed{{{&file, 1}}};
  for (const Packing packing : {Packing::documents, Packing::windows}) {
    const BatchOptions options{.rows = 2, .length = 7, .packing = packing, .epochs = 2, .seed = Seed{5}};
    Batches plain{file, options};
    Batches other{mixed, options};
    Batch a, b;
    while (plain.next(a)) {
      BOOST_TEST_REQUIRE(other.next(b));
      BOOST_TEST((a.tokens == b.tokens && a.words == b.words));
      BOOST_TEST(std::equal(a.ids.data, a.ids.data + a.ids.columns, b.ids.data));
      BOOST_TEST(std::equal(a.labels.data, a.labels.data + a.labels.columns, b.labels.data));
    }
    BOOST_TEST(!other.next(b));
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_mixed_is_refused) {
  const TemporaryFolder folder;
  const TokenFile file = file_of(folder.path() / "file", 3, 1), stranger = file_of(folder.path() / "stranger", 3, 1, 8);
  BOOST_CHECK_THROW((MixedTokens{{{&file, 1}, {&stranger, 1}}}), Error);
  for (const double weight : {0.0, -1.0, std::nan("")}) BOOST_CHECK_THROW((MixedTokens{{{&file, weight}}}), Error);
  BOOST_CHECK_THROW((MixedTokens{{{&file, 0.1}}}), Error);  // of three documents none
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
