// What a training step computes.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include "small_run.hpp"

namespace rondo::test {
namespace {

using Run = SmallRun<Hgrn2, Reference<double>>;

double largest_difference(View<double> a, View<double> b) {
  double largest = 0;
  for (Index i = 0; i < a.columns; ++i) largest = std::max(largest, std::abs(a(0, i) - b(0, i)));
  return largest;
}

template <class Act>
std::string message_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

BOOST_AUTO_TEST_SUITE(trainer)

BOOST_AUTO_TEST_CASE(training_learns_and_reports) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 4, .length = 12}};
  Run run;
  std::vector<StepReport> reports;
  run.trainer.on_step([&](const StepReport& report) { reports.push_back(report); });
  BOOST_TEST(run.trainer.run(batches, 150));
  BOOST_TEST_REQUIRE(reports.size() == 150U);
  BOOST_TEST(std::abs(reports.front().loss - std::log(30.0)) < 0.1);
  BOOST_TEST(reports.back().loss < 2.0);
  BOOST_TEST(reports[0].rate == 1e-2 / 5, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(reports[4].rate == 1e-2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(reports.back().progress.step == 150);
  BOOST_TEST(reports.back().progress.tokens == 150 * 48);
  const Index epochs_words = 4 * source.documents();
  BOOST_TEST(std::abs(reports.back().progress.words - 150 * 48 * epochs_words / source.tokens()) < 20);
}

// Documents drawn as 2 x 2 rows are those drawn as 4 rows; the gradient is the mean over all labels, however many each part has.
BOOST_AUTO_TEST_CASE(accumulated_batches_equal_one_large_batch) {
  const MemoryTokens source = small_documents();
  Run whole, parts{{.accumulate = 4}};
  Batches large{source, {.rows = 4, .length = 12}}, small{source, {.rows = 1, .length = 12}};
  std::vector<double> losses[2];
  whole.trainer.on_step([&](const StepReport& report) { losses[0].push_back(report.loss); });
  parts.trainer.on_step([&](const StepReport& report) { losses[1].push_back(report.loss); });
  whole.trainer.run(large, 10);
  parts.trainer.run(small, 10);
  BOOST_TEST(losses[0] == losses[1], boost::test_tools::tolerance(1e-10) << boost::test_tools::per_element());
  BOOST_TEST(largest_difference(whole.weights.flat(), parts.weights.flat()) < 1e-10);
  BOOST_TEST(whole.trainer.progress().tokens == parts.trainer.progress().tokens);
  BOOST_TEST(whole.trainer.progress().words == parts.trainer.progress().words);
}

// A step by hand: the gradient from a workspace, AdamW on it with the clipped scale.
BOOST_AUTO_TEST_CASE(a_step_is_gradient_clip_and_update) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}}, again{source, {.rows = 2, .length = 12}};
  Run run{{.clip = 0.1}};
  const Hgrn2 model{small_shape()};
  Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
  Workspace<Hgrn2, Reference<double>> workspace{model, 24};
  Batch batch;
  again.next(batch);
  const auto [sum, labels] = workspace.add_gradient(weights, batch, CrossEntropy{}, 1.0 / 24);
  BOOST_TEST(labels == 24);
  auto& c = workspace.context();
  const double norm = std::sqrt(c.sum_of_squares(workspace.gradients().flat()));
  BOOST_TEST(norm > 0.1);
  OptimizerState<Reference<double>> state{weights};
  AdamW{.rate = 1e-2}.update(c, {.step = 1, .rate_share = 0.2, .gradient_scale = 0.1 / norm}, weights, workspace.gradients(),
                             state);
  StepReport report;
  run.trainer.on_step([&](const StepReport& r) { report = r; });
  run.trainer.run(batches, 1);
  BOOST_TEST(report.gradient_norm == norm, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(report.loss == sum / 24, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(largest_difference(run.weights.flat(), weights.flat()) < 1e-14);
}

BOOST_AUTO_TEST_CASE(same_seed_same_bits_with_dropout) {
  const MemoryTokens source = small_documents();
  Shape shape = small_shape();
  shape.dropout = 0.3;
  const auto weights_after = [&](Seed seed) {
    Batches batches{source, {.rows = 2, .length = 12}};
    Run run{{.seed = seed}, shape};
    run.trainer.run(batches, 5);
    return numbers(run.weights.flat());
  };
  BOOST_TEST((weights_after(Seed{1}) == weights_after(Seed{1})));
  BOOST_TEST((weights_after(Seed{1}) != weights_after(Seed{2})));
}

BOOST_AUTO_TEST_CASE(average_is_the_result_where_there_is_one) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  Run run{{.average_decay = 0.9}};
  run.trainer.run(batches, 20);
  BOOST_TEST(&run.trainer.result() == run.trainer.average());
  BOOST_TEST(largest_difference(run.trainer.result().flat(), run.weights.flat()) > 1e-4);
}

BOOST_AUTO_TEST_CASE(a_stopped_run_goes_on) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  Run run;
  run.trainer.on_step([&](const StepReport& report) {
    if (report.progress.step == 3) run.trainer.stop();
  });
  BOOST_TEST(!run.trainer.run(batches, 10));
  BOOST_TEST(run.trainer.progress().step == 3);
  BOOST_TEST(run.trainer.run(batches, 10));
  BOOST_TEST(run.trainer.progress().step == 10);
  Batches short_batches{source, {.rows = 2, .length = 12, .epochs = 1}};
  BOOST_TEST(!run.trainer.run(short_batches, 1000));
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_named) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  {
    Run run;
    run.trainer.run(batches, 2);
    run.weights.record().stack.blocks[1].channel.inner.down.weight(3, 4) = std::numeric_limits<double>::quiet_NaN();
    const std::string message = message_of([&] { run.trainer.run(batches, 5); });
    BOOST_TEST(message.find("step 2: the loss is not finite: weight blocks.1.channel.down.weight") == 0U, message);
    BOOST_TEST(run.trainer.progress().step == 2);
  }
  {
    Run run;
    auto& mlp = run.weights.record().stack.blocks[1].channel.inner;
    mlp.gate.weight(0, 0) = mlp.up.weight(0, 0) = 1e150;
    mlp.down.weight(2, 0) = 1e20;
    const auto before = numbers(run.weights.flat());
    const std::string message = message_of([&] { run.trainer.run(batches, 5); });
    BOOST_TEST(message.find("step 0: the loss is not finite: block 1: its output is not finite") == 0U, message);
    BOOST_TEST((before == numbers(run.weights.flat())));
  }
}

BOOST_AUTO_TEST_CASE(batches_must_fit_the_model) {
  MemoryTokens source{31, 0};
  source.add({30, 30, 30, 0});
  Batches batches{source, {.rows = 1, .length = 4}};
  Run run;
  const std::string message = message_of([&] { run.trainer.run(batches, 5); });
  BOOST_TEST(message.find("token 30") != message.npos, message);
  BOOST_TEST(message.find("vocabulary of 30") != message.npos, message);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
