// What a teacher's pass puts into its cache, against the model's own log-probabilities chunk by chunk; and a student that learns from it.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/data/batches.hpp>
#include <rondo/evaluate/teacher_pass.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/objective/distillation.hpp>
#include <rondo/objective/stored_teacher.hpp>
#include <rondo/train/workspace.hpp>

#include "evaluate/random_weights.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

namespace tt = boost::test_tools;

constexpr Index vocabulary = 23, chunk = 5;
const Hgrn2 model{Shape{.vocabulary = vocabulary, .width = 8, .depth = 2, .heads = 2, .mlp_width = 12}};

// Documents of these lengths; with a token that ends texts that is the last of each.
MemoryTokens documents(Token end_of_text, std::initializer_list<Index> lengths = {1, 13, 2, 5, 6, 10}) {
  MemoryTokens data{vocabulary, end_of_text};
  std::uint64_t drawn = 0;
  for (const Index length : lengths) {
    std::vector<Token> document;
    for (Index i = 0; i < length; ++i) document.push_back(static_cast<Token>(1 + below(RandomKey{3}, drawn++, vocabulary - 1)));
    if (end_of_text >= 0) document.back() = end_of_text;
    data.add(document);
  }
  return data;
}
TeacherCacheInfo info_of(const MemoryTokens& data, Index top, double temperature = 1) {
  return {.vocabulary = vocabulary, .top = static_cast<std::uint64_t>(top), .tokens = static_cast<std::uint64_t>(data.tokens()), .chunk = chunk,
          .temperature = temperature};
}
template <class Backend>
struct Teacher {
  Parameters<Hgrn2, Backend> weights = random_weights<Backend>(model);
  EvaluationOf<Hgrn2, Backend> evaluation{model, weights};
};
template <class Backend>
void write_cache(const std::filesystem::path& path, const MemoryTokens& data, Index top, double temperature = 1, Index batch_tokens = 16) {
  const Teacher<Backend> teacher;
  TeacherCacheWriter writer{path, info_of(data, top, temperature)};
  TeacherPass<Backend>{teacher.evaluation}.write(data, writer, {.chunk = chunk, .batch_tokens = batch_tokens});
  writer.commit();
}

// Of every token the log-softmax of its chunk's logits at the temperature, the model fed with nothing else; empty where nothing predicts it.
std::vector<std::vector<double>> expected_of(const MemoryTokens& data, double temperature) {
  const Teacher<Reference<double>> teacher;
  std::vector<std::vector<double>> result(static_cast<std::size_t>(data.tokens()));
  for (Index d = 0; d < data.documents(); ++d) {
    const Index first = data.begin_of(d).tokens, last = data.begin_of(d + 1).tokens, ahead = data.end_of_text() >= 0 ? 1 : 0;
    for (Index begin = first; begin < last; begin += chunk) {
      // The token before each that is predicted: of a text that ends documents one that is before this document.
      const Index count = std::min(begin + chunk, last) - begin;
      std::vector<Token> inputs(static_cast<std::size_t>(count));
      for (Index i = 0; i < count; ++i) {
        const Index token = begin + i - ahead;
        inputs[static_cast<std::size_t>(i)] = token < first ? data.end_of_text() : *data.all().middle(token, 1).data;
      }
      std::vector<std::vector<double>> rows = log_softmax_of<Reference<double>>(model, teacher.weights, inputs);
      for (Index i = 0; i < count && begin + i + 1 - ahead < last; ++i) {
        std::vector<double>& row = rows[static_cast<std::size_t>(i)];
        double sum = 0;
        for (double& value : row) value /= temperature, sum += std::exp(value);
        for (double& value : row) value -= std::log(sum);
        result[static_cast<std::size_t>(begin + i + 1 - ahead)] = row;
      }
    }
  }
  return result;
}

template <class Backend>
void expect_cache(Token end_of_text, double temperature) {
  const TemporaryFolder folder;
  const MemoryTokens data = documents(end_of_text);
  constexpr Index top = 4;
  write_cache<Backend>(folder / "cache", data, top, temperature);
  const TeacherCache cache{folder / "cache"};
  const std::vector<std::vector<double>> expected = expected_of(data, temperature);
  for (Index token = 0; token < data.tokens(); ++token) {
    const std::vector<double>& row = expected[static_cast<std::size_t>(token)];
    std::vector<Token> ids(top);
    std::vector<double> stored(top + 1);
    const std::string problem = message_of([&] { cache.read(token, ids.data(), stored.data()); });
    if (row.empty()) {
      BOOST_TEST(has(problem, "begins a document"));
      continue;
    }
    BOOST_TEST_REQUIRE(problem == "no error");
    std::vector<Token> order(vocabulary);
    std::iota(order.begin(), order.end(), Token{0});
    std::stable_sort(order.begin(), order.end(), [&](Token a, Token b) { return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)]; });
    double rest = 0;
    for (std::size_t i = 0; i < vocabulary; ++i) {
      const double log_probability = row[static_cast<std::size_t>(order[i])];
      if (i >= top) {
        rest += std::exp(log_probability);
        continue;
      }
      BOOST_TEST(ids[i] == order[i]);
      BOOST_TEST(std::abs(stored[i] - log_probability) < 2e-4);
    }
    BOOST_TEST(std::abs(stored[top] - std::log(rest)) < 2e-4);
  }
}

BOOST_AUTO_TEST_SUITE(teacher_pass)

BOOST_AUTO_TEST_CASE(every_token_has_what_the_teacher_holds_of_it) {
  for (const Token end_of_text : {0, -1}) {
    expect_cache<Reference<double>>(end_of_text, 1);
    expect_cache<Cpu>(end_of_text, 1);
    expect_cache<Cpu>(end_of_text, 2.5);
  }
}

BOOST_AUTO_TEST_CASE(of_equal_logits_the_smaller_id_comes_first) {
  const std::vector<double> logits{1, 3, 2, 3, 2, 2};
  std::vector<Token> ids(4);
  std::vector<double> log_probabilities(5);
  const auto rule = [&](Index k) {
    TopOutcomesRow{}(View<const double>{logits.data(), 1, 6}, View<Token>{ids.data(), 1, k}, View<double>{log_probabilities.data(), 1, k + 1});
  };
  rule(4);
  BOOST_TEST(ids == (std::vector<Token>{1, 3, 2, 4}), tt::per_element());
  const double all = std::exp(1.0) + 3 * std::exp(2.0) + 2 * std::exp(3.0);
  BOOST_TEST(log_probabilities[0] == 3 - std::log(all), tt::tolerance(1e-13));
  BOOST_TEST(log_probabilities[3] == 2 - std::log(all), tt::tolerance(1e-13));
  BOOST_TEST(log_probabilities[4] == std::log((std::exp(1.0) + std::exp(2.0)) / all), tt::tolerance(1e-13));
  ids.resize(6);
  log_probabilities.resize(7);
  rule(6);
  BOOST_TEST(ids == (std::vector<Token>{1, 3, 2, 4, 5, 0}), tt::per_element());
  BOOST_TEST(std::isinf(log_probabilities[6]));
}

BOOST_AUTO_TEST_CASE(a_stopped_pass_goes_on_wherever_it_stopped) {
  const TemporaryFolder folder;
  struct Stopped {};
  for (const Token end_of_text : {0, -1}) {
    const MemoryTokens data = documents(end_of_text);
    write_cache<Cpu>(folder / "whole", data, 3);
    for (Index stop = 0; stop < data.tokens(); ++stop) {
      const Teacher<Cpu> teacher;
      {
        TeacherCacheWriter writer{folder / "cache", info_of(data, 3)};
        try {
          TeacherPass<Cpu>{teacher.evaluation}.write(data, writer, {.chunk = chunk, .batch_tokens = 6}, [&](Index written) {
            if (written >= stop) throw Stopped{};
          });
        } catch (const Stopped&) {
        }
        writer.cut_to(std::min(stop, writer.written()));
      }
      TeacherCacheWriter writer{folder / "cache", info_of(data, 3)};
      BOOST_TEST_REQUIRE(writer.written() == stop);
      TeacherPass<Cpu>{teacher.evaluation}.write(data, writer, {.chunk = chunk, .batch_tokens = 16});
      writer.commit();
      BOOST_TEST_REQUIRE((content(folder / "cache") == content(folder / "whole")));
    }
  }
}

template <class ObjectiveType>
std::pair<double, std::vector<double>> gradient_of(const ObjectiveType& objective, const Batch& batch) {
  const Parameters<Hgrn2, Cpu> weights = random_weights<Cpu>(model, Seed{9});
  Workspace<Hgrn2, Cpu> workspace{model, batch.ids.columns};
  const auto losses = workspace.add_gradient(weights, batch, objective, 1);
  const auto flat = workspace.gradients().flat();
  return {static_cast<double>(losses.sum), std::vector<double>(flat.data, flat.data + flat.size())};
}

// All outcomes are stored, and documents have the length of a row: the student learns what it would of the teacher itself, in any order.
BOOST_AUTO_TEST_CASE(a_student_learns_from_a_cache_what_it_does_from_its_teacher) {
  const TemporaryFolder folder;
  const auto teacher = std::make_shared<Teacher<Cpu>>();
  const LiveTeacher<Cpu> live{std::shared_ptr<const Evaluation<Cpu>>{teacher, &teacher->evaluation}};
  for (const Token end_of_text : {0, -1}) {
    const MemoryTokens data = documents(end_of_text, {chunk, chunk, chunk, chunk, chunk, chunk, chunk});
    write_cache<Cpu>(folder / "cache", data, vocabulary, 2);
    const StoredTeacher stored{std::make_shared<TeacherCache>(folder / "cache")};
    const DistillationOptions options{.alpha = 1, .temperature = 2};
    Batches batches{data, {.rows = 3, .length = chunk, .shuffled = true, .epochs = 2, .seed = Seed{4}}};
    int drawn = 0;
    for (Batch batch; batches.next(batch); ++drawn) {
      const auto [loss, gradient] = gradient_of(Distillation{ForwardKl{}, live, options}, batch);
      const auto [loss_of_cache, gradient_of_cache] = gradient_of(Distillation{ForwardKl{}, stored, options}, batch);
      BOOST_TEST(loss_of_cache == loss, tt::tolerance(2e-3));
      double largest = 0, difference = 0;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        largest = std::max(largest, std::abs(gradient[i]));
        difference = std::max(difference, std::abs(gradient[i] - gradient_of_cache[i]));
      }
      BOOST_TEST(difference < 2e-3 * largest);
    }
    BOOST_TEST(drawn > 4);
  }
}

BOOST_AUTO_TEST_CASE(what_a_cache_is_not_of_is_refused) {
  const TemporaryFolder folder;
  const MemoryTokens data = documents(0);
  write_cache<Cpu>(folder / "cache", data, 3, 2);
  const StoredTeacher stored{std::make_shared<TeacherCache>(folder / "cache")};
  BOOST_TEST(message_of([&] { stored.check(vocabulary, 2); }) == "no error");
  BOOST_TEST(message_of([&] { stored.check(vocabulary, 1); }) == "distillation: the stored outcomes are of temperature 2, asked for is 1");
  BOOST_TEST(message_of([&] { stored.check(7, 2); }) == "distillation: the teacher has a vocabulary of 23, the student one of 7");
  Batches batches{data, {.rows = 1, .length = 4}};
  Batch batch;
  batches.next(batch);
  const std::vector<Sequence> nowhere{{0, 4, 0}};
  batch.sequences = nowhere;
  BOOST_TEST(has(message_of([&] { gradient_of(Distillation{ForwardKl{}, stored, {.temperature = 2}}, batch); }),
                 "the batch does not say which tokens of the data it has"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
