// `finetune`: classifiers of the tasks of GLUE and SuperGLUE (rondo/evaluate/glue_tasks.hpp) from a model's trunk.
//
//   hgrn2 finetune --model FOLDER --task rte --data DIR --out RUN [--recipe 2024] [--set finetune.rate=1e-5 ...] [--seeds 3]
//   hgrn2 finetune --model FOLDER --task all --data DIR --out RUN
//
// DIR has TASK.train.jsonl and TASK.valid.jsonl. RUN gets a folder TASK/seed-N for each classifier (rondo/app/classifier_run.hpp),
// results.json, results.md and predictions.json, the pipeline's file of predictions (of several seeds: predictions-seed-N.json). A task
// whose files are missing is named at the start and in the table; where it is the only one asked for that is an error. The same command
// again goes on where it stopped.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <rondo/app/classifier_run.hpp>
#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/start_weights.hpp>
#include <rondo/io/folder_lock.hpp>
#include <rondo/io/hash_bytes.hpp>
#include <rondo/io/text_table.hpp>
#include <rondo/model/checkpoint/fingerprint.hpp>

namespace rondo::app {

struct FinetuneOptions {
  std::filesystem::path model, data, out, tokenizer;
  std::vector<std::string> tasks;
  std::string recipe = "2024";
  std::vector<std::string> settings;
  Index seeds = 1;
  bool list_settings = false;
};

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

// What is there of the tasks that were asked for.
struct AskedTasks {
  struct Trained {
    const GlueTask* task;
    std::vector<const GlueTask*> judged;  // its own first
  };
  std::vector<Trained> trained;
  std::vector<std::pair<std::string, std::string>> missing;  // task, file
};

inline AskedTasks asked_tasks(const FinetuneOptions& options) {
  std::vector<const GlueTask*> asked;
  const bool all = std::find(options.tasks.begin(), options.tasks.end(), "all") != options.tasks.end();
  for (const GlueTask& task : glue_tasks)
    if (all || std::find(options.tasks.begin(), options.tasks.end(), task.name) != options.tasks.end()) asked.push_back(&task);
  for (const std::string& name : options.tasks)
    if (name != "all") static_cast<void>(glue_task(name));
  require(std::filesystem::is_directory(options.data), options.data.string(),
          ": expected a folder with TASK.train.jsonl and TASK.valid.jsonl");
  AskedTasks result;
  for (const GlueTask* task : asked) {
    const GlueTask& trained_as = glue_task(task->trained_as);
    std::string missing;
    for (const auto& [name, part] :
         {std::pair{trained_as.name, "train"}, std::pair{trained_as.name, "valid"}, std::pair{task->name, "valid"}})
      if (const auto file = glue_file(options.data, name, part); missing.empty() && !std::filesystem::exists(file))
        missing = file.filename().string();
    if (!missing.empty()) {
      result.missing.emplace_back(task->name, missing);
      continue;
    }
    auto place = std::find_if(result.trained.begin(), result.trained.end(), [&](const auto& one) { return one.task == &trained_as; });
    if (place == result.trained.end()) place = result.trained.insert(place, {&trained_as, {&trained_as}});
    if (task != &trained_as) place->judged.push_back(task);
  }
  std::string problems;
  for (const auto& [task, file] : result.missing) problems += (problems.empty() ? "" : ", ") + task + " (" + file + ")";
  require(!result.trained.empty(), options.data.string(), ": lacks files of ", problems);
  require(all || result.missing.empty(), options.data.string(), ": lacks files of ", problems);
  return result;
}

// Bytes that tell files apart.
inline std::string file_fingerprint(const std::filesystem::path& path) {
  const MappedFile file{path};
  RunningChecksum sum;
  sum.add(file.bytes().data(), file.size());
  return hexadecimal(sum.value());
}

// Says what a text file has that who reads the scores should know.
inline void note_texts(const GlueTask& task, const ClassTexts& texts, const std::filesystem::path& file, Index length, bool quiet) {
  if (quiet) return;
  if (texts.cut > 0)
    std::fprintf(stderr, "note: %s: %td of %td texts are longer than %td tokens and lose %td tokens in all\n", file.c_str(), texts.cut,
                 std::ssize(texts.texts), length, texts.cut_tokens);
  for (std::size_t k = 0; k < task.classes.size(); ++k)
    if (texts.labels[k] == 0)
      std::fprintf(stderr, "note: %s: class %zu (%s) never occurs\n", file.c_str(), k, std::string(task.classes[k]).c_str());
}

// The results of all seeds of a task that it is judged by.
struct TaskScore {
  std::string task, metric;
  std::vector<Json> seeds;  // members of result.json's "held_out"
  std::vector<Index> best_epochs;

  [[nodiscard]] double mean(const char* key) const {
    double sum = 0;
    for (const Json& one : seeds) sum += one[key].get<double>();
    return sum / static_cast<double>(seeds.size());
  }
  // Over the texts: of seeds on the same texts as large as that of one.
  [[nodiscard]] double error() const { return mean("standard_error"); }
  // Of the mean, over seeds; 0 for one.
  [[nodiscard]] double error_over_seeds() const {
    if (seeds.size() < 2) return 0;
    double squares = 0;
    for (const Json& one : seeds) squares += std::pow(one["value"].get<double>() - mean("value"), 2);
    const auto n = static_cast<double>(seeds.size());
    return std::sqrt(squares / (n * (n - 1)));
  }
};

inline Json write_finetune_results(const FinetuneOptions& options, const AskedTasks& tasks, const std::vector<TaskScore>& scores,
                                   bool print) {
  Json results{{"model", options.model.string()}, {"recipe", options.recipe}};
  const bool several = options.seeds > 1;
  TextTable::Row columns{"task", "metric", "score %", "accuracy %", "texts", "best epoch"};
  if (several) columns.insert(columns.begin() + 3, "over seeds");
  TextTable table{columns};
  double sum = 0, squares = 0;
  for (const TaskScore& score : scores) {
    std::string epochs;
    for (const Index epoch : score.best_epochs) epochs += (epochs.empty() ? "" : ", ") + std::to_string(epoch);
    TextTable::Row row{score.task, score.metric, error_text(100 * score.mean("value"), 100 * score.error(), 2),
                       fixed_text(100 * score.mean("accuracy"), 2), score.seeds.front()["texts"].dump(), epochs};
    if (several) row.insert(row.begin() + 3, "± " + fixed_text(100 * score.error_over_seeds(), 2));
    table.add(row);
    sum += score.mean("value");
    squares += score.error() * score.error();
    Json& of = results["tasks"][score.task];
    of = {{"metric", score.metric}, {"value", score.mean("value")}, {"standard_error", score.error()}};
    if (several) of["standard_error_over_seeds"] = score.error_over_seeds();
    of["seeds"] = score.seeds;
  }
  const auto count = static_cast<double>(scores.size());
  if (scores.size() > 1) {
    TextTable::Row row{"mean of " + std::to_string(scores.size()), "", error_text(100 * sum / count, 100 * std::sqrt(squares) / count, 2),
                       "", "", ""};
    if (several) row.insert(row.begin() + 3, "");
    table.add(row);
  }
  for (const auto& [task, file] : tasks.missing) {
    TextTable::Row row(columns.size(), "");
    row[0] = task, row[1] = "missing: " + file;
    table.add(row);
    results["missing"][task] = file;
  }
  results["mean"] = sum / count;
  results["standard_error"] = std::sqrt(squares) / count;
  results["error"] = "standard error over the held-out texts: binomial of accuracy, jackknife of F1 and MCC";
  write_file(options.out / "results.md", table.markdown());
  write_json(options.out / "results.json", results);
  if (print) std::printf("%s", table.text().c_str());
  return results;
}

inline int finetune(const std::vector<ServedModel>& served, const FinetuneOptions& options, const CommonOptions& common) {
  if (options.list_settings) return list_finetune_settings();
  require_usage(!options.model.empty(), "--model: expected a checkpoint folder or run");
  require_usage(!options.tasks.empty(), "--task: expected a task, or all");
  require_usage(!options.data.empty(), "--data: expected a folder with TASK.train.jsonl and TASK.valid.jsonl");
  require_usage(!options.out.empty(), "--out: expected the folder of the results");
  require_usage(options.seeds > 0, "--seeds: expected at least 1, found ", options.seeds);
  const AskedTasks tasks = asked_tasks(options);
  for (const auto& [task, file] : tasks.missing)
    std::fprintf(stderr, "note: %s is left out: no %s in %s\n", task.c_str(), file.c_str(), options.data.c_str());
  std::map<std::string_view, FinetuneRecipe> recipes;
  for (const auto& [task, judged] : tasks.trained) {
    for (const GlueTask* one : judged)
      recipes[one->name] = finetune_recipe(options.recipe, *one), apply(recipes[one->name], options.settings);
  }

  const StartWeights start{served, options.model, StartWeights::Part::trunk};
  require(start.model().trunk != nullptr, options.model.string(), ": a classifier needs a trunk, which this composition has not");
  const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model);
  require_fits(tokenizer, options.tokenizer.empty() ? options.model : options.tokenizer, start.shape().vocabulary);
  // Everything is read before anything is trained.
  std::map<std::pair<std::string_view, std::string_view>, std::vector<ClassExample>> examples;
  for (const auto& [task, judged] : tasks.trained) {
    examples[{task->name, "train"}] = read_glue_file(*task, glue_file(options.data, task->name, "train"));
    for (const GlueTask* one : judged) examples[{one->name, "valid"}] = read_glue_file(*one, glue_file(options.data, one->name, "valid"));
  }

  const Json model_facts = start.facts();
  std::filesystem::create_directories(options.out);
  const FolderLock lock{options.out};
  const StopSignals signals{"stopping after this step"};
  const std::uint64_t first_seed = common.seed.value_or(12);
  std::vector<TaskScore> scores;
  std::vector<Json> all_predictions(static_cast<std::size_t>(options.seeds), Json::object());
  for (const auto& [task, judged] : tasks.trained) {
    const FinetuneRecipe& recipe = recipes[task->name];
    const Index length = std::min(recipe.length, start.shape().context);
    const auto texts_of = [&](const GlueTask& of, const char* part) {
      const auto file = glue_file(options.data, of.name, part);
      ClassTexts texts = class_texts(of, examples[{of.name, part}], tokenizer, length, file.string());
      note_texts(of, texts, file, length, common.quiet);
      return texts;
    };
    const ClassTexts train = texts_of(*task, "train");
    std::vector<HeldOutTexts> held_out;
    Json facts{{"model", model_facts["fingerprint"]}, {"tokenizer", tokenizer.fingerprint()}};
    facts["data"]["train"] = file_fingerprint(glue_file(options.data, task->name, "train"));
    for (const GlueTask* one : judged) {
      held_out.push_back({one, texts_of(*one, "valid")});
      facts["data"][std::string(one->name)] = file_fingerprint(glue_file(options.data, one->name, "valid"));
    }
    const ClassifierStart from{
        &start.model(), start.shape(), &start.folder(), start.names(), options.tokenizer.empty() ? options.model : options.tokenizer,
        facts};
    std::vector<TaskScore> of_task;
    for (const GlueTask* one : judged) of_task.push_back({std::string(one->name), recipe.metric, {}, {}});
    for (Index s = 0; s < options.seeds; ++s) {
      const Seed seed{first_seed + static_cast<std::uint64_t>(s)};
      const auto folder = options.out / std::string(task->name) / ("seed-" + std::to_string(seed.value));
      ClassifierRun run{folder, from, *task, recipe, seed, train, held_out, common};
      const auto result = run.go(signals);
      if (!result || signals.caught() != 0) {
        std::fprintf(stderr, "stopped; the same command goes on\n");
        return 128 + signals.caught();
      }
      for (TaskScore& score : of_task) {
        score.seeds.push_back((*result)["held_out"][score.task]);
        score.best_epochs.push_back((*result)["best_epoch"].get<Index>());
        if (!common.quiet) {
          const Json& last = score.seeds.back();
          std::fprintf(stderr, "%s, seed %llu: %s %s %%, best epoch %td of %s\n", score.task.c_str(),
                       static_cast<unsigned long long>(seed.value), score.metric.c_str(),
                       error_text(100 * last["value"].get<double>(), 100 * last["standard_error"].get<double>(), 2).c_str(),
                       score.best_epochs.back(), (*result)["epochs"].dump().c_str());
        }
      }
      const Json found = read_json(folder / "predictions.json");
      for (const auto& [name, list] : found.items()) all_predictions[static_cast<std::size_t>(s)][name] = list;
    }
    scores.insert(scores.end(), of_task.begin(), of_task.end());
    for (Index s = 0; s < options.seeds; ++s) {
      const std::string suffix = options.seeds > 1 ? "-seed-" + std::to_string(first_seed + static_cast<std::uint64_t>(s)) : "";
      write_json(options.out / ("predictions" + suffix + ".json"), all_predictions[static_cast<std::size_t>(s)]);
    }
    write_finetune_results(options, tasks, scores, false);  // what is there so far
  }
  print_result(common, write_finetune_results(options, tasks, scores, true));
  return 0;
}

}  // namespace rondo::app
