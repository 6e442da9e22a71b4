// A whole model trained, saved, resumed, scored and asked in memory that the host cannot touch: the numbers of Reference, bit for bit.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/trace/trace.hpp>
#include <rondo/evaluate/logits_pass.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/model/checkpoint/writer.hpp>
#include <rondo/testing/guarded.hpp>
#include <rondo/testing/laws.hpp>
#include <rondo/train/grid_gradient.hpp>
#include <rondo/train/training_state.hpp>

#include "io/temporary_folder.hpp"
#include "small_run.hpp"

namespace rondo::test {
namespace {

using Device = testing::Guarded<double>;
using Host = Reference<double>;

// All that runs of a back-end leave: losses, the state of the run, what the model then says.
struct Left {
  std::vector<double> losses, norms, logits, again;
  std::vector<float> scores;
  std::vector<std::vector<double>> tensors;
  friend bool operator==(const Left&, const Left&) = default;
};

template <class Backend>
Left train_and_ask(const std::filesystem::path& folder) {
  Left left;
  Shape shape = small_shape();
  shape.dropout = 0.2;
  const TrainingOptions options{.accumulate = 2, .clip = 0.5, .average = {WarmedAverage{0.9}}, .seed = Seed{4}};
  const MemoryTokens source = small_documents();
  const auto part_of_run = [&](Index stop, bool resumed) {
    Batches batches{source, {.rows = 2, .length = 12}};
    SmallRun<Hgrn2, Backend> run{options, shape};
    if (resumed) batches.seek(load_training_state(folder, run.trainer));
    run.trainer.on_step([&](const StepReport& report) {
      left.losses.push_back(report.loss);
      left.norms.push_back(report.gradient_norm);
      if (report.progress.step == stop) run.trainer.stop();
    });
    run.trainer.run(batches, 8);
    std::filesystem::create_directories(folder);
    save_training_state(folder, run.trainer, batches.position());
    if (!resumed) return;

    const auto& weights = run.trainer.result();
    const auto context = run.trainer.context();  // one for all
    for (const auto& tensor : run.trainer.hosted_tensors()) left.tensors.push_back(tensor.numbers());
    Session session{weights.model(), weights, 4, context};
    for (int round = 0; round < 2; ++round) {
      session.reset();
      session.feed(std::vector<Token>{1, 2, 3, 4, 5, 6});
      const View<const double> logits = session.feed(7);
      (round ? left.again : left.logits).assign(logits.data, logits.data + logits.columns);
    }
    Scorer scorer{weights.model(), weights, 16, context};
    left.scores = scorer.sums(std::vector<std::vector<Token>>{{1, 2, 3, 4}, {5}, {6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, {2, 1}});
    save_model(folder / "model", weights);
  };
  part_of_run(5, false);
  part_of_run(8, true);
  return left;
}

BOOST_AUTO_TEST_SUITE(guarded)

BOOST_AUTO_TEST_CASE(training_and_what_follows_are_those_of_reference) {
  const TemporaryFolder device, host;
  const Left found = train_and_ask<Device>(device.path()), expected = train_and_ask<Host>(host.path());
  BOOST_TEST(expected.losses.size() == 8U);
  BOOST_TEST(expected.losses.back() < expected.losses.front());
  BOOST_TEST(expected.tensors.size() > 40U);
  BOOST_TEST((expected.logits == expected.again));
  BOOST_TEST((found == expected));
  for (const char* file : {"training.safetensors", "model/model.safetensors"})
    BOOST_TEST((MappedFile{device.path() / file}.text() == MappedFile{host.path() / file}.text()), file);
}

BOOST_AUTO_TEST_CASE(a_model_keeps_the_laws) {
  Shape shape{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 13};
  for (const auto& batch : {testing::packed({5, 0, 4}, 0, 1, 2)}) {
    testing::Findings findings = testing::laws<Device>(testing::LogitsOf{Hgrn2Tied{shape}}, batch);
    findings.add(testing::laws<Device>(testing::LossOf{Hgrn2Tied{shape}, CrossEntropy{}}, batch));
    BOOST_TEST(findings.empty(), findings);
  }
}

BOOST_AUTO_TEST_CASE(logits_loss_and_gradients_of_given_tokens) {
  const Hgrn2 model{small_shape()};
  const TokenGrid grid{{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4};
  const auto all = [&]<class Backend>(Backend) {
    Parameters<Hgrn2, Backend> weights{model, Seed{2}};
    Workspace<Hgrn2, Backend> workspace{model, grid.tokens()};
    LogitsPass pass{weights, grid};
    std::vector<double> numbers;
    pass.each_logits([&](View<const double> rows) { numbers.insert(numbers.end(), rows.data, rows.data + rows.size()); });
    numbers.push_back(grid_gradient(workspace, weights, grid));
    for (const auto& tensor : hosted(workspace.context(), workspace.gradients().tensors()))
      for (const double number : tensor.numbers()) numbers.push_back(number);
    return numbers;
  };
  BOOST_TEST((all(Device{}) == all(Host{})));
}

// The losses, the norm, the clipping and what the optimiser makes of them stay where they are: the host waits once, after the update.
BOOST_AUTO_TEST_CASE(a_warm_step_is_read_once) {
  const MemoryTokens source = small_documents();
  const auto each_form = [&]<class Optimizer>(const Optimizer& optimizer) {
    Batches batches{source, {.rows = 2, .length = 12}};
    const Hgrn2 model{small_shape()};
    Parameters<Hgrn2, Device> weights{model, Seed{1}};
    const auto context = std::make_shared<Device::Context>();
    Trainer trainer{model, weights, optimizer, Cosine{}, CrossEntropy{}, {.accumulate = 2, .clip = 0.5}, context};
    const View<const double, Place::device> flat = weights.flat();
    std::vector<double> first(static_cast<std::size_t>(flat.columns)), updated = first;
    trainer.step(batches, 4);
    for (Index step = 1; step < 4; ++step) {
      context->download(flat, first);
      context->host_reads = 0;
      context->on_read = [&] {
        context->on_read = nullptr;
        context->download(flat, updated);
        --context->host_reads;
      };
      trainer.step(batches, 4);
      BOOST_TEST(context->host_reads == 1, Optimizer::name);
      BOOST_TEST((first != updated), "when the host reads, the update is done");
      context->download(flat, first);
      BOOST_TEST((first == updated));
    }
  };
  std::apply([&](const auto&... one) { (each_form(one), ...); },
             std::tuple{AdamW{}, Adam{}, Lamb{}, Lion{}, Muon{}, ScheduleFreeAdamW{}, Sgd{}});
}

// A step that is not finite leaves everything as it was, and says what a host says.
BOOST_AUTO_TEST_CASE(a_step_that_is_not_finite_changes_nothing) {
  const auto stopped = [&]<class Backend>(Backend) {
    const MemoryTokens source = small_documents();
    Batches batches{source, {.rows = 2, .length = 12}};
    SmallRun<Hgrn2, Backend> run{{.average = {WarmedAverage{0.9}}}};
    run.trainer.step(batches, 4);
    const auto& context = run.trainer.context();
    context->fill(run.weights.tensors().back().tensor, std::numeric_limits<double>::quiet_NaN());
    const auto all = [&] {
      std::vector<std::vector<double>> tensors;
      for (const auto& tensor : run.trainer.hosted_tensors()) {
        tensors.push_back(tensor.numbers());
        for (double& number : tensors.back()) number = std::isnan(number) ? -1 : number;
      }
      return tensors;
    };
    const auto before = all();
    std::string message;
    try {
      run.trainer.step(batches, 4);
    } catch (const NotFinite& found) {
      message = found.what();
    }
    BOOST_TEST((before == all()));
    BOOST_TEST(message.find("step 1: the loss is not finite: weight ") != std::string::npos, message);
    return message;
  };
  BOOST_TEST(stopped(Device{}) == stopped(Host{}));
}

// Where there is no memory at all, owners must not look for it either.
BOOST_AUTO_TEST_CASE(a_training_step_on_trace_touches_no_memory) {
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  SmallRun<Hgrn2, Trace> run{{.clip = 0.5, .average = {WarmedAverage{0.9}}}};
  BOOST_TEST(run.trainer.run(batches, 2));
  BOOST_TEST(run.trainer.context()->counts.launches > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
