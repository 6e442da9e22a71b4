// Ranks that are processes: started by mpirun, each runs all of this. What they compute has the bits of ranks that are threads.
#include <boost/test/unit_test.hpp>

#include <functional>

#include <rondo/parallel/gathered_texts.hpp>
#include <rondo/parallel/mpi.hpp>
#include <rondo/testing/communicator_laws.hpp>
#include <rondo/testing/thread_ranks.hpp>

#include "train/small_run.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<double>;
using Ranks = AnyRanks<View<double>>;
using Numbers = std::vector<double>;

// MPI lasts as long as the program.
struct Processes {
  Processes() { ranks = new MpiRanks{MpiRanks::join()}; }
  ~Processes() { ranks->part(); }
  static inline MpiRanks* ranks = nullptr;
};
BOOST_TEST_GLOBAL_FIXTURE(Processes);

// Weights after each of some steps.
std::vector<Numbers> trained(const Ranks& ranks, Index rows, bool shard, Index size_of_batch) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = size_of_batch, .length = rows, .seed = Seed{3}, .rank = ranks.rank(), .ranks = ranks.size()}};
  const Hgrn2 model{small_shape()};
  Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  TrainingOptions options{.accumulate = 2, .clip = 0.05};
  options.shard = shard;
  Trainer trainer{model, weights, AdamW{.rate = 1e-2}, Cosine{.warmup = 2}, CrossEntropy{}, options, std::make_shared<Backend::Context>(), ranks};
  std::vector<Numbers> trail;
  trainer.on_step([&](const StepReport&) { trail.push_back(numbers(weights.flat())); });
  trainer.run(batches, 5);
  return trail;
}

BOOST_AUTO_TEST_SUITE(mpi_ranks)

BOOST_AUTO_TEST_CASE(processes_keep_the_laws_of_communicators) {
  testing::Findings findings = testing::communicator_laws<float>(*Processes::ranks);
  findings.add(testing::communicator_laws<double>(*Processes::ranks));
  BOOST_TEST(findings.empty(), findings);
}

// Rows longer than a message, parts of very different lengths; the sums of threads, to the bit.
BOOST_AUTO_TEST_CASE(long_rows_have_the_sums_of_threads) {
  const MpiRanks& ranks = *Processes::ranks;
  const Index columns = (Index{1} << 21) + 77;
  const auto drawn = [&](Index rank) {
    std::vector<float> row(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = 1.0F / static_cast<float>(1 + (static_cast<Index>(i) * 37 + rank * 1013) % 4099);
    return row;
  };
  std::vector<float> row = drawn(ranks.rank()), expected(row.size());
  ranks.sum(View<float>{row.data(), 1, columns});
  for (Index rank = 0; rank < ranks.size(); ++rank) {
    const std::vector<float> one = drawn(rank);
    for (std::size_t i = 0; i < one.size(); ++i) expected[i] += one[i];
  }
  BOOST_TEST((row == expected));
  const auto each = static_cast<double>(columns) * sizeof(float) / static_cast<double>(ranks.size());
  const std::uint64_t before = ranks.bytes_sent();
  ranks.sum(View<float>{row.data(), 1, columns});
  const auto sent = static_cast<double>(ranks.bytes_sent() - before), least = 2 * static_cast<double>(ranks.size() - 1) * each;
  BOOST_TEST(sent >= 0.99 * least - 1024);
  BOOST_TEST(sent <= 1.01 * least + 1024);
}

BOOST_AUTO_TEST_CASE(texts_come_from_all) {
  const Ranks ranks{*Processes::ranks};
  const auto texts = gathered_texts(ranks, std::string(static_cast<std::size_t>(ranks.rank()), 'x'));
  BOOST_TEST_REQUIRE(std::ssize(texts) == ranks.size());
  for (std::size_t rank = 0; rank < texts.size(); ++rank) BOOST_TEST(texts[rank] == std::string(rank, 'x'));
}

BOOST_AUTO_TEST_CASE(processes_train_as_threads_do_and_as_one) {
  const Ranks ranks{*Processes::ranks};
  for (const bool shard : {false, true}) {
    const auto here = trained(ranks, 9, shard, 8), again = trained(ranks, 9, shard, 8);
    BOOST_TEST((here == again), "the same run twice");
    std::vector<std::vector<Numbers>> threads(static_cast<std::size_t>(ranks.size()));
    testing::run_ranks(ranks.size(), [&](testing::ThreadRanks one) {
      threads[static_cast<std::size_t>(one.rank())] = trained(one, 9, false, 8);
    });
    for (const auto& one : threads) BOOST_TEST((here == one));
    const auto alone = trained({}, 9, false, 8);
    BOOST_TEST_REQUIRE(here.size() == alone.size());
    double furthest = 0;
    for (std::size_t step = 0; step < here.size(); ++step)
      for (std::size_t i = 0; i < here[step].size(); ++i) furthest = std::max(furthest, std::abs(here[step][i] - alone[step][i]));
    BOOST_TEST(furthest < 1e-6);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
