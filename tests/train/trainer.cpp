// What a training step computes.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <set>

#include <rondo/backend/cpu/cpu.hpp>

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
  const auto losses = workspace.add_gradient(weights, batch, CrossEntropy{}, 1.0 / 24);
  BOOST_TEST(losses.count == 24);
  auto& c = workspace.context();
  const double norm = std::sqrt(c.sum_of_squares(workspace.gradients().flat()));
  BOOST_TEST(norm > 0.1);
  const AdamW adamw{.rate = 1e-2};
  OptimizerState<AdamW, Reference<double>> state{adamw, weights};
  state.update(c, adamw, {.step = 1, .rate_share = 0.2, .gradient_scale = 0.1 / norm}, weights, workspace.gradients());
  StepReport report;
  run.trainer.on_step([&](const StepReport& r) { report = r; });
  run.trainer.run(batches, 1);
  BOOST_TEST(report.gradient_norm == norm, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(report.loss == losses.sum / 24, boost::test_tools::tolerance(1e-12));
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

BOOST_AUTO_TEST_CASE(no_two_seeds_share_a_mask) {
  const MemoryTokens source = small_documents();
  Shape shape = small_shape();
  shape.dropout = 0.3;
  std::set<std::uint64_t> keys;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    Batches batches{source, {.rows = 2, .length = 12}};
    Run run{{.accumulate = 2, .seed = Seed{seed}}, shape};
    run.trainer.on_step([&](const StepReport&) { keys.insert(run.trainer.workspace().context().key.value); });
    run.trainer.run(batches, 5);
  }
  BOOST_TEST(keys.size() == 20U);
}

BOOST_AUTO_TEST_CASE(average_is_the_result_where_there_is_one) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  Run run{{.average = {WarmedAverage{0.9}}}};
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
    run.weights.record().trunk.stack.blocks[1].channel.inner.down.weight(3, 4) = std::numeric_limits<double>::quiet_NaN();
    const std::string message = message_of([&] { run.trainer.run(batches, 5); });
    BOOST_TEST(message.find("step 2: the loss is not finite: weight blocks.1.channel.down.weight") == 0U, message);
    BOOST_TEST(run.trainer.progress().step == 2);
  }
  {
    Run run;
    auto& mlp = run.weights.record().trunk.stack.blocks[1].channel.inner;
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

// A batch of 12 rows by hand.
struct HandBatch {
  std::vector<Token> ids{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, labels{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  std::vector<Sequence> sequences{{0, 5, 0}, {5, 0, 0}, {6, 6, 0}};
  [[nodiscard]] Batch batch() const { return {{ids.data(), 1, 12}, {labels.data(), 1, 12}, sequences, 11, 11}; }
};

BOOST_AUTO_TEST_CASE(sequences_must_fit_the_batch) {
  const Hgrn2 model{small_shape()};
  const Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
  Workspace<Hgrn2, Reference<double>> workspace{model, 12};
  const auto problem = [&](std::vector<Sequence> sequences) {
    HandBatch hand;
    hand.sequences = std::move(sequences);
    return message_of([&] { workspace.add_gradient(weights, hand.batch(), CrossEntropy{}); });
  };
  BOOST_TEST(problem({{0, 5, 0}, {5, 0, 3}, {6, 6, 0}}) == "no error");
  BOOST_TEST(problem({{0, 5, 0}, {6, 7, 0}}) == "batch: sequence 1 of 7 tokens at row 6 is outside the batch of 12");
  BOOST_TEST(problem({{13, 0, 0}}) == "batch: sequence 0 of 0 tokens at row 13 is outside the batch of 12");
  BOOST_TEST(problem({{0, 5, 0}, {4, 2, 0}}) == "batch: sequence 1 begins at row 4, before the end of the one before it, 5");
  BOOST_TEST(problem({{6, 6, 0}, {0, 5, 0}}) == "batch: sequence 1 begins at row 0, before the end of the one before it, 12");
  BOOST_TEST(problem({{-1, 2, 0}}) == "batch: sequence 0 begins at row -1, before the end of the one before it, 0");
  BOOST_TEST(problem({{0, -1, 0}}) == "batch: sequence 0 has -1 tokens at position 0");
  BOOST_TEST(problem({{0, 1, -2}}) == "batch: sequence 0 has 1 tokens at position -2");
  BOOST_TEST(problem({{1, std::numeric_limits<Index>::max(), 0}}) ==
             "batch: sequence 0 of 9223372036854775807 tokens at row 1 is outside the batch of 12");
  HandBatch hand;
  hand.labels[3] = 30;
  BOOST_TEST(message_of([&] { workspace.add_gradient(weights, hand.batch(), CrossEntropy{}); }) ==
             "batch: label 30 at row 3 is outside the model's 30 outputs");
}

// The z-loss is told apart from the cross-entropy, which is what it is without one.
template <class Backend>
void expect_parts_of_the_loss(double tolerance) {
  Shape shape = small_shape();
  shape.logit_soft_cap = 3;
  const Hgrn2 model{shape};
  const Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  Workspace<Hgrn2, Backend> workspace{model, 12};
  HandBatch hand;
  hand.labels[0] = hand.labels[7] = no_label;
  const auto losses_with = [&](double z_loss) {
    return workspace.add_gradient(weights, hand.batch(), CrossEntropy{{.label_smoothing = 0.1, .z_loss = z_loss}, 4});
  };
  const auto without = losses_with(0), with = losses_with(0.5), doubled = losses_with(1);
  BOOST_TEST(without.parts[0].name.empty());
  BOOST_TEST((with.parts[0].name == "cross_entropy" && with.parts[1].name == "z_loss" && with.parts[2].name.empty()));
  BOOST_TEST(with.parts[0].sum == without.sum, boost::test_tools::tolerance(tolerance));
  BOOST_TEST(with.parts[0].sum + with.parts[1].sum == with.sum, boost::test_tools::tolerance(tolerance));
  BOOST_TEST(doubled.parts[1].sum == 2 * with.parts[1].sum, boost::test_tools::tolerance(tolerance));
  BOOST_TEST(with.parts[1].sum > 0.5 * 10 * 9);  // each of ten log sums is near log 30 = 3.4
}
BOOST_AUTO_TEST_CASE(a_z_loss_is_reported_apart) {
  expect_parts_of_the_loss<Reference<double>>(1e-13);
  expect_parts_of_the_loss<Cpu>(1e-5);
}

// Whatever negative number stands for it, a row without a label adds to nothing; memory before the logits is never read.
BOOST_AUTO_TEST_CASE(any_negative_label_is_no_label) {
  const Hgrn2 model{small_shape()};
  const Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
  Workspace<Hgrn2, Reference<double>> workspace{model, 12};
  const auto loss_with = [&](Token none) {
    HandBatch hand;
    hand.labels[0] = hand.labels[7] = none;
    workspace.zero_gradients();
    const auto losses = workspace.add_gradient(weights, hand.batch(), CrossEntropy{{.label_smoothing = 0.1, .z_loss = 0.1}});
    BOOST_TEST(losses.count == 10);
    std::vector<double> result = numbers(workspace.gradients().flat());
    result.push_back(losses.sum);
    return result;
  };
  const auto expected = loss_with(no_label);
  BOOST_TEST((expected == loss_with(-1)));
  BOOST_TEST((expected == loss_with(std::numeric_limits<Token>::min())));
}

// Dropout belongs to the pass that asks for it: the next one has none unless it asks.
BOOST_AUTO_TEST_CASE(dropout_ends_with_its_pass) {
  Shape shape = small_shape();
  shape.dropout = 0.3;
  const Hgrn2 model{shape};
  const Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
  Workspace<Hgrn2, Reference<double>> workspace{model, 12};
  const HandBatch hand;
  const auto loss = [&](std::optional<RandomKey> dropout) {
    return workspace.add_gradient(weights, hand.batch(), CrossEntropy{}, 1, dropout).sum;
  };
  const double plain = loss({}), dropped = loss(RandomKey{1});
  BOOST_TEST(dropped != plain);
  BOOST_TEST(loss({}) == plain);
  BOOST_TEST(loss(RandomKey{1}) == dropped);
  auto& c = workspace.context();
  c.begin(hand.sequences, 12);
  BOOST_TEST(!c.training);
}

BOOST_AUTO_TEST_CASE(impossible_objectives_are_refused) {
  const auto problem = [](const CrossEntropy& objective) {
    const Hgrn2 model{small_shape()};
    Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
    const std::string from_trainer =
        message_of([&] { Trainer trainer{model, weights, AdamW{}, Cosine{}, objective}; });
    Workspace<Hgrn2, Reference<double>> workspace{model, 12};
    const std::string from_pass = message_of([&] { workspace.add_gradient(weights, HandBatch{}.batch(), objective); });
    BOOST_TEST(from_trainer == from_pass);
    return from_trainer;
  };
  BOOST_TEST(problem({}) == "no error");
  BOOST_TEST(problem({{}, 0}) == "cross-entropy: a block must have at least 1 token, found 0");
  BOOST_TEST(problem({{}, -3}) == "cross-entropy: a block must have at least 1 token, found -3");
  BOOST_TEST(problem({{.label_smoothing = 1.5}}) == "cross-entropy: label smoothing must be in [0, 1], found 1.5");
  BOOST_TEST(problem({{.label_smoothing = std::nan("")}}) == "cross-entropy: label smoothing must be in [0, 1], found nan");
  BOOST_TEST(problem({{.z_loss = -1}}) == "cross-entropy: z_loss must be at least 0, found -1");
}

// The loss of a quarter of it and the rest.
struct InParts {
  CrossEntropy cross_entropy{};
  void check() const { cross_entropy.check(); }
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    auto losses = cross_entropy.gradient(c, w, pass, scale, dw);
    losses.parts = {{{"quarter", losses.sum / 4}, {"rest", losses.sum * 3 / 4}}};
    return losses;
  }
};

BOOST_AUTO_TEST_CASE(parts_of_a_loss_reach_the_report) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  const Hgrn2 model{small_shape()};
  Parameters<Hgrn2, Reference<double>> weights{model, Seed{1}};
  Trainer trainer{model, weights, AdamW{}, Cosine{}, InParts{}, {.accumulate = 3}};
  Index steps = 0;
  trainer.on_step([&](const StepReport& report) {
    ++steps;
    BOOST_TEST(report.parts[0].name == "quarter");
    BOOST_TEST(report.parts[0].sum == report.loss / 4, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(report.parts[1].sum == report.loss * 3 / 4, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(report.parts[2].name.empty());
  });
  trainer.run(batches, 2);
  BOOST_TEST(steps == 2);
}

// Documents of one token have no label: the step passes and changes nothing but the counts.
BOOST_AUTO_TEST_CASE(a_step_without_labels_changes_no_weight) {
  MemoryTokens source{30};
  for (Token token = 0; token < 30; ++token) source.add({token}, 1);
  Batches batches{source, {.rows = 2, .length = 6}};
  Run run{{.average = {WarmedAverage{0.9}}}};
  const auto before = numbers(run.weights.flat());
  double loss = -1;
  run.trainer.on_step([&](const StepReport& report) { loss = report.loss; });
  BOOST_TEST(run.trainer.run(batches, 3));
  BOOST_TEST(loss == 0.0);
  BOOST_TEST(run.trainer.progress().step == 3);
  BOOST_TEST(run.trainer.progress().tokens == 36);
  BOOST_TEST((before == numbers(run.weights.flat())));
  BOOST_TEST((before == numbers(run.trainer.result().flat())));
  for (const auto& one : run.trainer.tensors())
    if (!one.name.starts_with("weights.") && !one.name.starts_with("average."))
      BOOST_TEST(run.trainer.workspace().context().sum_of_squares(one.tensor) == 0.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
