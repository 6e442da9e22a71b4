// `predictions`: scores a file of predictions, as the BabyLM challenge takes them and `benchmark` writes them, against the evaluation data.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/benchmark_tasks.hpp>
#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/evaluate/predictions.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/io/output_file.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

struct PredictionsOptions {
  std::filesystem::path predictions, out, items;
  std::vector<std::filesystem::path> data;
  std::string password;
  bool fast = false, accuracy = false;
};

inline void add_predictions_options(CLI::App& command, PredictionsOptions& options) {
  command.add_option("--predictions", options.predictions, "a JSON file of tasks, subsets and their predictions (-: standard input)")
      ->required();
  command
      .add_option("--data", options.data,
                  "folder of the evaluation data, as for `benchmark`; of GLUE one with glue_2024 or glue_filtered; may be given again")
      ->required()
      ->allow_extra_args(false);
  command.add_option("--password", options.password, "of archives in the data");
  command.add_flag("--fast", options.fast, "the predictions are of the fast sets");
  command.add_option("--out", options.out, "report as JSON");
  command.add_option("--items", options.items, "every item and whether it is right, a JSON line each, for `compare`");
  command.add_flag("--accuracy", options.accuracy, "of all GLUE tasks accuracy (default: MCC of CoLA, F1 of MRPC and QQP)");
}

// Without a value: a task whose data is not there.
inline std::optional<PredictedTask> score_predicted_task(const PredictionsOptions& options, const std::string& task, const Json& subsets,
                                                         const std::string& name, const EachItem& each) {
  const std::string place = name + ": " + task;
  if (task == "glue") {
    const auto folder = glue_folder({"glue_2024", "glue_filtered"}, options.data);
    if (!folder) return std::nullopt;
    return score_glue_predictions(*folder, subsets, place, options.accuracy ? GlueMetrics::accuracy : GlueMetrics::of_each_task, each);
  }
  for (const SuiteTask& known : suite_tasks()) {
    if (known.name != task || known.kind == TaskKind::reading) continue;
    const auto source = source_of(known, options.data, options.fast);
    if (!source) return std::nullopt;
    return score_predictions(*read_task({known, *source}, options.password).choices(), subsets, place, each);
  }
  return std::nullopt;
}

inline int score_prediction_file(const PredictionsOptions& options, const CommonOptions& common) {
  const InputText input{options.predictions};
  const std::vector<std::filesystem::path> inputs{options.predictions};
  if (!options.out.empty())
    require_writable_as(options.out, "--out", "a report", [](std::string_view text) { return is_json_with(text, "tasks"); }, inputs);
  std::optional<AtomicFile> items;
  if (!options.items.empty()) {
    require_writable_as(
        options.items, "--items", "lines of scored items",
        [](std::string_view text) { return is_json_with(text.substr(0, text.find('\n')), "right"); }, inputs);
    items.emplace(options.items);
  }
  const Json document = parse_json(input.text(), input.name());
  require(document.is_object() && !document.empty(), input.name(), ": expected an object of tasks, found ", document.type_name());

  Json json{{"predictions", input.name()}, {"error", "standard error of the test set, over its items"}};
  TextTable all{"task", "subset", "measure", "items", "score", "±"};
  TextTable means{"task", "subsets", "score", "±"};
  std::string left_out;
  for (const auto& [name, subsets] : document.items()) {
    const std::optional<PredictedTask> task =
        score_predicted_task(options, name, subsets, input.name(), [&](const Json& item) {
          if (items) items->write(item.dump() + "\n");
        });
    if (!task) {
      left_out += name + ": not scored, no data for it\n";
      json["not_scored"].push_back(name);
      continue;
    }
    const auto percent = [](double share) { return fixed_text(100 * share, 2); };
    const Estimate& whole = task->score.estimate;
    Json& to = json["tasks"][name] = {{"score", whole.score}, {"standard_error", whole.standard_error}, {"items", whole.items}};
    for (std::size_t i = 0; i < task->score.subsets.size(); ++i) {
      const auto& [subset, group, estimate] = task->score.subsets[i];
      all.add(name, subset, task->measures[i], estimate.items, percent(estimate.score), percent(estimate.standard_error));
      to["subsets"][subset] = {{"measure", task->measures[i]}, {"score", estimate.score}, {"standard_error", estimate.standard_error},
                               {"items", estimate.items}};
    }
    means.add(name, task->score.subsets.size(), percent(whole.score), percent(whole.standard_error));
    if (task->missing.empty()) continue;
    to["missing"] = task->missing;
    left_out += name + ": without predictions are";
    for (const std::string& subset : task->missing) left_out += " " + subset;
    left_out += "\n";
  }
  require(json.contains("tasks"), input.name(), ": no task whose data is there");
  if (items) items->commit();
  if (!common.quiet && !all.rows().empty()) std::printf("%s\n", all.text().c_str());
  std::printf("%s%s", means.text().c_str(), left_out.c_str());
  if (!options.out.empty()) write_json(options.out, json);
  print_result(common, json);
  return 0;
}

}  // namespace rondo::app
