// (Super)GLUE in a suite of `benchmark`: classifiers are fine-tuned (rondo/app/finetune_tasks.hpp), and their scores, items and predictions
// stand beside those of the tasks that need no training.
//
//   std::optional<BenchmarkGlue> glue = find_glue(suite, data, how, missing);        read, and what is missing named
//   FinetuneResults results = fine_tune(served, glue->options_for(model, out), glue->data, common, signals);
//   Json report = glue->report(results);
//
// Score: the mean over tasks of what the recipe reports each by; error: that of the held-out texts. Chance is the most that a classifier
// could have which gives all texts one class (of MCC nothing).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/app/benchmark_tasks.hpp>
#include <rondo/app/finetune_tasks.hpp>
#include <rondo/evaluate/benchmark_scores.hpp>
#include <rondo/io/input_text.hpp>

namespace rondo::app {

struct BenchmarkGlue {
  static constexpr const char* name = "glue";
  FinetuneOptions options;  // without model and folder
  FinetuneData data;

  [[nodiscard]] FinetuneOptions options_for(const std::filesystem::path& model, const std::filesystem::path& out,
                                            const std::string& note) const {
    FinetuneOptions result = options;
    result.model = model;
    result.out = out / "finetuned";
    result.note = note;
    return result;
  }

  [[nodiscard]] Json report(const FinetuneResults& results) const {
    std::vector<SubsetScore> subsets;
    Index cut = 0;
    for (const FinetunedScore& score : results.scores) {
      const Json& texts = score.seeds.front();
      subsets.push_back({score.task, "", {score.mean("value"), score.error(), score.constant(), texts["texts"].get<Index>()}});
      cut += texts["cut_texts"].get<Index>();
    }
    Json result = to_json(mean_of(subsets));
    result["task"] = name;
    result["metric"] = "mean of tasks";
    result["convention"] = "recipe " + options.recipe + (options.seeds > 1 ? ", " + std::to_string(options.seeds) + " seeds" : "");
    result["conventions"] = "fine-tuned by the recipe " + options.recipe +
                            ", reported of the best epoch on the same texts; mean over tasks; chance: all texts in one class";
    result["seeds"] = options.seeds;
    result["settings"] = options.settings;
    result["texts_cut"] = cut;
    result["subsets"] = to_json(subsets);
    for (const FinetunedScore& score : results.scores) {
      Json& of = result["subsets"][score.task];
      of["metric"] = score.metric;
      if (options.seeds > 1) of["standard_error_over_seeds"] = score.error_over_seeds();
    }
    return result;
  }

  // Lines as of other tasks; of several seeds the mean of what is right.
  [[nodiscard]] std::vector<Json> items(const FinetuneOptions& run, Seed first) const {
    std::vector<Json> result;
    for (const auto& [task, judged] : data.tasks.trained) {
      const std::size_t begin = result.size();
      for (std::uint64_t s = 0; s < static_cast<std::uint64_t>(options.seeds); ++s) {
        const InputText input{classifier_folder(run, *task, Seed{first.value + s}) / "items.jsonl"};
        std::size_t next = begin;
        for_each_line(input.text(), [&](std::string_view text, std::size_t number) {
          Json line = parse_json(text, input.name() + ":" + std::to_string(number));
          if (s == 0) result.emplace_back();
          const double others = s > 0 ? result.at(next)["right"].get<double>() : 0;
          line["right"] = others + line["right"].get<double>();
          result.at(next++) = std::move(line);
        });
      }
      if (options.seeds == 1) continue;
      for (std::size_t i = begin; i < result.size(); ++i) {
        result[i]["right"] = result[i]["right"].get<double>() / static_cast<double>(options.seeds);
        for (const char* of_one_seed : {"predicted", "scores"}) result[i].erase(of_one_seed);
      }
    }
    return result;
  }
};

// Of a suite that has such tasks; nothing where none of them is in the data. `options` says how; `missing` gets what is not there.
inline std::optional<BenchmarkGlue> find_glue(const Suite& suite, const std::vector<std::filesystem::path>& data, FinetuneOptions options,
                                              std::vector<std::string>& missing) {
  const auto folder = glue_folder(suite.glue.folders, data);
  if (!folder) {
    missing.emplace_back(BenchmarkGlue::name);
    return std::nullopt;
  }
  options.data = *folder;
  options.tasks = suite.glue.tasks;
  options.recipe = suite.glue.recipe;
  BenchmarkGlue glue{options, read_finetune_data(options)};
  for (const auto& [task, file] : glue.data.tasks.missing) missing.push_back(std::string(BenchmarkGlue::name) + "/" + task);
  note_missing(glue.data.tasks, options.data);
  if (glue.data.tasks.trained.empty()) return std::nullopt;
  return glue;
}

}  // namespace rondo::app
