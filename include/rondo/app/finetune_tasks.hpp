// The fine-tuning of classifiers on tasks of GLUE and SuperGLUE (rondo/evaluate/glue_tasks.hpp): what `finetune` does, and `benchmark` of
// the suites that have them.
//
//   FinetuneData data = read_finetune_data(options);             // which tasks are there, their recipes and texts; data.missing
//   FinetuneResults results = fine_tune(served, options, data, common, signals);
//
// The folder options.out gets TASK/seed-N for each classifier (rondo/app/classifier_run.hpp), results.json, results.md and
// predictions.json, the pipeline's file of predictions (of several seeds: predictions-seed-N.json), written anew after each task. Begun
// again it goes on where it stopped. Throws Error for data that are no such tasks, before anything is trained, and StoppedBySignal.
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
  std::vector<std::string> tasks;  // or "all"
  std::string recipe = "2024";
  std::vector<std::string> settings;
  Index seeds = 1, limit = 0;  // limit: texts of each file; 0: all
  bool list_settings = false;
  std::string note{};  // stands beside the progress
};

// What is there of the tasks that were asked for.
struct AskedTasks {
  struct Trained {
    const GlueTask* task;
    std::vector<const GlueTask*> judged;  // its own first
  };
  std::vector<Trained> trained;
  std::vector<std::pair<std::string, std::string>> missing;  // task, file
};

// Those of options.tasks whose files options.data has; Error for a task that is none, and for a folder that is none.
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
  return result;
}

// All that is read before anything is trained.
struct FinetuneData {
  AskedTasks tasks;
  std::map<std::string_view, FinetuneRecipe> recipes;
  std::map<std::pair<std::string_view, std::string_view>, std::vector<ClassExample>> examples;  // by task and part

  [[nodiscard]] const std::vector<ClassExample>& of(const GlueTask& task, const char* part) const { return examples.at({task.name, part}); }
  // What a classifier costs, in characters that its trunk is given; a step counts three times.
  [[nodiscard]] double work(const GlueTask& task) const {
    const FinetuneRecipe& recipe = recipes.at(task.name);
    const auto characters = [&](const std::vector<ClassExample>& texts) {
      double sum = 0;
      for (const ClassExample& text : texts)
        sum += static_cast<double>(std::min(std::ssize(text.first) + (text.second ? std::ssize(*text.second) : 0), 4 * recipe.length));
      return sum;
    };
    return static_cast<double>(recipe.epochs) * (1 + 3 * characters(of(task, "train")) + characters(of(task, "valid")));
  }
};

inline FinetuneData read_finetune_data(const FinetuneOptions& options) {
  FinetuneData data{asked_tasks(options), {}, {}};
  for (const auto& [task, judged] : data.tasks.trained)
    for (const GlueTask* one : judged) apply(data.recipes[one->name] = finetune_recipe(options.recipe, *one), options.settings);
  for (const auto& [task, judged] : data.tasks.trained) {
    data.examples[{task->name, "train"}] = read_glue_file(*task, glue_file(options.data, task->name, "train"), options.limit);
    for (const GlueTask* one : judged)
      data.examples[{one->name, "valid"}] = read_glue_file(*one, glue_file(options.data, one->name, "valid"), options.limit);
  }
  return data;
}

inline void note_missing(const AskedTasks& tasks, const std::filesystem::path& folder) {
  for (const auto& [task, file] : tasks.missing)
    std::fprintf(stderr, "note: %s is left out: no %s in %s\n", task.c_str(), file.c_str(), folder.c_str());
}

// The folder's weights without a head; Error for a composition that cannot do without.
inline StartWeights trunk_of(const std::vector<ServedModel>& served, const std::filesystem::path& model) {
  StartWeights start{served, model, StartWeights::Part::trunk};
  require(start.model().trunk != nullptr, model.string(), ": a classifier needs a trunk, which this composition has not");
  return start;
}

// What tells files apart, of which so many texts are taken; 0: all.
inline std::string file_fingerprint(const std::filesystem::path& path, Index limit) {
  const MappedFile file{path};
  RunningChecksum sum;
  sum.add(file.bytes().data(), file.size());
  return hexadecimal(sum.value()) + (limit > 0 ? ", the first " + std::to_string(limit) : "");
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
struct FinetunedScore {
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
  // The most that a classifier could have which gives all texts one class.
  [[nodiscard]] double constant() const {
    const Json& rows = seeds.front()["predicted_by_label"];
    const Index classes = std::ssize(rows);
    double best = 0;
    for (Index k = 0; k < classes; ++k) {
      LabelCounts counts{classes};
      for (Index label = 0; label < classes; ++label)
        for (const Json& count : rows[static_cast<std::size_t>(label)]) counts.add(label, k, count.get<Index>());
      best = std::max(best, metric_of(counts, metric_named(metric)));
    }
    return best;
  }
};

struct FinetuneResults {
  std::vector<FinetunedScore> scores;
  std::vector<Json> predictions;  // of each seed: {"rte": {"predictions": [...]}, ...}
};

// The table, and all figures; `print`: to the standard output, too.
inline Json write_finetune_results(const FinetuneOptions& options, const AskedTasks& tasks, const std::vector<FinetunedScore>& scores,
                                   bool print) {
  Json results{{"model", options.model.string()}, {"recipe", options.recipe}};
  const bool several = options.seeds > 1;
  TextTable::Row columns{"task", "metric", "score %", "accuracy %", "texts", "best epoch"};
  if (several) columns.insert(columns.begin() + 3, "over seeds");
  TextTable table{columns};
  double sum = 0, squares = 0;
  for (const FinetunedScore& score : scores) {
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

inline std::filesystem::path classifier_folder(const FinetuneOptions& options, const GlueTask& task, Seed seed) {
  return options.out / std::string(task.name) / ("seed-" + std::to_string(seed.value));
}
inline Seed first_seed(const CommonOptions& common) {
  return Seed{common.seed.value_or(12)};
}

inline FinetuneResults fine_tune(const std::vector<ServedModel>& served, const FinetuneOptions& options, const FinetuneData& data,
                                 const CommonOptions& common, const StopSignals& signals) {
  const StartWeights start = trunk_of(served, options.model);
  const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model);
  require_fits(tokenizer, options.tokenizer.empty() ? options.model : options.tokenizer, start.shape().vocabulary);
  const Json model_facts = start.facts();
  std::filesystem::create_directories(options.out);
  const FolderLock lock{options.out};
  const auto seeds = static_cast<std::size_t>(options.seeds);
  FinetuneResults results{{}, std::vector<Json>(seeds, Json::object())};
  const Index classifiers = std::ssize(data.tasks.trained) * options.seeds;
  Index number = 0;
  double work = 0;  // of all that is to come
  for (const auto& [task, judged] : data.tasks.trained) work += data.work(*task) * static_cast<double>(options.seeds);
  for (const auto& [task, judged] : data.tasks.trained) {
    const FinetuneRecipe& recipe = data.recipes.at(task->name);
    const Index length = std::min(recipe.length, start.shape().context);
    const auto texts_of = [&](const GlueTask& of, const char* part) {
      const auto file = glue_file(options.data, of.name, part);
      ClassTexts texts = class_texts(of, data.of(of, part), tokenizer, length, file.string());
      note_texts(of, texts, file, length, common.quiet);
      return texts;
    };
    const ClassTexts train = texts_of(*task, "train");
    std::vector<HeldOutTexts> held_out;
    Json facts{{"model", model_facts["fingerprint"]}, {"tokenizer", tokenizer.fingerprint()}};
    facts["data"]["train"] = file_fingerprint(glue_file(options.data, task->name, "train"), options.limit);
    for (const GlueTask* one : judged) {
      held_out.push_back({one, texts_of(*one, "valid")});
      facts["data"][std::string(one->name)] = file_fingerprint(glue_file(options.data, one->name, "valid"), options.limit);
    }
    const ClassifierStart from{
        &start.model(), start.shape(), &start.folder(), start.names(), options.tokenizer.empty() ? options.model : options.tokenizer,
        facts};
    std::vector<FinetunedScore> of_task;
    for (const GlueTask* one : judged) of_task.push_back({std::string(one->name), recipe.metric, {}, {}});
    for (std::size_t s = 0; s < seeds; ++s) {
      const Seed seed{first_seed(common).value + s};
      const auto folder = classifier_folder(options, *task, seed);
      ClassifierRun run{folder, from, *task, recipe, seed, train, held_out, common};
      work -= data.work(*task);
      run.among("classifier " + std::to_string(++number) + " of " + std::to_string(classifiers) + options.note, work / data.work(*task));
      const auto result = run.go(signals);
      if (!result || signals.caught() != 0) {
        std::fprintf(stderr, "stopped; the same command goes on\n");
        throw StoppedBySignal{signals.caught()};
      }
      for (FinetunedScore& score : of_task) {
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
      for (const auto& [name, list] : found.items()) results.predictions[s][name] = list;
    }
    results.scores.insert(results.scores.end(), of_task.begin(), of_task.end());
    for (std::size_t s = 0; s < seeds; ++s) {
      const std::string suffix = seeds > 1 ? "-seed-" + std::to_string(first_seed(common).value + s) : "";
      write_json(options.out / ("predictions" + suffix + ".json"), results.predictions[s]);
    }
    write_finetune_results(options, data.tasks, results.scores, false);  // what is there so far
  }
  return results;
}

}  // namespace rondo::app
