// `predictions`: scores a file of predictions, as the BabyLM challenge takes them, against the evaluation data.
#pragma once

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/evaluate/predictions.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/io/output_file.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

struct PredictionsOptions {
  std::filesystem::path predictions, data, out, items;
  bool accuracy = false;
};

inline void add_predictions_options(CLI::App& command, PredictionsOptions& options) {
  command.add_option("--predictions", options.predictions, "a JSON file of tasks, subsets and their predictions (-: standard input)")->required();
  command.add_option("--data", options.data, "the challenge's evaluation data: the folder that has blimp_filtered, or full_eval with it")->required();
  command.add_option("--out", options.out, "report as JSON");
  command.add_option("--items", options.items, "every item and whether it is right, a JSON line each, for `compare`");
  command.add_flag("--accuracy", options.accuracy, "of all GLUE tasks accuracy (default: MCC of CoLA, F1 of MRPC and QQP)");
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
  const std::vector<PredictedTask> tasks =
      score_predictions(parse_json(input.text(), input.name()), input.name(), options.data,
                        options.accuracy ? GlueMetrics::accuracy : GlueMetrics::of_each_task, [&](const Json& item) {
                          if (items) items->write(item.dump() + "\n");
                        });
  if (items) items->commit();

  Json json{{"predictions", input.name()}, {"data", options.data.string()}, {"error", "standard error of the test set, over its items"}};
  TextTable all{"task", "subset", "measure", "items", "score", "±"};
  TextTable means{"task", "subsets", "mean", "±"};
  std::string left_out;
  for (const PredictedTask& task : tasks) {
    if (task.subsets.empty()) {
      left_out += task.name + ": not scored, no data for it in " + options.data.string() + "\n";
      json["not_scored"].push_back(task.name);
      continue;
    }
    Json& to = json["tasks"][task.name] = {{"score", task.mean()}, {"standard_error", task.standard_error()}};
    for (const PredictedSubset& subset : task.subsets) {
      all.add(task.name, subset.name, subset.metric, subset.items, fixed_text(100 * subset.score, 2), fixed_text(100 * subset.standard_error, 2));
      to["subsets"][subset.name] = {
          {"measure", subset.metric}, {"score", subset.score}, {"standard_error", subset.standard_error}, {"items", subset.items}};
    }
    means.add(task.name, task.subsets.size(), fixed_text(100 * task.mean(), 2), fixed_text(100 * task.standard_error(), 2));
    if (task.missing.empty()) continue;
    to["missing"] = task.missing;
    left_out += task.name + ": without predictions are";
    for (const std::string& subset : task.missing) left_out += " " + subset;
    left_out += "\n";
  }
  if (!common.quiet) std::printf("%s\n", all.text().c_str());
  std::printf("%s%s", means.text().c_str(), left_out.c_str());
  if (!options.out.empty()) write_json(options.out, json);
  print_result(common, json);
  return 0;
}

}  // namespace rondo::app
