// Training in bf16 beside training in float32: the same seed on a real text, byte by byte - the project's own documentation.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/train/trainer.hpp>

#include "train/small_run.hpp"

namespace rondo::test {
namespace {

const MemoryTokens& documentation() {
  static const MemoryTokens tokens = [] {
    MemoryTokens all{256};
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(RONDO_SOURCE) / "docs/how_to"))
      if (entry.path().extension() == ".md") names.push_back(entry.path().string());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      std::ifstream file{name, std::ios::binary};
      const std::string text{std::istreambuf_iterator<char>{file}, {}};
      std::vector<Token> ids;
      for (const char letter : text) ids.push_back(static_cast<unsigned char>(letter));
      all.add(ids);
    }
    return all;
  }();
  return tokens;
}

struct Course {
  std::vector<double> losses;
  std::vector<float> weights;
};
template <class Model>
Course course(Precision precision, Index steps, const Shape& shape) {
  const Model model{shape};
  Parameters<Model, Cpu> weights{model, Seed{1}};
  Trainer<Model, Cpu> trainer{model, weights, AdamW{.rate = 3e-3}, Cosine{.warmup = 10}, CrossEntropy{}, {.precision = precision}};
  Batches batches{documentation(), BatchOptions{.rows = 4, .length = 128, .packing = Packing::windows, .seed = Seed{1}}};
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

template <class Model>
void ends_alike(const std::string& name, Shape shape = {.vocabulary = 256, .width = 64, .depth = 2, .heads = 2, .mlp_width = 128}) {
  const Course exact = course<Model>(Precision::float32, 90, shape), rounded = course<Model>(Precision::bf16, 90, shape);
  BOOST_TEST_MESSAGE(name << ": " << end_of(exact) << " in float32, " << end_of(rounded) << " in bf16");
  BOOST_TEST(end_of(exact) < exact.losses.front() - 2);  // it has learned
  BOOST_TEST(std::abs(end_of(rounded) / end_of(exact) - 1) < 0.003);
  BOOST_TEST((exact.weights != rounded.weights));
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
