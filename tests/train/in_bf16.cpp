// Training in bf16 beside training in float32: the same seeds on text of the built-in grammar, byte by byte; and what is saved for the
// backward pass, rounded.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/data/grammar/corpus.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/train/checkpoints.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/trainer.hpp>
#include <rondo/train/workspace.hpp>

#include <io/temporary_folder.hpp>

#include "train/small_run.hpp"

namespace rondo::test {
namespace {

const MemoryTokens& text() {
  static const MemoryTokens tokens = [] {
    MemoryTokens all{256};
    std::vector<Token> ids;
    for (const char letter : grammar::generate_text(grammar::Lexicon{}, 8000, 1, 0).text) ids.push_back(static_cast<unsigned char>(letter));
    all.add(ids);
    return all;
  }();
  return tokens;
}

struct Course {
  std::vector<double> losses;
  std::vector<float> weights;
};
template <class Model>
Course course(Precision precision, Index steps, const Shape& shape, Seed seed = Seed{1}) {
  const Model model{shape};
  Parameters<Model, Cpu> weights{model, seed};
  Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 3e-3}, Cosine{.warmup = 10}, CrossEntropy{}, {.precision = precision}};
  Batches batches{text(), BatchOptions{.rows = 4, .length = 128, .packing = Packing::windows, .seed = seed}};
  Course result;
  trainer.on_step([&](const StepReport& report) { result.losses.push_back(report.loss); });
  trainer.run(batches, steps);
  BOOST_TEST((trainer.context()->precision() == Precision::float32));  // for whoever measures beside the trainer
  result.weights.assign(weights.flat().data, weights.flat().data + weights.flat().columns);
  return result;
}

// The mean of the last third.
double end_of(const Course& course) {
  const auto third = course.losses.size() / 3;
  double sum = 0;
  for (std::size_t i = course.losses.size() - third; i < course.losses.size(); ++i) sum += course.losses[i];
  return sum / static_cast<double>(third);
}

// A single run's end differs by chance, by 0.3 % of its loss: as much as is judged here. The mean over seeds is known to 0.1 %.
template <class Model>
void ends_alike(const std::string& name, Shape shape = {.vocabulary = 256, .width = 64, .depth = 2, .heads = 2, .mlp_width = 128}) {
  constexpr int seeds = 12;
  double sum = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto run = [&](Precision precision) { return course<Model>(precision, 90, shape, Seed{static_cast<std::uint64_t>(seed)}); };
    const Course exact = run(Precision::float32), rounded = run(Precision::bf16);
    BOOST_TEST(end_of(exact) < exact.losses.front() - 2);  // it has learned
    BOOST_TEST((exact.weights != rounded.weights));
    const double difference = end_of(rounded) / end_of(exact) - 1;
    BOOST_TEST_MESSAGE(name << ": " << end_of(exact) << " in float32, in bf16 by " << difference << " of it more");
    sum += difference;
  }
  BOOST_TEST(std::abs(sum / seeds) < 0.003, "bf16 ends " << sum / seeds << " of float32's loss above it, in the mean over seeds");
}

// A batch of `lengths`, with padding after the second and the last sequence.
struct Texts {
  explicit Texts(const std::vector<Index>& lengths) {
    for (const Index length : lengths) {
      sequences.push_back({std::ssize(ids), length, 0});
      for (Index t = 0; t < length; ++t) add(static_cast<Token>((t * t + 7 * length + 3) % 31), static_cast<Token>((5 * t + length) % 31));
      if (sequences.size() == 2 || sequences.size() == lengths.size()) add(1, no_label);
    }
  }
  void add(Token id, Token label) { ids.push_back(id), labels.push_back(label); }
  [[nodiscard]] Batch batch() const {
    return {{ids.data(), 1, std::ssize(ids)}, {labels.data(), 1, std::ssize(ids)}, sequences, std::ssize(ids), 0};
  }

  std::vector<Token> ids, labels;
  std::vector<Sequence> sequences;
};
constexpr Shape few_tokens{.vocabulary = 31, .width = 32, .depth = 2, .heads = 2, .mlp_width = 48};

// Of the sum of batches' losses, one batch after the other in one workspace.
template <class Model, class Backend>
std::vector<double> gradient_of(const std::vector<std::vector<Index>>& batches, const Shape& shape) {
  const Model model{shape};
  const Parameters<Model, Backend> weights{model, Seed{1}};
  Workspace<Model, Backend> workspace{model, 1};
  workspace.zero_gradients();
  for (const auto& lengths : batches) workspace.add_gradient(weights, Texts{lengths}.batch(), CrossEntropy{});
  const auto flat = workspace.gradients().flat();
  return {flat.data, flat.data + flat.columns};
}
// The norm of the difference, of that of `right`.
double apart(const std::vector<double>& left, const std::vector<double>& right) {
  double difference = 0, all = 0;
  for (std::size_t i = 0; i < right.size(); ++i) difference += (left[i] - right[i]) * (left[i] - right[i]), all += right[i] * right[i];
  return std::sqrt(difference / all);
}

// The gradient of a batch so long that blocks take it in parts: as near to float32 as rounding is, and that of its sequences one by one,
// which are too short for that, up to the order of sums.
template <class Model>
void parts_make_the_gradient(const std::string& name, const Shape& shape = few_tokens) {
  using Rounded = CpuIn<Precision::bf16>;
  const std::vector<Index> lengths{700, 650, 130, 900, 1, 310, 460};
  std::vector<std::vector<Index>> alone;
  for (const Index length : lengths) alone.push_back({length});
  const std::vector<double> whole = gradient_of<Model, Rounded>({lengths}, shape);
  const double rounding = apart(whole, gradient_of<Model, Cpu>({lengths}, shape));
  const double order = apart(whole, gradient_of<Model, Rounded>(alone, shape));
  BOOST_TEST(rounding < 2e-2, name << ": " << rounding << " from float32");
  BOOST_TEST(rounding > 1e-4);
  BOOST_TEST(order < 1e-5, name << ": " << order << " from its sequences alone");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(train_in_bf16)

BOOST_AUTO_TEST_CASE(hgrn2) {
  ends_alike<Hgrn2>("HGRN2");
}
BOOST_AUTO_TEST_CASE(llama) {
  ends_alike<Llama>("Llama");
}
BOOST_AUTO_TEST_CASE(lstm) {
  ends_alike<Lstm>("LSTM");
}

BOOST_AUTO_TEST_CASE(a_batch_in_parts) {
  parts_make_the_gradient<Hgrn2>("HGRN2");
  parts_make_the_gradient<Llama>("Llama");
  parts_make_the_gradient<Lstm>("LSTM", {.vocabulary = 31, .width = 32, .depth = 2});
}

// What is saved rounded is rounded after the forward pass: the hidden vectors are those of a pass that saves nothing.
BOOST_AUTO_TEST_CASE(the_forward_pass_reads_nothing_rounded) {
  using Rounded = CpuIn<Precision::bf16>;
  const Hgrn2 model{few_tokens};
  const Parameters<Hgrn2, Rounded> weights{model, Seed{1}};
  const Texts texts{{40, 60, 25}};
  Rounded::Context c;
  c.begin(texts.sequences, texts.batch().ids);
  const auto saved = c.record(SavedRecords{c.extent()}, model);
  const View<float> trained = c.matrix(c.extent().tokens, few_tokens.width), evaluated = c.matrix(c.extent().tokens, few_tokens.width);
  model.forward(c, weights.record(), trained, saved, {});
  model.evaluate(c, weights.record(), evaluated, {});
  BOOST_TEST(std::equal(trained.data, trained.data + trained.size(), evaluated.data));
}

// A plan of the step says what is saved, to the byte, and that it is about half.
BOOST_AUTO_TEST_CASE(memory_is_planned) {
  const auto expect = [](const auto& model, double most) {
    using Model = std::remove_cvref_t<decltype(model)>;
    const Texts texts{{480, 480, 480, 480, 480}};
    const auto plan = [&](Precision precision) {
      return plan_training_step(model, CrossEntropy{}, texts.sequences, std::ssize(texts.ids), AdamW{}, precision);
    };
    const StepPlan rounded = plan(Precision::bf16), exact = plan(Precision::float32);
    const auto context = std::make_shared<CpuIn<Precision::bf16>::Context>();
    Workspace<Model, CpuIn<Precision::bf16>> workspace{model, std::ssize(texts.ids), context};
    const Parameters<Model, CpuIn<Precision::bf16>> weights{model, Seed{1}};
    workspace.add_gradient(weights, texts.batch(), CrossEntropy{});
    const std::size_t own = static_cast<std::size_t>(2 * std::ssize(texts.ids) * model.shape().width) * sizeof(float);
    BOOST_TEST(rounded.saved + own == workspace.activation_bytes());
    BOOST_TEST(static_cast<double>(rounded.saved) < most * static_cast<double>(exact.saved));
    BOOST_TEST(rounded.scratch < exact.scratch);
    BOOST_TEST(rounded.operations_per_token == exact.operations_per_token);
    BOOST_TEST(rounded.scratch <= context->scratch.high_water() + own);  // kernels take some of their own
  };
  const Shape shape{.vocabulary = 31, .width = 64, .depth = 4, .heads = 2, .mlp_width = 160};
  expect(Hgrn2{shape}, 0.6);
  expect(Llama{shape}, 0.6);
}

// With batches that accumulate and dropout, bit for bit.
BOOST_AUTO_TEST_CASE(a_run_that_stopped_goes_on) {
  const MemoryTokens source = small_documents();
  const TemporaryFolder folder;
  Shape shape = small_shape();
  shape.dropout = 0.1;
  const auto train = [&](bool goes_on, Index stop) {
    Batches batches{source, {.rows = 2, .length = 12, .epochs = 0}};
    SmallRun<Hgrn2, Cpu> run{{.accumulate = 2, .precision = Precision::bf16}, shape};
    if (goes_on) batches.seek(load_training_state(folder.path(), run.trainer));
    run.trainer.on_step([&](const StepReport& report) {
      if (report.progress.step == stop) run.trainer.stop();
    });
    run.trainer.run(batches, 8);
    if (!goes_on) save_training_state(folder.path(), run.trainer, batches.position());
    return numbers(run.weights.flat());
  };
  const auto straight = train(false, 8);
  BOOST_TEST((train(false, 3) != straight));
  BOOST_TEST((train(true, 8) == straight));
}

BOOST_AUTO_TEST_CASE(same_bits_on_any_number_of_threads) {
  const Shape shape{.vocabulary = 256, .width = 64, .depth = 2, .heads = 2, .mlp_width = 128};
  use_threads(1);
  const Course one = course<Hgrn2>(Precision::bf16, 6, shape);
  for (const int threads : {2, 3}) {
    use_threads(threads);
    BOOST_TEST((course<Hgrn2>(Precision::bf16, 6, shape).weights == one.weights), threads << " threads");
  }
  use_threads(0);
}

// A back-end that has no other products says so before the first step.
BOOST_AUTO_TEST_CASE(reference) {
  BOOST_CHECK_EXCEPTION((SmallRun<Hgrn2, Reference<double>>{{.precision = Precision::bf16}}), Error,
                        [](const Error& problem) { return std::string(problem.what()).find("not in bf16") != std::string::npos; });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
