// Training in bf16 beside training in float32: the same seeds on text of the built-in grammar, byte by byte.
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
#include <rondo/train/trainer.hpp>

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
