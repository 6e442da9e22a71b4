// Ranks that train together are as one: the same bits on all of them, the steps of one rank with all their batches.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <mutex>

#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/testing/communicator_laws.hpp>
#include <rondo/testing/thread_ranks.hpp>
#include <rondo/train/checkpoints.hpp>

#include "io/temporary_folder.hpp"
#include "train/small_run.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<double>;
using testing::run_ranks;
using testing::ThreadRanks;
using Numbers = std::vector<double>;
using Ranks = AnyRanks<View<double>>;
using RankTrainer = Trainer<Hgrn2, Backend, AnyOptimizer>;

// What a rank has after each step.
struct Trail {
  std::vector<Numbers> weights;
  std::vector<StepReport> reports;
  std::vector<Numbers> state;
  std::size_t kept = 0;  // bytes of the optimiser's
};
struct Options {
  Index ranks = 1, rows = 4, steps = 6;  // rows of a rank
  TrainingOptions training{};
  double dropout = 0;
  bool same_batches = false;  // all ranks draw those of one
  AnyOptimizer optimizer{AdamW{.rate = 1e-2}};
};

void train(const Options& options, const Ranks& ranks, Trail& trail, const std::function<void(const StepReport&, RankTrainer&)>& act = {}) {
  MemoryTokens source{30};  // without an end of text: some batches have fewer labels than others
  for (Index d = 0; d < 40; ++d) {
    std::vector<Token> document;
    for (Index i = 0; i < 1 + 5 * d % 17; ++i) document.push_back(static_cast<Token>((7 * d + i * (1 + d % 4)) % 30));
    source.add(document, 2);
  }
  Batches batches{source,
                  {.rows = options.same_batches ? options.rows : options.rows * ranks.size(),
                   .length = 9,
                   .seed = Seed{3},
                   .rank = options.same_batches ? 0 : ranks.rank(),
                   .ranks = options.same_batches ? 1 : ranks.size()}};
  Shape shape = small_shape();
  shape.dropout = options.dropout;
  const Hgrn2 model{shape};
  Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  const auto context = std::make_shared<Backend::Context>();
  RankTrainer trainer{model, weights, options.optimizer, Cosine{.warmup = 2}, CrossEntropy{}, options.training, context, ranks};
  trainer.on_step([&](const StepReport& report) {
    trail.reports.push_back(report);
    trail.weights.push_back(numbers(weights.flat()));
    if (act) act(report, trainer);
  });
  trainer.run(batches, options.steps);
  for (const auto& one : trainer.hosted_tensors()) trail.state.push_back(one.numbers());
  trail.kept = trainer.state().bytes();
}
std::vector<Trail> trails_of(const Options& options) {
  std::vector<Trail> trails(static_cast<std::size_t>(options.ranks));
  run_ranks(options.ranks, [&](ThreadRanks ranks) { train(options, ranks, trails[static_cast<std::size_t>(ranks.rank())]); });
  return trails;
}
Trail alone(const Options& options) {
  Trail trail;
  train(options, Alone{}, trail);
  return trail;
}

double largest_difference(const Numbers& a, const Numbers& b) {
  BOOST_TEST_REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}
void expect_near(const Trail& a, const Trail& b, double tolerance) {
  BOOST_TEST_REQUIRE(a.weights.size() == b.weights.size());
  for (std::size_t step = 0; step < a.weights.size(); ++step) {
    BOOST_TEST(largest_difference(a.weights[step], b.weights[step]) < tolerance);
    BOOST_TEST(std::abs(a.reports[step].loss - b.reports[step].loss) < tolerance);
    BOOST_TEST(std::abs(a.reports[step].gradient_norm - b.reports[step].gradient_norm) < tolerance);
    BOOST_TEST(a.reports[step].progress.tokens == b.reports[step].progress.tokens);
    BOOST_TEST(a.reports[step].progress.words == b.reports[step].progress.words);
  }
}

BOOST_AUTO_TEST_SUITE(ranks)

BOOST_AUTO_TEST_CASE(threads_keep_the_laws_of_communicators) {
  for (const Index size : {1, 2, 3, 5}) {
    std::mutex mutex;
    run_ranks(size, [&](ThreadRanks ranks) {
      testing::Findings findings = testing::communicator_laws<float>(ranks);
      findings.add(testing::communicator_laws<double>(ranks));
      const std::lock_guard lock{mutex};
      BOOST_TEST(findings.empty(), findings);
    });
  }
  Alone one;
  const testing::Findings findings = testing::communicator_laws<float>(one);
  BOOST_TEST(findings.empty(), findings);
  BOOST_TEST(message_of([] {
               run_ranks(2, [](ThreadRanks ranks) {
                 Numbers row(static_cast<std::size_t>(3 + ranks.rank()));
                 ranks.sum(std::span<double>{row});
               });
             }).find("numbers, another rank") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(all_ranks_have_the_same_bits_and_those_of_one) {
  for (const Index size : {2, 3, 4})
    for (const Index accumulate : {1, 2}) {
      const Options options{size, 2, 6, {.accumulate = accumulate, .clip = 0.05, .seed = Seed{5}}};
      const auto trails = trails_of(options), again = trails_of(options);
      for (std::size_t rank = 0; rank < trails.size(); ++rank) {
        BOOST_TEST((trails[rank].weights == trails[0].weights));
        BOOST_TEST((trails[rank].state == trails[0].state));
        BOOST_TEST((trails[rank].weights == again[rank].weights));
      }
      Options one = options;
      one.ranks = 1;
      one.rows = options.rows * size;
      const Trail whole = alone(one);
      BOOST_TEST(whole.reports[0].gradient_norm > 0.05, "clipping acts");
      expect_near(trails[0], whole, 1e-12);
      BOOST_TEST((trails_of(one)[0].weights == whole.weights), "one rank is as Alone");
    }
}

// Each rank keeps its share of the optimiser's slots: the numbers are those of ranks that keep all, to the bit.
BOOST_AUTO_TEST_CASE(ranks_that_keep_shares_have_the_same_bits) {
  for (const AnyOptimizer& optimizer : {AnyOptimizer{AdamW{.rate = 1e-2}}, AnyOptimizer{Muon{}}, AnyOptimizer{Lamb{}}, AnyOptimizer{ScheduleFreeAdamW{}}})
    for (const Index size : {1, 2, 3, 4}) {
      Options options{.ranks = size, .rows = 1, .optimizer = optimizer};
      const bool averages = !evaluates_elsewhere(optimizer);
      if (averages) options.training.average = {ExponentialAverage{0.5}};
      const auto whole = trails_of(options);
      options.training.shard = true;
      const auto shares = trails_of(options);
      std::size_t bytes = 0;
      for (std::size_t rank = 0; rank < shares.size(); ++rank) {
        BOOST_TEST((shares[rank].weights == whole[rank].weights));
        BOOST_TEST((shares[rank].state == whole[0].state));
        bytes += shares[rank].kept;
      }
      BOOST_TEST(bytes == whole[0].kept, "all shares are all");
      if (optimizer.chosen.index() == 0) BOOST_TEST(static_cast<Index>(shares[0].kept) <= static_cast<Index>(whole[0].kept) / size + 4096);
    }
}

// Equal batches on all ranks: with equal masks the step of two ranks would be that of one.
BOOST_AUTO_TEST_CASE(ranks_drop_other_elements) {
  const Options together{.ranks = 2, .steps = 1, .dropout = 0.4, .same_batches = true}, single{.ranks = 1, .steps = 1, .dropout = 0.4};
  const auto trails = trails_of(together);
  BOOST_TEST((trails[0].weights == trails[1].weights));
  BOOST_TEST(std::abs(trails[0].reports[0].loss - alone(single).reports[0].loss) > 1e-4);
  Options without = together, single_without = single;
  without.dropout = single_without.dropout = 0;
  BOOST_TEST(std::abs(trails_of(without)[0].reports[0].loss - alone(single_without).reports[0].loss) < 1e-13);
}

BOOST_AUTO_TEST_CASE(one_rank_that_stops_stops_all) {
  const Options options{.ranks = 3, .rows = 1, .steps = 9};
  std::vector<Trail> trails(3);
  run_ranks(3, [&](ThreadRanks ranks) {
    train(options, ranks, trails[static_cast<std::size_t>(ranks.rank())], [&](const StepReport& report, auto& trainer) {
      if (report.progress.step == 4 && ranks.rank() == 1) trainer.stop();
    });
  });
  for (const Trail& trail : trails) BOOST_TEST(trail.reports.size() == 4U);
}

// A weight that is not finite on one rank: that rank says which one, the others that there is one elsewhere, and nobody waits for ever.
BOOST_AUTO_TEST_CASE(what_is_not_finite_on_one_rank_ends_all) {
  std::vector<std::string> messages(3);
  run_ranks(3, [&](ThreadRanks ranks) {
    Trail trail;
    messages[static_cast<std::size_t>(ranks.rank())] = message_of([&] {
      train({.ranks = 3, .rows = 1, .steps = 9}, ranks, trail, [&](const StepReport& report, auto& trainer) {
        if (report.progress.step == 2 && ranks.rank() == 1)
          trainer.weights().record().trunk.norm.weight(0, 3) = std::numeric_limits<double>::quiet_NaN();
      });
    });
  });
  for (const std::size_t rank : {0U, 2U}) BOOST_TEST(messages[rank] == "step 2: the loss is not finite on another rank");
  BOOST_TEST(messages[1] == "step 2: the loss is not finite: weight norm.weight is not");
}

// What one rank cannot do ends the step of all, whichever way it fails; their weights stay the same.
BOOST_AUTO_TEST_CASE(what_one_rank_cannot_do_ends_all) {
  enum class Fault { end_of_batches, end_within_a_step, no_batch_at_all, token_outside, stream_throws, callback_throws };
  for (const Fault fault : {Fault::end_of_batches, Fault::end_within_a_step, Fault::no_batch_at_all, Fault::token_outside,
                            Fault::stream_throws, Fault::callback_throws}) {
    std::vector<std::string> messages(3);
    std::vector<Numbers> weights_of(3);
    std::vector<Index> steps(3), returned(3, -1);
    run_ranks(3, [&](ThreadRanks ranks) {
      const auto rank = static_cast<std::size_t>(ranks.rank());
      const bool here = rank == 1;
      const MemoryTokens source = small_documents();
      Batches batches{source, {.rows = 6, .length = 9, .rank = ranks.rank(), .ranks = ranks.size()}};
      const Hgrn2 model{small_shape()};
      Parameters<Hgrn2, Backend> weights{model, Seed{1}};
      Trainer trainer{model, weights, AdamW{}, Cosine{.warmup = 2}, CrossEntropy{}, {.accumulate = 2},
                      std::make_shared<Backend::Context>(), ranks};
      if (here && fault == Fault::callback_throws)
        trainer.on_step([](const StepReport& report) { require(report.progress.step < 4, "the disk is full"); });
      Index drawn = 0;
      const auto next = [&](Batch& batch) {
        ++drawn;
        if (here && fault == Fault::no_batch_at_all) return false;
        if (here && fault == Fault::end_of_batches && drawn == 7) return false;
        if (here && fault == Fault::end_within_a_step && drawn == 8) return false;
        require(!here || fault != Fault::stream_throws || drawn < 7, "the file is gone");
        if (!batches.next(batch)) return false;
        static const Token outside[] = {99};
        if (here && fault == Fault::token_outside && drawn == 8) batch = {{outside, 1, 1}, {outside, 1, 1}, {}, 1, 0};
        return true;
      };
      messages[rank] = message_of([&] { returned[rank] = trainer.run_on(next, 9) ? 1 : 0; });
      steps[rank] = trainer.progress().step;
      weights_of[rank] = numbers(weights.flat());
    });
    const bool ends = fault == Fault::end_of_batches || fault == Fault::end_within_a_step || fault == Fault::no_batch_at_all;
    const Index expected = fault == Fault::no_batch_at_all ? 0 : fault == Fault::callback_throws ? 4 : 3;
    for (const std::size_t rank : {0U, 1U, 2U}) {
      BOOST_TEST(steps[rank] == expected);
      BOOST_TEST((weights_of[rank] == weights_of[0]));
      BOOST_TEST(returned[rank] == (ends ? 0 : -1));
      if (ends) continue;
      const std::string own = fault == Fault::token_outside     ? "token 99 at row 0 is outside"
                              : fault == Fault::callback_throws ? "the disk is full"
                                                                : "the file is gone";
      const std::string message = rank == 1 ? own : "another rank has failed";
      BOOST_TEST(messages[rank].find(message) != std::string::npos, messages[rank]);
    }
  }
}

// Rank 0 writes; the run goes on with as many ranks, to the bit, or with another number that draws as many rows.
BOOST_AUTO_TEST_CASE(one_rank_writes_what_any_number_goes_on_from) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder folder;
  const auto go_on = [&](Index size, bool begin, Index steps, bool shard = false) {
    std::vector<Numbers> weights_of(static_cast<std::size_t>(size));
    run_ranks(size, [&](ThreadRanks ranks) {
      Batches batches{source, {.rows = 12, .length = 9, .rank = ranks.rank(), .ranks = size}};
      const Hgrn2 model{small_shape()};
      Parameters<Hgrn2, Backend> weights{model, Seed{1}};
      Trainer trainer{model, weights, AdamW{}, Cosine{.warmup = 2}, CrossEntropy{}, {.shard = shard}, std::make_shared<Backend::Context>(), ranks};
      if (!begin) batches.seek(load_training_state(folder.path(), trainer));
      trainer.run(batches, steps);
      double arrived = 1;
      ranks.sum(std::span<double>{&arrived, 1});
      const auto place = begin ? folder.path() : folder.path() / std::to_string(ranks.rank());
      if (!begin) std::filesystem::create_directories(place);
      save_training_state(place, trainer, batches.position());
      weights_of[static_cast<std::size_t>(ranks.rank())] = numbers(weights.flat());
    });
    return weights_of[0];
  };
  go_on(2, true, 6);
  const Numbers two = go_on(2, false, 12);
  BOOST_TEST(std::filesystem::exists(folder / "0/training.json"));
  BOOST_TEST(!std::filesystem::exists(folder / "1/training.json"));
  BOOST_TEST(largest_difference(go_on(3, false, 12), two) < 1e-12);
  BOOST_TEST((go_on(2, false, 12) == two));
  BOOST_TEST((go_on(2, false, 12, true) == two), "ranks that keep shares go on from what others wrote");
  BOOST_TEST((go_on(2, true, 6, true) == go_on(2, true, 6)));
  go_on(2, true, 6, true);
  BOOST_TEST((go_on(2, false, 12) == two), "and others from what those wrote");
}

// What a rank sums in a step, and what was there then, on a communicator that keeps a list.
struct Listing {
  struct Sum {
    View<double> x;
    Numbers then;
  };
  std::vector<Sum>* sums = nullptr;
  static constexpr Index rank() { return 0; }
  static constexpr Index size() { return 2; }
  void sum(View<double> x) const { sums->push_back({x, numbers(x)}); }
  static void sum(std::span<double>) {}
  static void scatter_sum(View<double>, Borders) {}
  static void gather(View<double>, Borders) {}
  static void gather(std::span<double>, Borders) {}
};

// The head, then blocks from the last to the first while the step's last backward pass runs, each once and complete; then the rest.
BOOST_AUTO_TEST_CASE(a_block_is_summed_when_the_backward_has_left_it) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 9}};
  Shape shape = small_shape();
  shape.depth = 3;
  const Hgrn2 model{shape};
  Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  std::vector<Listing::Sum> sums;
  const auto context = std::make_shared<Backend::Context>();
  Trainer trainer{model, weights, AdamW{}, Cosine{}, CrossEntropy{}, {.accumulate = 2}, context, Listing{&sums}};
  for (const Index step : {1, 2}) {
    sums.clear();
    trainer.run(batches, step);
    const auto& gradients = trainer.workspace().gradients();
    const auto place = [&](const std::string& name) {
      for (const auto& one : gradients.tensors())
        if (one.name == name) return one.tensor.data;
      return gradients.flat().data + gradients.flat().columns;
    };
    BOOST_TEST_REQUIRE(sums.size() > 4U);
    BOOST_TEST(sums[0].x.data == place("head.weight"));
    for (const Index block : {0, 1, 2})
      BOOST_TEST(sums[static_cast<std::size_t>(3 - block)].x.data == place("blocks." + std::to_string(block) + ".mixer.norm.weight"));
    BOOST_TEST(sums[1].x.data + sums[1].x.columns == place("norm.weight"));
    std::map<const double*, Index> pieces;
    for (const auto& [x, then] : sums) {
      BOOST_TEST((then == numbers(x)), "nothing is added after it was summed");
      pieces.emplace(x.data, x.columns);
    }
    BOOST_TEST(pieces.size() == sums.size(), "each piece once");
    const double* end = gradients.flat().data;
    for (const auto& [begin, length] : pieces) {
      BOOST_TEST(begin == end);
      end += length;
    }
    BOOST_TEST(end == gradients.flat().data + gradients.flat().columns);
  }
}

// A context may serve others after a trainer that ended with an Error: nobody listens there any more.
BOOST_AUTO_TEST_CASE(a_refused_batch_leaves_nobody_listening) {
  const Hgrn2 model{small_shape()};
  Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  std::vector<Listing::Sum> sums;
  const auto context = std::make_shared<Backend::Context>();
  Trainer trainer{model, weights, AdamW{}, Cosine{}, CrossEntropy{}, {}, context, Listing{&sums}};
  const std::vector<Token> ids{1, 30}, labels{2, 3};
  const std::vector<Sequence> sequences{{0, 2}};
  const auto next = [&](Batch& batch) {
    batch = {{ids.data(), 1, 2}, {labels.data(), 1, 2}, sequences, 2, 0};
    return true;
  };
  BOOST_TEST(message_of([&] { trainer.run_on(next, 1); }) == "batch: token 30 at row 1 is outside the model's vocabulary of 30");
  BOOST_TEST(!context->gradient_left);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
