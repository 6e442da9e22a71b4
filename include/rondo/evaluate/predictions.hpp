// Prediction files, as the BabyLM challenge's pipelines write them and authors release them, scored against the evaluation data.
//
//   {"blimp": {"adjunct_island": {"predictions": [{"id": "adjunct_island_0", "pred": " Who should ..."}, ...]}, ...},
//    "glue": {"rte": {"predictions": [{"id": "rte_0", "pred": 1}, ...]}, ...}}
//
// Tasks, their subsets, and a prediction for each line of the subset's file of the data: of "blimp", "blimp_supplement" and "ewok" the text
// that was chosen, a space before it or not (sentence_good or Target1 is right, sentence_bad or Target2 wrong), of "glue" the class.
//
//   std::vector<PredictedTask> tasks = score_predictions(read_json(file), file, "evaluation");
//   tasks[0].mean()        over subsets: of accuracies, but of CoLA MCC and of MRPC and QQP F1 of class 1 (GlueMetrics::accuracy: none)
//
// The data is a folder with those of the tasks as the challenge names them (blimp_filtered, supplement_filtered, ewok_filtered, glue_2024 or
// glue_filtered; or *_fast), or one that has full_eval or fast_eval with them. Tasks of other kinds, or without data, have no subsets in
// the result; subsets that the data has and the predictions lack are named. Errors: binomial, of F1 and MCC the jackknife's; of a mean
// sqrt(sum of squares) / subsets. Throws Error where a prediction does not belong to the data: another number of them, another id, a
// text that is none of the two.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>
#include <rondo/evaluate/label_counts.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

enum class GlueMetrics { of_each_task, accuracy };

struct PredictedSubset {
  std::string name, metric;
  double score = 0, standard_error = 0;
  Index items = 0;
};

struct PredictedTask {
  std::string name;
  std::vector<PredictedSubset> subsets;
  std::vector<std::string> missing;  // subsets of the data without predictions
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (const PredictedSubset& subset : subsets) sum += subset.score;
    return sum / static_cast<double>(subsets.size());
  }
  [[nodiscard]] double standard_error() const {
    double squares = 0;
    for (const PredictedSubset& subset : subsets) squares += subset.standard_error * subset.standard_error;
    return std::sqrt(squares) / static_cast<double>(subsets.size());
  }
};

// Where the data of a task lies; empty: nowhere.
[[nodiscard]] inline std::filesystem::path data_of_task(const std::filesystem::path& data, const std::string& task) {
  static const std::map<std::string, std::vector<std::string>> folders{{"blimp", {"blimp_filtered", "blimp_fast"}},
                                                                       {"blimp_supplement", {"supplement_filtered", "supplement_fast"}},
                                                                       {"ewok", {"ewok_filtered", "ewok_fast"}},
                                                                       {"glue", {"glue_2024", "glue_filtered"}}};
  const auto known = folders.find(task);
  if (known == folders.end()) return {};
  for (const char* part : {".", "full_eval", "fast_eval"})
    for (const std::string& folder : known->second)
      if (std::filesystem::is_directory(data / part / folder)) return (data / part / folder).lexically_normal();
  return {};
}

// Predictions of one subset against the lines of its file.
class PredictionScorer {
 public:
  // `each` is told of every item, as rondo/evaluate/item_results.hpp reads it.
  PredictionScorer(std::string name, const std::filesystem::path& data, GlueMetrics glue, const std::function<void(const Json& item)>& each)
      : name_(std::move(name)), data_(data), glue_(glue), each_(each) {}

  [[nodiscard]] PredictedTask score(const std::string& task, const Json& subsets) const {
    const bool classes = task == "glue";
    const std::string ending = classes ? ".valid.jsonl" : ".jsonl";
    const std::filesystem::path folder = data_of_task(data_, task);
    PredictedTask result{task, {}, {}};
    if (folder.empty()) return result;
    for (const auto& [subset, member] : subsets.items()) {
      const std::string place = name_ + ": " + task + "." + subset;
      require(member.is_object() && member.contains("predictions") && member["predictions"].is_array(), place,
              R"(: expected an object with an array "predictions")");
      result.subsets.push_back(score(task, subset, member["predictions"], folder / (subset + ending), place));
    }
    require(!result.subsets.empty(), name_, ": ", task, ": no subsets");
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string file = entry.path().filename().string();
      if (!file.ends_with(ending)) continue;
      const std::string subset = file.substr(0, file.size() - ending.size());
      if (!subsets.contains(subset)) result.missing.push_back(subset);
    }
    std::sort(result.missing.begin(), result.missing.end());
    return result;
  }

 private:
  [[nodiscard]] PredictedSubset score(const std::string& task, const std::string& subset, const Json& predictions,
                                      const std::filesystem::path& file, const std::string& place) const {
    const InputText input{file};
    LabelCounts counts{task == "glue" ? 3 : 2};  // of texts: 0 the wrong one, 1 the right one
    std::size_t next = 0;
    for_each_line(input.text(), [&](std::string_view line, std::size_t number) {
      const std::string line_place = file.string() + ":" + std::to_string(number);
      const Json item = parse_json(line, line_place);
      require(next < predictions.size(), place, ": ", predictions.size(), " predictions, ", file.string(), " has more items");
      const Json& prediction = predictions[next];
      const std::string id = subset + "_" + std::to_string(next++);
      require(prediction.is_object() && prediction.contains("id") && prediction["id"] == id && prediction.contains("pred"), place,
              ": prediction ", next, ": expected an object with id '", id, "' and a member 'pred', found ", prediction.dump());
      Json told{{"task", task}, {"file", subset}, {"line", number}};
      const auto [label, predicted] =
          task == "glue" ? classes_of(item, prediction["pred"], line_place, place, id) : texts_of(item, prediction["pred"], line_place, place, id, told);
      counts.add(label, predicted);
      told["right"] = label == predicted ? 1.0 : 0.0;
      if (each_) each_(told);
    });
    require(next == predictions.size(), place, ": ", predictions.size(), " predictions, ", file.string(), " has ", next, " items");
    return measured(task, subset, counts);
  }

  struct LabelAndClass {
    Index label, predicted;
  };
  static LabelAndClass classes_of(const Json& item, const Json& predicted, const std::string& line_place, const std::string& place,
                                  const std::string& id) {
    require(item.is_object() && item.contains("label") && item["label"].is_number_integer(), line_place,
            R"(: expected an object with a whole number "label")");
    require(predicted.is_number_integer(), place, ": ", id, ": expected a class as a whole number, found ", predicted.dump());
    return {item["label"].get<Index>(), predicted.get<Index>()};
  }
  static LabelAndClass texts_of(const Json& item, const Json& predicted, const std::string& line_place, const std::string& place,
                                const std::string& id, Json& told) {
    const bool targets = item.is_object() && item.contains("Target1");
    const char *good = targets ? "Target1" : "sentence_good", *bad = targets ? "Target2" : "sentence_bad";
    for (const char* key : {good, bad})
      require(item.is_object() && item.contains(key) && item[key].is_string(), line_place, ": expected an object with a text '", key, "'");
    require(predicted.is_string(), place, ": ", id, ": expected the chosen text, found ", predicted.dump());
    const std::string text = predicted.get<std::string>();
    const auto is = [&](const char* key) {
      const std::string& option = item[key].get_ref<const std::string&>();
      return text == option || (text.starts_with(' ') && std::string_view(text).substr(1) == option);
    };
    require(is(good) || is(bad), place, ": ", id, ": ", predicted.dump(), " is none of the texts of ", line_place);
    if (item.contains("linguistics_term")) told["phenomenon"] = item["linguistics_term"];
    told["sentence_good"] = item[good];
    told["sentence_bad"] = item[bad];
    return {1, is(good) ? 1 : 0};
  }

  [[nodiscard]] PredictedSubset measured(const std::string& task, const std::string& subset, const LabelCounts& counts) const {
    const bool own = task == "glue" && glue_ == GlueMetrics::of_each_task;
    if (own && subset == "cola")
      return {subset, "MCC", counts.mcc(), counts.error_of([](const LabelCounts& of) { return of.mcc(); }), counts.all()};
    if (own && (subset == "mrpc" || subset == "qqp"))
      return {subset, "F1", counts.f1(), counts.error_of([](const LabelCounts& of) { return of.f1(); }), counts.all()};
    return {subset, "accuracy", counts.accuracy(), counts.standard_error(), counts.all()};
  }

  std::string name_;
  std::filesystem::path data_;
  GlueMetrics glue_;
  std::function<void(const Json& item)> each_;
};

[[nodiscard]] inline std::vector<PredictedTask> score_predictions(const Json& document, const std::string& name, const std::filesystem::path& data,
                                                                  GlueMetrics glue = GlueMetrics::of_each_task,
                                                                  const std::function<void(const Json& item)>& each = {}) {
  const PredictionScorer scorer{name, data, glue, each};
  std::vector<PredictedTask> result;
  require(document.is_object(), name, ": expected an object of tasks, found ", document.type_name());
  for (const auto& [task, subsets] : document.items()) {
    require(subsets.is_object(), name, ": ", task, ": expected an object of subsets, found ", subsets.type_name());
    result.push_back(scorer.score(task, subsets));
  }
  require(std::any_of(result.begin(), result.end(), [](const PredictedTask& task) { return !task.subsets.empty(); }), name,
          ": no task whose data is in ", data.string(), "; expected blimp, blimp_supplement, ewok or glue, and blimp_filtered, "
          "supplement_filtered, ewok_filtered or glue_2024 there or in full_eval there");
  return result;
}

}  // namespace rondo
