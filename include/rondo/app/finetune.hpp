// `finetune`: classifiers of the tasks of GLUE and SuperGLUE (rondo/evaluate/glue_tasks.hpp) from a model's trunk.
//
//   hgrn2 finetune --model FOLDER --task rte --data DIR --out RUN [--recipe 2024] [--set finetune.rate=1e-5 ...] [--seeds 3]
//   hgrn2 finetune --model FOLDER --task all --data DIR --out RUN
//
// DIR has TASK.train.jsonl and TASK.valid.jsonl; rondo/app/finetune_tasks.hpp says what RUN gets. A task whose files are missing is named
// at the start and in the table; where it was asked for by name that is an error. The same command again goes on where it stopped.
#pragma once

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <rondo/app/finetune_tasks.hpp>

namespace rondo::app {

// Command: CLI::App.
template <class Command>
void add_finetune_options(Command& command, FinetuneOptions& options) {
  std::string names;
  for (const GlueTask& task : glue_tasks) names += std::string(task.name) + ", ";
  command.add_option("--model", options.model, "checkpoint folder or run whose trunk to start from");
  command.add_option("--task", options.tasks, names + "or all; may be given again")->delimiter(',');
  command.add_option("--data", options.data, "folder with TASK.train.jsonl and TASK.valid.jsonl");
  command.add_option("--out", options.out, "folder of the results; where the same command has begun one it goes on");
  command.add_option("--recipe", options.recipe, "2024 or 2025: as BabyLM's pipeline of that year")->capture_default_str();
  command.add_option("--set", options.settings, "a setting, as finetune.rate=1e-5 (--settings lists them)");
  command.add_option("--seeds", options.seeds, "so many classifiers a task, of seeds from --seed on")->capture_default_str();
  command.add_option("--limit", options.limit, "only the first so many texts of each file (0: all)")->capture_default_str();
  command.add_option("--tokenizer", options.tokenizer, "default: that of the model folder");
  command.add_flag("--settings", options.list_settings, "list every setting with its value in both recipes and what it means, and end");
}

inline int list_finetune_settings() {
  TextTable table{"setting", "2024", "2025", "meaning"};
  const FinetuneRecipe earlier = finetune_recipe("2024", glue_task("rte")), later = finetune_recipe("2025", glue_task("rte"));
  const Json values = to_json(earlier), others = to_json(later);
  FinetuneRecipe::each_setting(earlier, [&](const char* name, const auto&, const char* meaning, const auto&...) {
    table.add("finetune." + std::string(name), values[name].dump(), others[name].dump(), meaning);
  });
  std::printf("%s(of rte; rondo/app/finetune_recipe.hpp says where tasks differ)\n", table.text().c_str());
  return 0;
}

inline int finetune(const std::vector<ServedModel>& served, const FinetuneOptions& options, const CommonOptions& common) {
  if (options.list_settings) return list_finetune_settings();
  require_usage(!options.model.empty(), "--model: expected a checkpoint folder or run");
  require_usage(!options.tasks.empty(), "--task: expected a task, or all");
  require_usage(!options.data.empty(), "--data: expected a folder with TASK.train.jsonl and TASK.valid.jsonl");
  require_usage(!options.out.empty(), "--out: expected the folder of the results");
  require_usage(options.seeds > 0, "--seeds: expected at least 1, found ", options.seeds);
  const FinetuneData data = read_finetune_data(options);
  std::string problems;
  for (const auto& [task, file] : data.tasks.missing) problems += (problems.empty() ? "" : ", ") + task + " (" + file + ")";
  const bool all = std::find(options.tasks.begin(), options.tasks.end(), "all") != options.tasks.end();
  require(!data.tasks.trained.empty() && (all || data.tasks.missing.empty()), options.data.string(), ": lacks files of ", problems);
  note_missing(data.tasks, options.data);
  const StopSignals signals{"stopping after this step"};
  const FinetuneResults results = fine_tune(served, options, data, common, signals);
  print_result(common, write_finetune_results(options, data.tasks, results.scores, true));
  return 0;
}

}  // namespace rondo::app
