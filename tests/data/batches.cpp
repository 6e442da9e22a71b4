// Batches: which tokens they hold, in which order, and that any place in the data can be returned to.
#include <boost/test/unit_test.hpp>

#include <map>
#include <set>

#include <rondo/data/batches.hpp>
#include <rondo/data/phases.hpp>

namespace rondo::test {
namespace {

using List = std::vector<Token>;

// Document d has 1 + 7 d mod 23 tokens, all different: 100 d, 100 d + 1, ...; as many words as tokens, and one more.
MemoryTokens documents(Index count, Token end_of_text = -1) {
  MemoryTokens source{100000, end_of_text};
  for (Index d = 0; d < count; ++d) {
    List document;
    for (Index i = 0; i <= 7 * d % 23; ++i) document.push_back(static_cast<Token>(100 * d + i));
    if (end_of_text >= 0) document.push_back(end_of_text);
    source.add(document, std::ssize(document) + 1);
  }
  return source;
}
List list(Tokens tokens) {
  return {tokens.data, tokens.data + tokens.columns};
}

BOOST_AUTO_TEST_SUITE(batches)

BOOST_AUTO_TEST_CASE(permutation_takes_every_number_once) {
  for (const Index size : {1, 2, 3, 4, 5, 64, 65, 1000, 4097}) {
    const Permutation order{size, RandomKey{7}};
    std::set<Index> seen;
    Index fixed = 0;
    for (Index i = 0; i < size; ++i) {
      BOOST_TEST_REQUIRE((order(i) >= 0 && order(i) < size));
      seen.insert(order(i));
      fixed += order(i) == i;
    }
    BOOST_TEST(std::ssize(seen) == size);
    if (size >= 64) BOOST_TEST(fixed < size / 8);
  }
  const Permutation one{1000, RandomKey{1}}, other{1000, RandomKey{2}};
  Index same = 0;
  for (Index i = 0; i < 1000; ++i) same += one(i) == other(i);
  BOOST_TEST(same < 20);
}

BOOST_AUTO_TEST_CASE(documents_follow_one_another_in_rows) {
  MemoryTokens source{100};
  source.add({1, 2, 3});
  source.add({4});
  source.add({5, 6, 7, 8, 9, 10, 11});
  Batches stream{source, {.rows = 2, .length = 5, .shuffled = false, .epochs = 1}};
  Batch batch;
  BOOST_TEST_REQUIRE(stream.next(batch));
  const List ids{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, labels{2, 3, no_label, no_label, 6, 7, 8, 9, 10, 11};
  BOOST_TEST(list(batch.ids) == ids, boost::test_tools::per_element());
  BOOST_TEST(list(batch.labels) == labels, boost::test_tools::per_element());
  // The last document's first piece of five does not fit into the first row and goes on in the second.
  std::vector<std::pair<Index, Index>> found;
  for (const Sequence& s : batch.sequences) found.emplace_back(s.begin, s.length);
  const std::vector<std::pair<Index, Index>> expected{{0, 3}, {3, 1}, {4, 1}, {5, 4}, {9, 1}};
  BOOST_TEST((found == expected));
  // The epoch's rest, and padding.
  BOOST_TEST_REQUIRE(stream.next(batch));
  BOOST_TEST(batch.ids(0, 0) == 11);
  BOOST_TEST(batch.tokens == 1);
  BOOST_TEST(batch.sequences.size() == 1U);
  for (Index t = 0; t < 10; ++t) BOOST_TEST(batch.labels(0, t) == no_label);
  BOOST_TEST(!stream.next(batch));
}

BOOST_AUTO_TEST_CASE(end_of_text_stands_before_documents) {
  MemoryTokens source{100, 0};
  source.add({1, 2, 0});
  source.add({3, 4, 5, 6, 7, 0});
  Batches stream{source, {.rows = 2, .length = 5, .shuffled = false, .epochs = 1}};
  Batch batch;
  BOOST_TEST_REQUIRE(stream.next(batch));
  const List ids{0, 1, 2, 0, 3, 4, 5, 6, 7, 0}, labels{1, 2, 0, 3, 4, 5, 6, 7, 0, no_label};
  BOOST_TEST(list(batch.ids) == ids, boost::test_tools::per_element());
  BOOST_TEST(list(batch.labels) == labels, boost::test_tools::per_element());
  BOOST_TEST(batch.tokens == 9);
}

// Whatever the sizes: over one epoch each token is an input once, a label is the token that follows in the document, sequences
// cover what is not padding without overlap and stay in their rows.
BOOST_AUTO_TEST_CASE(an_epoch_takes_every_token_once) {
  const MemoryTokens source = documents(60);
  for (const Index length : {1, 2, 7, 16, 50})
    for (const Index rows : {1, 3}) {
      Batches stream{source, {.rows = rows, .length = length, .epochs = 1, .seed = Seed{3}}};
      std::map<Token, int> inputs;
      Index words = 0, tokens = 0;
      Batch batch;
      while (stream.next(batch)) {
        Index covered = 0, end = 0;
        for (const Sequence& s : batch.sequences) {
          BOOST_TEST(s.begin >= end);
          BOOST_TEST(s.begin / length == (s.begin + s.length - 1) / length);
          end = s.begin + s.length;
          covered += s.length;
          for (Index t = s.begin; t < end; ++t) {
            const Token id = batch.ids(0, t), label = batch.labels(0, t);
            ++inputs[id];
            const bool last = id % 100 == 7 * (id / 100) % 23;
            BOOST_TEST(label == (last ? no_label : id + 1));
            if (t > s.begin) BOOST_TEST(id == batch.ids(0, t - 1) + 1);
          }
        }
        BOOST_TEST(covered == batch.tokens);
        tokens += batch.tokens;
        words += batch.words;
      }
      BOOST_TEST(tokens == source.tokens());
      BOOST_TEST(std::ssize(inputs) == source.tokens());
      BOOST_TEST(words == source.tokens() + source.documents());
    }
}

BOOST_AUTO_TEST_CASE(windows_cut_the_stream) {
  const MemoryTokens source = documents(40);
  List all(static_cast<std::size_t>(source.tokens()));
  source.all().copy(all.data());
  Batches stream{source, {.rows = 2, .length = 16, .packing = Packing::windows, .epochs = 2}};
  Batch batch;
  std::set<Token> begins;
  while (stream.next(batch))
    for (const Sequence& s : batch.sequences) {
      BOOST_TEST(s.length == 16);
      const auto place = std::find(all.begin(), all.end(), batch.ids(0, s.begin));
      for (Index t = 0; t < 16; ++t) {
        BOOST_TEST(batch.ids(0, s.begin + t) == place[t]);
        BOOST_TEST(batch.labels(0, s.begin + t) == place[t + 1]);
      }
      begins.insert(batch.ids(0, s.begin));
    }
  // The second epoch's windows have other borders.
  BOOST_TEST(std::ssize(begins) > (source.tokens() - 1) / 16 + 2);
}

BOOST_AUTO_TEST_CASE(epochs_have_their_own_orders) {
  const MemoryTokens source = documents(60);
  const auto order = [&](Seed seed, Index epoch) {
    Batches stream{source, {.rows = 1, .length = 64, .seed = seed}};
    stream.seek({epoch, 0, 0});
    Batch batch;
    stream.next(batch);
    return list(batch.ids);
  };
  BOOST_TEST((order(Seed{1}, 0) == order(Seed{1}, 0)));
  BOOST_TEST((order(Seed{1}, 0) != order(Seed{1}, 1)));
  BOOST_TEST((order(Seed{1}, 0) != order(Seed{2}, 0)));
}

// Neither the same nor shifted: seeds next to each other stand for independent runs.
BOOST_AUTO_TEST_CASE(no_two_seeds_share_an_order) {
  const MemoryTokens source = documents(60);
  std::set<std::vector<Token>> orders;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Batches stream{source, {.rows = 1, .length = 64, .seed = Seed{seed}}};
    for (Index epoch = 0; epoch < 4; ++epoch) {
      stream.seek({epoch, 0, 0});
      Batch batch;
      stream.next(batch);
      orders.insert(list(batch.ids));
    }
  }
  BOOST_TEST(orders.size() == 16U);
}

BOOST_AUTO_TEST_CASE(any_place_can_be_returned_to) {
  const MemoryTokens source = documents(30, 99999);
  for (const Packing packing : {Packing::documents, Packing::windows}) {
    const BatchOptions options{.rows = 3, .length = 11, .packing = packing, .seed = Seed{5}};
    Batches straight{source, options};
    for (int step = 0; step < 40; ++step) {  // several epochs
      Batches resumed{source, options};
      resumed.seek(straight.position());
      Batch expected, found;
      straight.next(expected);
      resumed.next(found);
      BOOST_TEST((list(expected.ids) == list(found.ids) && list(expected.labels) == list(found.labels)));
      BOOST_TEST(expected.words == found.words);
      BOOST_TEST((straight.position() == resumed.position()));
    }
    BOOST_TEST(straight.position().epoch >= 2);
  }
}

// Batches that change their size on the way draw every token of an epoch once, and go on from any place.
BOOST_AUTO_TEST_CASE(batches_of_several_sizes_draw_every_token_once) {
  for (const Packing packing : {Packing::documents, Packing::windows}) {
    const MemoryTokens source = documents(40, packing == Packing::documents ? 1 : -1);
    const BatchOptions options{.rows = 4, .length = 12, .packing = packing, .epochs = 1, .seed = Seed{3}};
    Batches stream{source, options};
    const auto size_at = [](Index step) { return std::pair<Index, Index>{1 + step % 4, 3 + step * 5 % 10}; };
    std::map<Token, Index> drawn;
    std::vector<DataPosition> places;
    std::vector<List> ids;
    Batch batch;
    for (Index step = 0;; ++step) {
      stream.resize(size_at(step).first, size_at(step).second);
      places.push_back(stream.position());
      if (!stream.next(batch)) break;
      BOOST_TEST_REQUIRE(batch.ids.columns == size_at(step).first * size_at(step).second);
      BOOST_TEST_REQUIRE(batch.labels.columns == batch.ids.columns);
      for (const Sequence& one : batch.sequences) {
        BOOST_TEST_REQUIRE(one.begin / size_at(step).second == (one.begin + one.length - 1) / size_at(step).second);  // within a row
        for (Index t = one.begin; t < one.begin + one.length; ++t)
          if (has_label(batch.labels(0, t))) ++drawn[batch.labels(0, t)];
      }
      ids.push_back(list(batch.ids));
    }
    if (packing == Packing::documents) {
      BOOST_TEST(drawn[1] == 40);
      drawn.erase(1);
      BOOST_TEST(std::ssize(drawn) == source.tokens() - 40);
    }
    for (const auto& [token, count] : drawn) BOOST_TEST(count == 1);
    for (std::size_t step : {std::size_t{1}, std::size_t{5}, ids.size() - 1}) {
      Batches again{source, options};
      const auto [rows, length] = size_at(static_cast<Index>(step));
      again.seek(places[step]);
      again.resize(rows, length);
      BOOST_TEST_REQUIRE(again.next(batch));
      BOOST_TEST(list(batch.ids) == ids[step], boost::test_tools::per_element());
    }
    BOOST_CHECK_THROW(stream.resize(5, 12), Error);
    BOOST_CHECK_THROW(stream.resize(4, 13), Error);
    BOOST_CHECK_THROW(stream.resize(4, 0), Error);
  }
}

BOOST_AUTO_TEST_CASE(phases_count_steps_and_tokens) {
  const Phases length = Phases::read("64@0,128@1000,256@5000", "length", 256);
  for (const Index tokens : {0, 999}) BOOST_TEST(length.at(tokens) == 64);
  for (const Index tokens : {1000, 4999}) BOOST_TEST(length.at(tokens) == 128);
  for (const Index tokens : {5000, 1 << 30}) BOOST_TEST(length.at(tokens) == 256);
  const RowPhases rows{Phases::read("1@0,3@3000", "batch", 3), length, 2};
  BOOST_TEST((rows.change() && !RowPhases{Phases{3}, Phases{5}}.change()));
  // One step after the other says the same.
  Index tokens = 0;
  for (Index step = 0; step < 40; ++step) {
    BOOST_TEST(rows.tokens_after(step) == tokens);
    BOOST_TEST(rows.steps_to(tokens) == step);
    BOOST_TEST(rows.steps_to(tokens + 1) == step + 1);
    tokens += rows.batch.at(tokens) * rows.length.at(tokens) * 2;
  }
  BOOST_TEST(rows.steps_to(0) == 0);
  BOOST_TEST(rows.next_after(999, -1) == 1000);
  BOOST_TEST(rows.next_after(1000, -1) == 3000);
  BOOST_TEST(rows.next_after(5000, -1) == -1);
  const RowPhases shrinking{Phases::read("8@0,2@100", "batch", 8), Phases::read("16@0,32@50,40@100", "length", 40)};
  BOOST_TEST((shrinking.largest() == std::pair<Index, Index>{8, 32}));
  BOOST_TEST((shrinking.largest(100) == std::pair<Index, Index>{2, 40}));
  const auto problem = [](const char* text) {
    try {
      Phases::read(text, "train.length_schedule", 256);
    } catch (const Error& found) {
      return std::string(found.what());
    }
    return std::string();
  };
  for (const char* wrong : {"64", "64@", "@0", "64@0,", "64@0 ,128@5", "64@0,128@x", "-64@0", "64@0@1"})
    BOOST_TEST(problem(wrong) == "train.length_schedule: expected VALUE@TOKENS and so on, as 64@0,128@1000000, found \"" +
                                     std::string(wrong) + "\"");
  BOOST_TEST(problem("64@0,512@9") ==
             "train.length_schedule: expected sizes from 1 to 256, which is the largest, found \"64@0,512@9\"");
  for (const char* wrong : {"64@1", "64@0,128@9,256@9", "64@0,128@9,256@3"})
    BOOST_TEST(problem(wrong) ==
               "train.length_schedule: expected a first phase from 0 tokens on and each after the one before it, found \"" +
                   std::string(wrong) + "\"");
}

// The rows of the ranks, one after the other, are those of one batch; all are at the same place, and at the end together.
BOOST_AUTO_TEST_CASE(ranks_draw_the_rows_of_one_batch) {
  const MemoryTokens source = documents(30, 99999);
  for (const Packing packing : {Packing::documents, Packing::windows})
    for (const Index ranks : {2, 3, 4, 6}) {
      BatchOptions options{.rows = 6, .length = 11, .packing = packing, .epochs = 2, .seed = Seed{5}};
      Batches whole{source, options};
      std::vector<Batches<MemoryTokens>> parts;
      options.ranks = ranks;
      for (options.rank = 0; options.rank < ranks; ++options.rank) parts.emplace_back(source, options);
      for (bool more = true; more;) {
        Batch expected, part;
        more = whole.next(expected);
        List ids, labels;
        std::vector<Index> begins;
        Index tokens = 0, words = 0;
        for (auto& stream : parts) {
          BOOST_TEST(stream.next(part) == more);
          BOOST_TEST((stream.position() == whole.position()));
          for (const Sequence& sequence : part.sequences) begins.push_back(sequence.begin + std::ssize(ids));
          for (const Token id : list(part.ids)) ids.push_back(id);
          for (const Token label : list(part.labels)) labels.push_back(label);
          tokens += part.tokens;
          words += part.words;
        }
        BOOST_TEST((ids == list(expected.ids)));
        BOOST_TEST((labels == list(expected.labels)));
        BOOST_TEST(tokens == expected.tokens);
        BOOST_TEST(words == expected.words);
        BOOST_TEST_REQUIRE(begins.size() == expected.sequences.size());
        for (std::size_t s = 0; s < begins.size(); ++s) BOOST_TEST(begins[s] == expected.sequences[s].begin);
      }
      BOOST_TEST(whole.position().epoch == 1);
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_refused) {
  const MemoryTokens source = documents(5);
  for (const Index rank : {-1, 2}) BOOST_CHECK_THROW((Batches{source, {.rank = rank, .ranks = 2}}), Error);
  BOOST_CHECK_THROW((Batches{source, {.rows = 0}}), Error);
  BOOST_CHECK_THROW((Batches{source, {.rows = 2, .ranks = 3}}), Error);
  BOOST_CHECK_THROW((Batches{source, {.length = 0}}), Error);
  BOOST_CHECK_THROW((Batches{source, {.length = 1000, .packing = Packing::windows}}), Error);
  BOOST_CHECK_THROW((Batches{MemoryTokens{10}, {}}), Error);
  Batches stream{source, {}};
  BOOST_CHECK_THROW(stream.seek({0, 1000000, 0}), Error);
  MemoryTokens narrow{10};
  BOOST_CHECK_THROW(narrow.add({10}), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
