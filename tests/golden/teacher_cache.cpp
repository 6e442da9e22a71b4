// Teachers' recorded logits through a cache's file: the recorded ids, and the loss that a cache of unrounded numbers has.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <filesystem>
#include <vector>

#include <rondo/data/teacher_cache.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/safetensors.hpp>
#include <rondo/objective/compared_stored_rows.hpp>
#include <rondo/objective/top_outcomes.hpp>

#include "io/temporary_folder.hpp"
#include "support/shared.hpp"

namespace rondo::test {
namespace {

namespace fs = std::filesystem;

void expect_cache(const fs::path& folder, const Json& cache) {
  const std::string name = (folder / cache["file"].get<std::string>()).string();
  BOOST_TEST_CONTEXT(name) {
    const SafetensorsFile file{name};
    const auto k = cache["k"].get<Index>(), vocabulary = cache["V"].get<Index>();
    const auto temperature = cache["temperature"].get<double>();
    const auto teacher = file.tensor("teacher").read<double>(), student = file.tensor("student").read<double>();
    const auto expected = file.tensor("ids").read<std::int64_t>(), labels = file.tensor("labels").read<std::int64_t>();
    const Index tokens = std::ssize(labels);
    const TemporaryFolder own;
    TeacherCacheWriter writer{own / "cache",
                              {.vocabulary = static_cast<std::uint64_t>(vocabulary),
                               .top = static_cast<std::uint64_t>(k),
                               .tokens = static_cast<std::uint64_t>(tokens),
                               .temperature = temperature}};
    std::vector<Token> ids(static_cast<std::size_t>(k));
    std::vector<double> log_probabilities(static_cast<std::size_t>(k + 1)), kept(static_cast<std::size_t>(2 * (k + 1)));
    std::vector<double> statistics(static_cast<std::size_t>(RowStatistics::count(1)));
    const View<Token> ids_row{ids.data(), 1, k};
    const View<double> log_row{log_probabilities.data(), 1, k + 1};
    for (Index t = 0; t < tokens; ++t) {
      TopOutcomesRow{temperature}(View<const double>{teacher.data() + t * vocabulary, 1, vocabulary}, ids_row, log_row);
      for (Index i = 0; i < k; ++i) BOOST_TEST(ids[static_cast<std::size_t>(i)] == expected.at(static_cast<std::size_t>(t * k + i)));
      writer.append(ids, std::vector<float>(log_probabilities.begin(), log_probabilities.end()));
    }
    writer.commit();

    const TeacherCache stored{own / "cache"};
    double sum = 0, count = 0;
    for (Index t = 0; t < tokens; ++t) {
      if (labels[static_cast<std::size_t>(t)] < 0) continue;
      stored.read(t, ids.data(), log_probabilities.data());
      std::vector<double> row(student.begin() + t * vocabulary, student.begin() + (t + 1) * vocabulary);
      const auto label = static_cast<Token>(labels[static_cast<std::size_t>(t)]);
      CompareStoredRow<ForwardKl> rule;
      rule.temperature = temperature;
      rule.outcomes = vocabulary;
      rule(View<double>{row.data(), 1, vocabulary}, View<const Token>(ids_row), View<const double>(log_row),
           View<double>{kept.data(), 1, 2 * (k + 1)}, View<const Token>{&label, 1, 1},
           View<double>{statistics.data(), 1, std::ssize(statistics)});
      sum += statistics[RowStatistics::value];
      ++count;
    }
    const double unrounded = cache["value_from_float64_cache"].get<double>(), halves = cache["value"].get<double>();
    BOOST_TEST(std::abs(sum / count - unrounded) < 2e-4);
    // Of the same size in bfloat16 it is several times as far off.
    BOOST_TEST(std::abs(sum / count - unrounded) < 0.2 * std::abs(halves - unrounded));
  }
}

BOOST_AUTO_TEST_SUITE(teacher_caches)

BOOST_AUTO_TEST_CASE(recorded_logits, *needs_shared("golden/distillation")) {
  int caches = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shared("golden/distillation"))) {
    if (entry.path().filename() != "golden.json") continue;
    const Json golden = read_json(entry.path(), BareNumbers::allowed);
    if (!golden.contains("cache")) continue;
    expect_cache(entry.path().parent_path(), golden["cache"]);
    ++caches;
  }
  BOOST_TEST(caches > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
