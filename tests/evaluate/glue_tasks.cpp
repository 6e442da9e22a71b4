// The tasks of GLUE: what their files may hold, how predictions are judged, when to stop.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <rondo/evaluate/glue_tasks.hpp>
#include <rondo/train/early_stopping.hpp>

#include "io/temporary_folder.hpp"

namespace rondo {
namespace {

LabelCounts counted(Index classes, const std::vector<std::pair<Index, Index>>& items) {
  LabelCounts counts{classes};
  for (const auto& [label, predicted] : items) counts.add(label, predicted);
  return counts;
}

BOOST_AUTO_TEST_SUITE(glue_tasks_and_metrics)

// The jackknife by its definition: leave each item out.
BOOST_AUTO_TEST_CASE(errors_of_metrics) {
  std::vector<std::pair<Index, Index>> items;
  for (Index i = 0; i < 23; ++i) items.emplace_back(i * i % 3, (i * i + (i % 4 == 0 ? 1 : 0)) % 3);
  for (const ClassMetric metric : {ClassMetric::f1, ClassMetric::mcc}) {
    std::vector<double> without;
    for (std::size_t i = 0; i < items.size(); ++i) {
      auto others = items;
      others.erase(others.begin() + static_cast<Index>(i));
      without.push_back(metric_of(counted(3, others), metric));
    }
    double mean = 0, squares = 0;
    const auto n = static_cast<double>(items.size());
    for (const double each : without) mean += each / n;
    for (const double each : without) squares += (each - mean) * (each - mean);
    BOOST_TEST(std::abs(estimate(counted(3, items), metric).standard_error - std::sqrt((n - 1) / n * squares)) < 1e-14);
    BOOST_TEST(squares > 0);
  }
  const LabelCounts counts = counted(3, items);
  const auto accuracy = estimate(counts, ClassMetric::accuracy);
  BOOST_TEST(accuracy.standard_error == std::sqrt(accuracy.value * (1 - accuracy.value) / 23));
  BOOST_TEST(estimate(counts, ClassMetric::f1).value == counts.macro_f1());
  BOOST_TEST(estimate(counted(2, {{1, 1}, {0, 1}}), ClassMetric::f1).value == 2.0 / 3);
}

BOOST_AUTO_TEST_CASE(early_stopping_waits) {
  EarlyStopping stopping{.patience = 2, .threshold = 0.1};
  BOOST_TEST(stopping.see(0.0));
  BOOST_TEST(stopping.see(0.05));  // better, though by less than the threshold
  BOOST_TEST(stopping.best_at == 2);
  BOOST_TEST(!stopping.over());
  BOOST_TEST(stopping.see(0.2));
  BOOST_TEST(stopping.waited == 0);
  BOOST_TEST(!stopping.see(0.2));
  BOOST_TEST(!stopping.see(0.1));
  BOOST_TEST(stopping.over());
  BOOST_TEST(stopping.best == 0.2);
  EarlyStopping never{};
  for (int i = 0; i < 100; ++i) never.see(0);
  BOOST_TEST(!never.over());
  BOOST_TEST(never.best_at == 1);
}

BOOST_AUTO_TEST_CASE(lines_of_a_task) {
  const auto read = [](const char* task, const std::string& line) {
    return read_class_example(glue_task(task), parse_json(line, "line"), "f.jsonl:3");
  };
  const ClassExample wsc = read("wsc", R"({"span1_text": "Jo", "span2_text": "she", "text": "Jo left; she {ran}.", "label": true})");
  BOOST_TEST(wsc.first == "Does \"she\" refer to \"Jo\" in this passage?");
  BOOST_TEST(*wsc.second == "Jo left; she {ran}.");
  BOOST_TEST(wsc.label == 1);
  BOOST_TEST(read("mnli", R"({"premise": "a", "hypothesis": "b", "label": "contradiction"})").label == 2);
  BOOST_TEST(!read("cola", R"({"sentence": "a", "label": 0, "source": "x"})").second.has_value());
  const auto refused = [&](const char* task, const std::string& line, const std::string& message) {
    BOOST_CHECK_EXCEPTION(read(task, line), Error, [&](const Error& error) {
      BOOST_TEST(error.what() == message);
      return true;
    });
  };
  refused("rte", R"({"sentence1": "a", "label": 0})", "f.jsonl:3: 'sentence2': missing; expected a text");
  refused("rte", R"({"sentence1": "a", "sentence2": 7, "label": 0})", "f.jsonl:3: 'sentence2': expected a text, found 7");
  refused("rte", R"({"sentence1": "a", "sentence2": "b"})",
          "f.jsonl:3: 'label': missing; expected a class of rte, 0 to 1 (entailment, not_entailment)");
  for (const char* label : {"2", "-1", "0.5", "\"maybe\"", "null"})
    refused("rte", std::string(R"({"sentence1": "a", "sentence2": "b", "label": )") + label + "}",
            std::string("f.jsonl:3: 'label': expected a class of rte, 0 to 1 (entailment, not_entailment), found ") + label);
  refused("mnli", R"({"premise": "a", "hypothesis": "b", "label": true})",
          "f.jsonl:3: 'label': expected a class of mnli, 0 to 2 (entailment, neutral, contradiction), found true");
  refused("rte", "[]", "f.jsonl:3: expected an object of texts and a label");
}

BOOST_AUTO_TEST_CASE(files_of_a_task) {
  const test::TemporaryFolder folder;
  const auto file = glue_file(folder.path(), "sst2", "valid");
  BOOST_TEST(file.filename() == "sst2.valid.jsonl");
  write_file(file, "{\"sentence\": \"good\", \"label\": 1}\n\n{\"sentence\": \"bad\", \"label\": 0}\n{\"sentence\": \"so so\", \"label\": 1}\n");
  const auto examples = read_glue_file(glue_task("sst2"), file);
  BOOST_TEST(examples.size() == 3U);
  BOOST_TEST(label_frequencies(glue_task("sst2"), examples) == (std::vector<Index>{1, 2}));
  write_file(file, "{\"sentence\": \"good\", \"label\": 1}\n{\"sentence\": \"bad\", \"label\": 3}\n");
  BOOST_CHECK_EXCEPTION(static_cast<void>(read_glue_file(glue_task("sst2"), file)), Error, [](const Error& error) {
    return std::string(error.what()).find("sst2.valid.jsonl:2: 'label': expected") != std::string::npos;
  });
  write_file(file, "\n");
  BOOST_CHECK_THROW(static_cast<void>(read_glue_file(glue_task("sst2"), file)), Error);
  BOOST_CHECK_EXCEPTION(static_cast<void>(glue_task("mrcp")), Error, [](const Error& error) {
    return std::string(error.what()).find("did you mean 'mrpc'?") != std::string::npos;
  });
  const std::vector<Index> predicted{1, 0};
  BOOST_TEST(predictions_json("sst2", predicted).dump() == R"({"predictions":[{"id":"sst2_0","pred":1},{"id":"sst2_1","pred":0}]})");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo
