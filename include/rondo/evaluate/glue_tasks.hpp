// The eleven tasks of GLUE (Wang et al. 2018) and SuperGLUE (Wang et al. 2019) that BabyLM's evaluation pipelines fine-tune on.
//
//   const GlueTask& task = glue_task("rte");                                       Error for an unknown name, with the one most like it
//   std::vector<ClassExample> examples = read_glue_file(task, "data/rte.train.jsonl");
//
// A file has a JSON object a line: the task's keys with texts and "label", which is the number of a class, its name, or for two classes
// true or false. A text is made of the keys by a template; most tasks are pairs of texts. Throws Error with file, line and key for a key
// that is missing or no text, and for a label that the task does not have. Other keys are ignored.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/evaluate/label_counts.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/nearest_word.hpp>

namespace rondo {

// What a task is judged by; of F1 that of class 1, of more than two classes the macro F1.
enum class ClassMetric : unsigned char { accuracy, f1, mcc };
inline constexpr std::array<std::string_view, 3> class_metric_names{"accuracy", "f1", "mcc"};

struct MetricEstimate {
  double value = 0, standard_error = 0;
};
[[nodiscard]] inline double metric_of(const LabelCounts& counts, ClassMetric metric) {
  if (metric == ClassMetric::f1) return counts.classes() == 2 ? counts.f1() : counts.macro_f1();
  return metric == ClassMetric::mcc ? counts.mcc() : counts.accuracy();
}
[[nodiscard]] inline MetricEstimate estimate(const LabelCounts& counts, ClassMetric metric) {
  const auto measure = [metric](const LabelCounts& of) { return metric_of(of, metric); };
  return {measure(counts), metric == ClassMetric::accuracy ? counts.standard_error() : counts.error_of(measure)};
}

struct GlueTask {
  std::string_view name;
  std::span<const std::string_view> classes;
  std::string_view first;   // "Question: {question} Answer: {answer}"
  std::string_view second;  // empty: texts without a second
  ClassMetric metric = ClassMetric::accuracy;  // reported in 2024; of 2025 all are judged by accuracy
  bool small = false;                          // few examples: more epochs
  std::string_view trained_as = name;          // the task whose model it is judged with
};

namespace glue {
inline constexpr std::array<std::string_view, 2> truth{"false", "true"}, acceptable{"unacceptable", "acceptable"},
    equivalent{"not_equivalent", "equivalent"}, duplicate{"not_duplicate", "duplicate"}, entailment{"entailment", "not_entailment"},
    sentiment{"negative", "positive"};
inline constexpr std::array<std::string_view, 3> inference{"entailment", "neutral", "contradiction"};
}  // namespace glue

inline constexpr std::array<GlueTask, 11> glue_tasks{{
    {"boolq", glue::truth, "{question}", "{passage}"},
    {"cola", glue::acceptable, "{sentence}", "", ClassMetric::mcc},
    {"mnli", glue::inference, "{premise}", "{hypothesis}"},
    {"mnli-mm", glue::inference, "{premise}", "{hypothesis}", ClassMetric::accuracy, false, "mnli"},
    {"mrpc", glue::equivalent, "{sentence1}", "{sentence2}", ClassMetric::f1},
    {"multirc", glue::truth, "Question: {question} Answer: {answer}", "{paragraph}"},
    {"qnli", glue::entailment, "{question}", "{sentence}"},
    {"qqp", glue::duplicate, "{question1}", "{question2}", ClassMetric::f1},
    {"rte", glue::entailment, "{sentence1}", "{sentence2}"},
    {"sst2", glue::sentiment, "{sentence}", ""},
    {"wsc", glue::truth, "Does \"{span2_text}\" refer to \"{span1_text}\" in this passage?", "{text}", ClassMetric::accuracy, true},
}};

[[nodiscard]] inline const GlueTask& glue_task(std::string_view name) {
  for (const GlueTask& task : glue_tasks)
    if (task.name == name) return task;
  std::vector<std::string> names;
  for (const GlueTask& task : glue_tasks) names.emplace_back(task.name);
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "" : ", ") + one;
  throw error("task '", name, "': expected one of ", all, did_you_mean(name, names));
}

struct ClassExample {
  std::string first;
  std::optional<std::string> second;
  Index label = 0;
  std::size_t line = 0;  // of its file; 0: of none
};

// A template with the texts of its keys.
[[nodiscard]] inline std::string filled_template(std::string_view text, const Json& example, const std::string& place) {
  std::string result;
  while (true) {
    const std::size_t open = text.find('{'), close = text.find('}');
    if (open == text.npos) return result + std::string(text);
    const std::string key(text.substr(open + 1, close - open - 1));
    const auto member = example.find(key);
    require(member != example.end(), place, ": '", key, "': missing; expected a text");
    require(member->is_string(), place, ": '", key, "': expected a text, found ", member->dump());
    result += std::string(text.substr(0, open)) + member->get<std::string>();
    text.remove_prefix(close + 1);
  }
}

[[nodiscard]] inline Index class_of(const GlueTask& task, const Json& example, const std::string& place) {
  const auto member = example.find("label");
  std::string names;
  for (const std::string_view name : task.classes) names += (names.empty() ? "" : ", ") + std::string(name);
  const std::string wanted =
      "a class of " + std::string(task.name) + ", 0 to " + std::to_string(task.classes.size() - 1) + " (" + names + ")";
  require(member != example.end(), place, ": 'label': missing; expected ", wanted);
  const Json& label = *member;
  if (label.is_number_integer() && label.get<Index>() >= 0 && label.get<Index>() < std::ssize(task.classes)) return label.get<Index>();
  if (label.is_boolean() && task.classes.size() == 2) return label.get<bool>() ? 1 : 0;
  if (label.is_string())
    for (std::size_t k = 0; k < task.classes.size(); ++k)
      if (task.classes[k] == label.get_ref<const std::string&>()) return static_cast<Index>(k);
  throw error(place, ": 'label': expected ", wanted, ", found ", label.dump());
}

[[nodiscard]] inline ClassExample read_class_example(const GlueTask& task, const Json& example, const std::string& place) {
  require(example.is_object(), place, ": expected an object of texts and a label");
  ClassExample result{filled_template(task.first, example, place), {}};
  if (!task.second.empty()) result.second = filled_template(task.second, example, place);
  result.label = class_of(task, example, place);
  return result;
}

// `limit`: only the first so many; 0: all.
[[nodiscard]] inline std::vector<ClassExample> read_glue_file(const GlueTask& task, const std::filesystem::path& path, Index limit = 0) {
  const InputText input{path};
  std::vector<ClassExample> examples;
  for_each_line(input.text(), [&](std::string_view line, std::size_t number) {
    if (limit > 0 && std::ssize(examples) >= limit) return;
    const std::string place = input.name() + ":" + std::to_string(number);
    examples.push_back(read_class_example(task, parse_json(line, place), place));
    examples.back().line = number;
  });
  require(!examples.empty(), input.name(), ": no examples in it");
  return examples;
}

// How often each class is the label.
[[nodiscard]] inline std::vector<Index> label_frequencies(const GlueTask& task, std::span<const ClassExample> examples) {
  std::vector<Index> counts(task.classes.size());
  for (const ClassExample& example : examples) ++counts[static_cast<std::size_t>(example.label)];
  return counts;
}

// The file of a task in a folder: TASK.train.jsonl, TASK.valid.jsonl.
[[nodiscard]] inline std::filesystem::path glue_file(const std::filesystem::path& folder, std::string_view task, const char* part) {
  return folder / (std::string(task) + "." + part + ".jsonl");
}

// The pipeline's file of predictions: {"rte": {"predictions": [{"id": "rte_0", "pred": 1}, ...]}}.
[[nodiscard]] inline Json predictions_json(std::string_view task, std::span<const Index> predicted) {
  Json list = Json::array();
  for (std::size_t i = 0; i < predicted.size(); ++i)
    list.push_back({{"id", std::string(task) + "_" + std::to_string(i)}, {"pred", predicted[i]}});
  return {{"predictions", std::move(list)}};
}

}  // namespace rondo
