// Recorded prediction files of both pipelines, scored: the recorded scores, from the predictions and the data alone.
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

#include <rondo/app/benchmark_tasks.hpp>
#include <rondo/evaluate/predictions.hpp>
#include <rondo/io/json.hpp>

#include "support/shared.hpp"

namespace rondo::test {
namespace {

namespace fs = std::filesystem;

// What golden.json has of a task by the rules of a pipeline.
double recorded(const Json& scores, const std::string& task, const std::string& year) {
  const std::string choice = (year == "2024" ? "lm_eval" : "pipeline") + std::string(".choice_by_sum");
  if (task == "blimp") return scores["blimp"][choice]["macro"].get<double>();
  if (task == "blimp_supplement") return scores["supplement"][choice]["macro"].get<double>();
  if (task == "ewok") return scores["ewok"][year == "2024" ? "lm_eval_2024" : "pipeline"]["macro"].get<double>();
  if (task == "entity_tracking") return scores["entity_tracking"]["run.py (mean of splits)"].get<double>();
  if (task == "comps") return scores["comps"]["macro"].get<double>();
  return scores[task]["spearman"].get<double>();
}

void expect_scores(const fs::path& file, const fs::path& data, const Json& golden) {
  const std::string name = file.stem().string(), begin = "predictions_";  // predictions_YEAR_MODEL
  const std::string year = name.substr(begin.size(), 4), model = name.substr(begin.size() + 5);
  int tasks = 0;
  const Json predictions = read_json(file);
  for (const app::SuiteTask& task : app::suite_tasks()) {
    if (task.kind == app::TaskKind::reading || !predictions.contains(task.name)) continue;
    BOOST_TEST_CONTEXT(name << ": " << task.name) {
      const auto source = app::source_of(task, {data}, false);
      BOOST_TEST_REQUIRE(source.has_value());
      const PredictedTask scored = score_predictions(*app::read_task({task, *source}, "").choices(), predictions[task.name], name + ": " + task.name);
      BOOST_TEST(scored.score.estimate.score == recorded(golden["scores"][model], task.name, year), boost::test_tools::tolerance(1e-9));
      BOOST_TEST(scored.missing.empty());
      ++tasks;
    }
  }
  BOOST_TEST(tasks >= 3, name);
}

BOOST_AUTO_TEST_SUITE(predictions)

BOOST_AUTO_TEST_CASE(recorded_predictions_have_the_recorded_scores, *needs_shared("golden/evaluation")) {
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(shared("golden/evaluation"))) {
    if (!entry.path().filename().string().starts_with("predictions_")) continue;
    const fs::path folder = entry.path().parent_path();
    expect_scores(entry.path(), folder / "data", read_json(folder / "golden.json", BareNumbers::allowed));
    ++files;
  }
  BOOST_TEST(files > 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
