// Prediction files, as the BabyLM challenge's pipelines write them and authors release them, against the data that they are of.
//
//   {"blimp": {"adjunct_island": {"predictions": [{"id": "adjunct_island_0", "pred": " Who should ..."}, ...]}, ...},
//    "glue": {"rte": {"predictions": [{"id": "rte_0", "pred": 1}, ...]}, ...}}
//
// Tasks, their subsets, and a prediction for each item of a subset, in order: of choices (rondo/evaluate/choice_task.hpp) the text of the
// option that was chosen, a space before it or not, of a rank correlation the probability of the first, too ("prob"); of GLUE the class.
//
//   PredictedTask scored = score_predictions(task, predictions["blimp"], "file.json: blimp");
//   PredictedTask glue = score_glue_predictions(folder, predictions["glue"], "file.json: glue", GlueMetrics::of_each_task);
//
// Scores are those of the task (score_of); of GLUE the mean over its tasks of what each is judged by, or of accuracies. Items are told as
// rondo/evaluate/item_results.hpp reads them. Subsets of the data without predictions are left out and named. Throws Error where
// predictions do not belong to the data: other subsets, another number, another id, a text of no option, no class.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/evaluate/choice_task.hpp>
#include <rondo/evaluate/glue_tasks.hpp>
#include <rondo/evaluate/label_counts.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

struct PredictedTask {
  std::string name;
  TaskScore score;
  std::vector<std::string> measures;  // of the score's subsets, or of the one number
  std::vector<std::string> missing;   // subsets of the data without predictions
};
using EachItem = std::function<void(const Json& item)>;

// The predictions of a subset: an array of objects, of which each has the id of its place.
class SubsetPredictions {
 public:
  SubsetPredictions(const Json& subsets, const std::string& subset, const std::string& place)
      : subset_(subset), place_(place + "." + subset), list_(&subsets[subset]) {
    require(list_->is_object() && list_->contains("predictions") && (*list_)["predictions"].is_array(), place_,
            R"(: expected an object with an array "predictions")");
    list_ = &(*list_)["predictions"];
  }
  void require_items(std::size_t items, const std::string& of) const {
    require(list_->size() == items, place_, ": ", list_->size(), " predictions, ", of, " has ", items, " items");
  }
  [[nodiscard]] const Json& operator[](std::size_t i) const {
    const Json& one = (*list_)[i];
    const std::string id = subset_ + "_" + std::to_string(i);
    require(one.is_object() && one.contains("id") && one["id"] == id && one.contains("pred"), place_, ": prediction ", i + 1,
            ": expected an object with id '", id, "' and a member 'pred', found ", one.dump());
    return one;
  }
  [[nodiscard]] Error wrong(std::size_t i, const std::string& expected) const {
    return error(place_, ": ", subset_, "_", i, ": expected ", expected, ", found ", (*list_)[i]["pred"].dump());
  }

 private:
  std::string subset_, place_;
  const Json* list_;
};

inline void require_subsets(const Json& subsets, const std::string& place, const std::vector<std::string>& known) {
  require(subsets.is_object() && !subsets.empty(), place, ": expected an object of subsets, found ", subsets.type_name());
  for (const auto& [subset, predictions] : subsets.items())
    require(std::find(known.begin(), known.end(), subset) != known.end(), place, ".", subset, ": the data has no such subset");
}

// `task` is left with the subsets that have predictions.
[[nodiscard]] inline PredictedTask score_predictions(ChoiceTask task, const Json& subsets, const std::string& place,
                                                     const EachItem& each = {}) {
  PredictedTask result{task.name, {}, {}, {}};
  std::vector<std::string> known;
  for (const ChoiceSubset& subset : task.subsets) {
    known.push_back(subset.name);
    if (!subsets.contains(subset.name)) result.missing.push_back(subset.name);
  }
  require_subsets(subsets, place, known);
  std::erase_if(task.subsets, [&](const ChoiceSubset& subset) { return !subsets.contains(subset.name); });
  std::vector<ChoiceOutcome> outcomes;
  for (const ChoiceSubset& subset : task.subsets) {
    const SubsetPredictions predictions{subsets, subset.name, place};
    predictions.require_items(subset.items.size(), subset.path);
    for (std::size_t i = 0; i < subset.items.size(); ++i) {
      const ChoiceItem& item = subset.items[i];
      const Json& one = predictions[i];
      const auto is = [&](const ChoiceOption& option) {
        if (!one["pred"].is_string()) return false;
        const std::string_view text = one["pred"].get_ref<const std::string&>();
        return text == option.prediction || (text.starts_with(' ') && text.substr(1) == option.prediction);
      };
      const auto chosen = is(item.options[item.right]) ? item.options.begin() + static_cast<std::ptrdiff_t>(item.right)
                                                       : std::find_if(item.options.begin(), item.options.end(), is);
      if (chosen == item.options.end()) throw predictions.wrong(i, "a text of " + subset.path + ":" + std::to_string(item.line));
      ChoiceOutcome& outcome = outcomes.emplace_back();
      outcome.choice = static_cast<std::size_t>(chosen - item.options.begin());
      outcome.right = outcome.choice == item.right ? 1 : 0;
      if (task.metric == Metric::spearman) {
        require(one.contains("prob") && one["prob"].is_number(), place, ".", subset.name, ": prediction ", i + 1,
                R"(: expected a number "prob")");
        outcome.first = one["prob"].get<double>();
        continue;
      }
      if (!each) continue;
      Json told{{"task", task.name}, {"file", subset.name}};
      if (!subset.group.empty()) told["phenomenon"] = subset.group;
      told["line"] = item.line;
      told["right"] = outcome.right;
      told["choice"] = outcome.choice;
      each(told);
    }
  }
  result.score = score_of(task, outcomes);
  result.measures.assign(std::max<std::size_t>(result.score.subsets.size(), 1), task.metric == Metric::spearman ? "spearman" : "accuracy");
  return result;
}

enum class GlueMetrics { of_each_task, accuracy };

// `folder` has TASK.valid.jsonl.
[[nodiscard]] inline PredictedTask score_glue_predictions(const std::filesystem::path& folder, const Json& subsets,
                                                          const std::string& place, GlueMetrics metrics, const EachItem& each = {}) {
  PredictedTask result{"glue", {}, {}, {}};
  const auto file_of = [&](std::string_view task) { return folder / (std::string(task) + ".valid.jsonl"); };
  std::vector<std::string> known;
  for (const GlueTask& task : glue_tasks)
    if (std::filesystem::exists(file_of(task.name))) known.emplace_back(task.name);
  require_subsets(subsets, place, known);
  for (const std::string& name : known) {
    if (!subsets.contains(name)) {
      result.missing.push_back(name);
      continue;
    }
    const GlueTask& task = glue_task(name);
    const auto examples = read_glue_file(task, file_of(name));
    const SubsetPredictions predictions{subsets, name, place};
    predictions.require_items(examples.size(), file_of(name).string());
    LabelCounts counts{std::ssize(task.classes)};
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const Json& predicted = predictions[i]["pred"];
      if (!predicted.is_number_integer()) throw predictions.wrong(i, "the number of a class");
      counts.add(examples[i].label, predicted.get<Index>());
      if (each)
        each({{"task", "glue"}, {"file", name}, {"line", i + 1}, {"right", examples[i].label == predicted.get<Index>() ? 1.0 : 0.0}});
    }
    const ClassMetric metric = metrics == GlueMetrics::of_each_task ? task.metric : ClassMetric::accuracy;
    const MetricEstimate found = estimate(counts, metric);
    result.score.subsets.push_back({name, "", {found.value, found.standard_error, 0, counts.all()}});
    result.measures.emplace_back(class_metric_names[static_cast<std::size_t>(metric)]);
  }
  result.score.estimate = mean_of(result.score.subsets);
  return result;
}

}  // namespace rondo
