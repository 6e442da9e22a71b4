// `benchmark`: a model on a suite of tasks.
//
//   hgrn2 benchmark --model FOLDER --suite babylm2025 --data evaluation/full_eval --data ewok --password P --out RESULTS
//   hgrn2 benchmark --checkpoints RUN --suite babylm2024 --data evaluation --fast --out RESULTS       all checkpoints, and learning curves
//
// RESULTS gets, for each task, tasks/TASK.json (score, error, chance, conventions, parts) and tasks/TASK.jsonl (every item); then
// report.json, report.html, items.jsonl (all items that are right or wrong), predictions.json (the form of the leaderboard). For the tasks
// of (Super)GLUE classifiers are fine-tuned in RESULTS/finetuned (rondo/app/benchmark_glue.hpp). A task whose files are there is not
// computed again: the same command goes on where it stopped. Results of another model, data, tokenizer or convention are refused.
// Of a suite whose data lack a task the others run; it is named at the start, in the table and in report.json.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/benchmark_glue.hpp>
#include <rondo/app/benchmark_page.hpp>
#include <rondo/app/benchmark_tasks.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/signals.hpp>
#include <rondo/evaluate/benchmark_scores.hpp>
#include <rondo/io/folder_lock.hpp>
#include <rondo/io/hash_bytes.hpp>
#include <rondo/model/checkpoint/fingerprint.hpp>
#include <rondo/train/checkpoints.hpp>
#include <rondo/train/metrics.hpp>

namespace rondo::app {

struct BenchmarkOptions {
  std::filesystem::path model, checkpoints, out, tokenizer;
  std::vector<std::filesystem::path> data;
  std::string suite, convention, password;
  std::vector<double> temperatures;  // low, high, step
  std::vector<std::string> settings;  // of the fine-tuning
  bool fast = false, zero_shot = false;
  Index limit = 0;  // items of each subset; 0: all
  Index seeds = 1;  // classifiers of each task that is fine-tuned
};

// Command: CLI::App.
template <class Command>
void add_benchmark_options(Command& command, BenchmarkOptions& options) {
  command.add_option("--model", options.model, "checkpoint folder or run");
  command.add_option("--checkpoints", options.checkpoints, "a run: all its checkpoints, and curves of them");
  std::string names;
  for (const std::string& name : suite_names()) names += (names.empty() ? "" : ", ") + name;
  command.add_option("--suite", options.suite, names)->required();
  command.add_option("--data", options.data, "folder with the tasks' folders or archives; may be given again")
      ->required()
      ->allow_extra_args(false);
  command.add_flag("--fast", options.fast, "the small sets (fast_eval), without GLUE");
  command.add_flag("--zero-shot", options.zero_shot, "without the tasks that are fine-tuned (GLUE)");
  command.add_option("--seeds", options.seeds, "so many classifiers of each task of GLUE, of seeds from --seed on")->capture_default_str();
  command.add_option("--set", options.settings, "a setting of the fine-tuning, as finetune.epochs=3 (`finetune --settings` lists them)");
  command.add_option("--password", options.password, "of archives (EWoK)");
  names.clear();
  for (const AnyConvention& convention : all_conventions()) names += (names.empty() ? "" : ", ") + std::string(convention.name);
  command.add_option("--convention", options.convention, "how texts are scored: " + names + " (default: the suite's)");
  command.add_option("--temperatures", options.temperatures, "LOW HIGH STEP: the best of these for each task (default: 1)")->expected(3);
  command.add_option("--limit", options.limit, "only the first so many items of each file (0: all)")->capture_default_str();
  command.add_option("--tokenizer", options.tokenizer, "default: that of the model folder");
  command.add_option("--out", options.out, "folder for the results; the same command goes on where it stopped")->required();
}

inline std::string lines_of(const std::vector<Json>& items) {
  std::string text;
  for (const Json& item : items) text += item.dump() + "\n";
  return text;
}

// The results of one model, kept in a folder.
class BenchmarkRun {
 public:
  BenchmarkRun(const std::vector<ServedModel>& served, const BenchmarkOptions& options, const CommonOptions& common,
               std::vector<BenchmarkTask>& tasks, const BenchmarkGlue* glue, const std::vector<std::string>& missing)
      : served_(served), options_(options), common_(common), tasks_(tasks), glue_(glue), missing_(missing) {}

  // Reports of the tasks; `note` stands beside the progress.
  std::vector<Json> run(const std::filesystem::path& model, const std::filesystem::path& out, const std::string& note) {
    std::optional<ModelFromFolder> from{std::in_place, served_, model, common_};
    if (glue_ != nullptr) static_cast<void>(trunk_of(served_, model));
    const Tokenizer tokenizer = tokenizer_of(options_.tokenizer, model);
    require_fits(tokenizer, options_.tokenizer.empty() ? model : options_.tokenizer, from->model->shape().vocabulary);
    make_folder(out / "tasks");
    const FolderLock lock{out};
    weights_ = fingerprint_of(from->folder.tensors());
    configuration_ = hexadecimal(hash_bytes(InputText{model / "config.json"}.text()));
    const StopSignals signals{"stopping; the same command goes on with the task that was begun"};
    ProgressLine progress{common_.quiet};
    Index done = 0, all = 0;
    std::vector<Json> reports(tasks_.size());
    std::vector<bool> known(tasks_.size());
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      known[i] = read_results(tasks_[i], tokenizer, out, reports[i]);
      if (!known[i]) all += tasks_[i].characters();
    }
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (known[i]) continue;
      const Index characters = tasks_[i].characters();
      const auto begin = std::chrono::steady_clock::now();
      TaskResult result =
          score_task(from->model->scorer(), tasks_[i], tokenizer, from->model->shape().context, [&](Index part, Index whole) {
            if (signals.caught() != 0) throw StoppedBySignal{signals.caught()};
            const double share = static_cast<double>(part) / static_cast<double>(std::max<Index>(whole, 1));
            progress.show("scoring", done + static_cast<Index>(share * static_cast<double>(characters)), all, "characters",
                          tasks_[i].task.name + note);
          });
      note_cut(result.report, from->model->shape().context);
      result.report["seconds"] = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      result.report["of"] = identity(tasks_[i], tokenizer);
      write_file(task_file(out, tasks_[i], ".jsonl"), lines_of(result.items));
      write_json(task_file(out, tasks_[i], ".json"), result.report);  // last: from here on it is known
      reports[i] = std::move(result.report);
      done += characters;
    }
    progress.finish();
    from.reset();
    Json glue_predictions;
    if (glue_ != nullptr) {
      const FinetuneOptions run = glue_->options_for(model, out, note);
      FinetuneResults results = fine_tune(served_, run, glue_->data, common_, signals);
      reports.push_back(glue_->report(results));
      write_file(out / "tasks" / "glue.jsonl", lines_of(glue_->items(run, first_seed(common_))));
      write_json(out / "tasks" / "glue.json", reports.back());
      glue_predictions = std::move(results.predictions.front());
    }
    write_together(model, out, reports, glue_predictions);
    return reports;
  }

 private:
  [[nodiscard]] const AnyConvention& convention_of(const BenchmarkTask& task) const {
    if (!options_.convention.empty()) return convention_named(options_.convention);
    return task.task.kind == TaskKind::bear ? convention_named(conventions::LmPubQuiz::name)
                                            : convention_named(suite_named(options_.suite).convention);
  }
  [[nodiscard]] std::vector<double> temperatures() const {
    if (options_.temperatures.empty()) return {1.0};
    return temperature_grid(options_.temperatures[0], options_.temperatures[1], options_.temperatures[2]);
  }
  // What the results of a task are of.
  [[nodiscard]] Json identity(const BenchmarkTask& task, const Tokenizer& tokenizer) const {
    return {{"model", weights_},
            {"configuration", configuration_},
            {"tokenizer", hexadecimal(tokenizer.fingerprint())},
            {"data", hexadecimal(task.fingerprint)},
            {"convention", std::string(convention_of(task).name)},
            {"temperatures", temperatures()},
            {"limit", options_.limit},
            {"backend", common_.backend}};
  }
  void note_cut(const Json& report, Index context) const {
    if (common_.quiet || !report.contains("texts_cut") || report["texts_cut"] == 0) return;
    std::fprintf(stderr, "note: %s: %s texts are longer than the model's context of %td tokens and lose their beginning\n",
                 report["task"].get<std::string>().c_str(), report["texts_cut"].dump().c_str(), context);
  }
  static std::filesystem::path task_file(const std::filesystem::path& out, const BenchmarkTask& task, const char* ending) {
    return out / "tasks" / (task.task.name + ending);
  }
  static void make_folder(const std::filesystem::path& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    require(!problem, folder.string(), ": cannot be made: ", problem.message());
  }
  // Whether the task's results are there; Error where they are of something else.
  [[nodiscard]] bool read_results(const BenchmarkTask& task, const Tokenizer& tokenizer, const std::filesystem::path& out,
                                  Json& report) const {
    const std::filesystem::path file = task_file(out, task, ".json");
    if (!std::filesystem::exists(file)) return false;
    report = read_json(file);
    const Json expected = identity(task, tokenizer);
    require(report.is_object() && report.contains("of") && report["of"].is_object(), file.string(), ": not the results of a task");
    for (const auto& [key, value] : expected.items())
      require(report["of"].contains(key) && report["of"][key] == value, file.string(), ": there are results of another ", key,
              "; choose another --out");
    return true;
  }

  [[nodiscard]] TaskResult score_task(TextScorer& scorer, BenchmarkTask& task, const Tokenizer& tokenizer, Index context,
                                      const SharedProgress& progress) const {
    if (const ChoiceTask* choices = task.choices())
      return score_choices(scorer, *choices, tokenizer, convention_of(task), {temperatures(), context}, progress);
    return score_reading_times(scorer, std::get<ReadingTimes>(task.items), task.task.name, tokenizer, progress);
  }

  // Files of all tasks, from those of each.
  void write_together(const std::filesystem::path& model, const std::filesystem::path& out, const std::vector<Json>& reports,
                      const Json& glue_predictions) const {
    AtomicFile items{out / "items.jsonl"};
    Json predictions = Json::object();
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const std::filesystem::path file = task_file(out, tasks_[i], ".jsonl");
      const std::string text{InputText{file}.text()};
      TaskResult result;
      for_each_line(text, [&](std::string_view line, std::size_t number) {
        result.items.push_back(parse_json(line, file.string() + ":" + std::to_string(number)));
        const Json& item = result.items.back();
        if (item.contains("choice")) result.choices.push_back(item["choice"].get<std::size_t>());
        if (item.contains("right")) items.write(std::string(line) + "\n");
      });
      if (const ChoiceTask* choices = tasks_[i].choices()) {
        require(std::ssize(result.choices) == choices->items(), file.string(), ": ", result.choices.size(), " items, the task has ",
                choices->items(), "; remove it to compute them again");
        predictions[tasks_[i].task.name] = task_predictions(*choices, result, convention_of(tasks_[i]).leading_space);
      } else {
        predictions[tasks_[i].task.name][tasks_[i].task.name] = {{"predictions", result.items}};
      }
    }
    if (glue_ != nullptr) {
      items.write(InputText{out / "tasks" / "glue.jsonl"}.text());
      predictions[BenchmarkGlue::name] = glue_predictions;
    }
    items.commit();
    write_json(out / "predictions.json", predictions);
    const Json facts{{"model", model.string()}, {"suite", options_.suite},    {"fast", options_.fast},
                     {"limit", options_.limit}, {"backend", common_.backend}, {"missing", missing_}};
    Json report = facts;
    report["tasks"] = Json::object();
    for (const Json& one : reports) report["tasks"][one["task"].get<std::string>()] = one;
    write_json(out / "report.json", report);
    write_file(out / "report.html", benchmark_page(title_of(model) + ": " + options_.suite, facts, reports, missing_));
  }

  const std::vector<ServedModel>& served_;
  const BenchmarkOptions& options_;
  const CommonOptions& common_;
  std::vector<BenchmarkTask>& tasks_;
  const BenchmarkGlue* glue_;  // null: none
  const std::vector<std::string>& missing_;
  std::string weights_, configuration_;
};

// Where checkpoints stand: their words where all say them, else their steps.
inline std::vector<CurvePoint> curve_points(const std::vector<Checkpoint>& checkpoints, const std::filesystem::path& run,
                                            std::string& unit) {
  std::vector<CurvePoint> points;
  std::map<Index, double> words;
  for (const Json& line : read_metrics(run / "metrics.jsonl"))
    if (line.contains("words") && line["words"].is_number()) words[line["step"].get<Index>()] = line["words"].get<double>();
  bool all = true;
  for (const Checkpoint& checkpoint : checkpoints) all = all && words.contains(checkpoint.step);
  unit = all ? "words" : "steps";
  for (const Checkpoint& checkpoint : checkpoints)
    points.push_back({checkpoint.folder.filename().string(), all ? words[checkpoint.step] : static_cast<double>(checkpoint.step), {}});
  return points;
}

inline int benchmark(const std::vector<ServedModel>& served, const BenchmarkOptions& options, const CommonOptions& common) {
  require_usage(options.model.empty() != options.checkpoints.empty(), "benchmark: give either --model or --checkpoints");
  const Suite& suite = suite_named(options.suite);
  if (!options.convention.empty()) static_cast<void>(convention_named(options.convention));
  require_usage(options.seeds > 0, "--seeds: expected at least 1, found ", options.seeds);
  const bool fine_tunes = !suite.glue.recipe.empty() && !options.fast && !options.zero_shot;
  require_usage(fine_tunes || options.settings.empty(), "--set: a setting of the fine-tuning, and none of these tasks is fine-tuned");
  FoundTasks found = find_tasks(suite, options.data, options.fast);
  FinetuneOptions how;
  how.tokenizer = options.tokenizer, how.settings = options.settings, how.seeds = options.seeds, how.limit = options.limit;
  std::optional<BenchmarkGlue> glue;
  if (fine_tunes) glue = find_glue(suite, options.data, how, found.missing);
  if (found.present.empty() && !glue) throw no_task_of(suite, options.data, options.fast);
  std::string missing;
  for (const std::string& task : found.missing) missing += (missing.empty() ? "" : ", ") + task;
  if (!missing.empty()) std::fprintf(stderr, "not in the data, and left out: %s\n", missing.c_str());
  std::vector<BenchmarkTask> tasks;
  for (const TaskSource& source : found.present) tasks.push_back(read_task(source, options.password, options.limit));
  BenchmarkRun run{served, options, common, tasks, glue ? &*glue : nullptr, found.missing};

  if (options.checkpoints.empty()) {
    const std::vector<Json> reports = run.run(options.model, options.out, "");
    std::printf("%s", benchmark_table(reports, found.missing).text().c_str());
    std::printf("+-: one standard error of the test set, over its items; report: %s\n", (options.out / "report.html").string().c_str());
    Json result{{"suite", options.suite}, {"missing", found.missing}};
    for (const Json& report : reports)
      result["scores"][report["task"].get<std::string>()] = {{"score", report["score"]}, {"standard_error", report["standard_error"]}};
    print_result(common, result);
    return 0;
  }

  std::vector<Checkpoint> checkpoints = Checkpoints{options.checkpoints}.all();
  require(!checkpoints.empty(), options.checkpoints.string(), ": expected a run with checkpoints, found none");
  std::string unit;
  std::vector<CurvePoint> points = curve_points(checkpoints, options.checkpoints, unit);
  std::vector<std::string> columns{"checkpoint", unit};
  for (const BenchmarkTask& task : tasks) columns.push_back(task.task.name);
  if (glue) columns.emplace_back(BenchmarkGlue::name);
  TextTable table{columns};
  Json curves = Json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].reports = run.run(checkpoints[i].folder, options.out / points[i].name,
                                " of checkpoint " + std::to_string(i + 1) + " of " + std::to_string(points.size()));
    TextTable::Row row{points[i].name, short_text(points[i].at, 9)};
    Json scores = Json::object();
    for (const Json& report : points[i].reports) {
      const std::string error = shown(report, "standard_error");
      row.push_back(shown(report, "score") + (error.empty() ? "" : " ± " + error));
      scores[report["task"].get<std::string>()] = {{"score", report["score"]}, {"standard_error", report["standard_error"]}};
    }
    table.add(std::move(row));
    curves.push_back({{"checkpoint", points[i].name}, {unit, points[i].at}, {"scores", std::move(scores)}});
  }
  const std::string chart = curves_chart(points, unit), title = title_of(options.checkpoints) + ": " + options.suite;
  if (!chart.empty()) write_file(options.out / "curves.svg", chart);
  write_json(options.out / "curves.json", {{"suite", options.suite}, {"missing", found.missing}, {"checkpoints", curves}});
  write_file(options.out / "report.html",
             html_page(title, "<h1>" + html_text(title) + "</h1>\n" + (chart.empty() ? "" : inline_svg(chart)) + html_table(table)));
  std::printf("%s", table.text().c_str());
  print_result(common, {{"suite", options.suite}, {"missing", found.missing}, {"checkpoints", curves}});
  return 0;
}

}  // namespace rondo::app
