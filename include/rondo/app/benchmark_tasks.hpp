// The suites of `benchmark`: which tasks they have, where these lie in folders of data, and how each is scored.
//
//   const Suite& suite = suite_named("babylm2025");
//   FoundTasks found = find_tasks(suite, {"evaluation_data", "ewok"}, fast);     // found.present, found.missing
//   BenchmarkTask task = read_task(found.present[0], password, limit);
//   std::optional<std::filesystem::path> glue = glue_folder(suite.glue, {"evaluation_data"});
//
// A task is a folder of its name, or a .zip whose name begins with it, in one of the folders of data or in their full_eval, fast_eval
// (evaluation/full_eval, ...), as the challenges hand them out. (Super)GLUE, whose tasks are fine-tuned on, is a folder of TASK.train.jsonl
// and TASK.valid.jsonl: one of data itself, or one there or in their full_eval.
#pragma once

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <rondo/evaluate/glue_tasks.hpp>
#include <rondo/evaluate/reading_times.hpp>
#include <rondo/evaluate/task_files.hpp>
#include <rondo/io/hash_bytes.hpp>

namespace rondo::app {

enum class TaskKind { minimal_pairs, ewok, entity_tracking, comps, wug, reading, bear };

struct SuiteTask {
  std::string name;
  TaskKind kind;
  std::vector<std::string> folders, fast_folders;
};
// The tasks of (Super)GLUE in a suite: the recipe that they are fine-tuned by, and the names of their folder.
struct SuiteGlue {
  std::string recipe;  // empty: the suite has none
  std::vector<std::string> tasks, folders;
};
struct Suite {
  std::string name, convention;
  std::vector<std::string> tasks;
  SuiteGlue glue{};
};

inline const std::vector<SuiteTask>& suite_tasks() {
  static const std::vector<SuiteTask> tasks{
      {"blimp", TaskKind::minimal_pairs, {"blimp_filtered"}, {"blimp_fast"}},
      {"blimp_supplement", TaskKind::minimal_pairs, {"supplement_filtered"}, {"supplement_fast"}},
      {"ewok", TaskKind::ewok, {"ewok_filtered"}, {"ewok_fast"}},
      {"entity_tracking", TaskKind::entity_tracking, {"entity_tracking"}, {"entity_tracking_fast"}},
      {"wug_adj", TaskKind::wug, {"wug_adj_nominalization"}, {"wug_adj_nominalization"}},
      {"wug_past", TaskKind::wug, {"wug_past_tense"}, {"wug_past_tense"}},
      {"comps", TaskKind::comps, {"comps"}, {"comps"}},
      {"reading", TaskKind::reading, {"reading"}, {"reading"}},
      {"bear", TaskKind::bear, {"bear/BEAR", "BEAR"}, {"bear/BEAR", "BEAR"}},
  };
  return tasks;
}
inline const std::vector<Suite>& suites() {
  static const std::vector<Suite> all{
      {"babylm2024", "pipeline2024", {"blimp", "blimp_supplement", "ewok"}, {"2024", {"all"}, {"glue_2024", "glue_filtered"}}},
      {"babylm2025",
       "pipeline2025",
       {"blimp", "blimp_supplement", "ewok", "entity_tracking", "wug_adj", "wug_past", "comps", "reading"},
       {"2025", {"boolq", "mnli", "mrpc", "multirc", "qqp", "rte", "wsc"}, {"glue_filtered", "glue_2024"}}},
      {"bear", "lm_pub_quiz", {"bear"}},
      {"all",
       "rondo",
       {"blimp", "blimp_supplement", "ewok", "entity_tracking", "wug_adj", "wug_past", "comps", "reading", "bear"},
       {"2024", {"all"}, {"glue_2024", "glue_filtered"}}},
  };
  return all;
}
inline std::vector<std::string> suite_names() {
  std::vector<std::string> names;
  for (const Suite& suite : suites()) names.push_back(suite.name);
  return names;
}
inline const Suite& suite_named(const std::string& name) {
  for (const Suite& suite : suites())
    if (suite.name == name) return suite;
  std::string names;
  for (const std::string& one : suite_names()) names += (names.empty() ? "" : ", ") + one;
  throw error("suite: expected one of ", names, "; found '", name, "'");
}

struct TaskSource {
  SuiteTask task;
  std::filesystem::path source;  // a folder or an archive
};
struct FoundTasks {
  std::vector<TaskSource> present;
  std::vector<std::string> missing;
};

// Folders of data, and those in them that hold what was asked for.
inline std::vector<std::filesystem::path> data_folders(const std::vector<std::filesystem::path>& data, bool fast) {
  const std::string part = fast ? "fast_eval" : "full_eval";
  std::vector<std::filesystem::path> folders;
  for (const std::filesystem::path& folder : data)
    for (const char* above : {"", "evaluation", "evaluation_data"})
      for (const std::filesystem::path& inside : {above / std::filesystem::path{}, above / std::filesystem::path{part}})
        if (std::filesystem::is_directory(folder / inside)) folders.push_back(inside.empty() ? folder : folder / inside);
  return folders;
}

inline std::optional<std::filesystem::path> source_of(const SuiteTask& task, const std::vector<std::filesystem::path>& data, bool fast) {
  for (const std::filesystem::path& root : data_folders(data, fast))
    for (const std::string& name : fast ? task.fast_folders : task.folders) {
      if (std::filesystem::is_directory(root / name)) return root / name;
      std::vector<std::filesystem::path> archives;
      for (const auto& entry : std::filesystem::directory_iterator(root))
        if (entry.path().extension() == ".zip" && entry.path().filename().string().starts_with(name)) archives.push_back(entry.path());
      if (!archives.empty()) return *std::min_element(archives.begin(), archives.end());
    }
  return std::nullopt;
}
// In the first folder of data that has one of these names, the first of them.
inline std::optional<std::filesystem::path> glue_folder(const std::vector<std::string>& names,
                                                        const std::vector<std::filesystem::path>& data) {
  for (const std::filesystem::path& folder : data) {
    for (const std::string& name : names)
      for (const std::filesystem::path& root : data_folders({folder}, false))
        if (std::filesystem::is_directory(root / name)) return root / name;
    for (const GlueTask& task : glue_tasks)
      if (std::filesystem::exists(glue_file(folder, task.name, "valid"))) return folder;
  }
  return std::nullopt;
}

// Which of the suite's tasks without GLUE are there.
inline FoundTasks find_tasks(const Suite& suite, const std::vector<std::filesystem::path>& data, bool fast) {
  FoundTasks found;
  for (const std::filesystem::path& folder : data)
    require(std::filesystem::is_directory(folder), folder.string(), ": expected a folder of benchmark data, found none");
  for (const std::string& name : suite.tasks) {
    const auto task = std::find_if(suite_tasks().begin(), suite_tasks().end(), [&](const SuiteTask& one) { return one.name == name; });
    if (const auto source = source_of(*task, data, fast))
      found.present.push_back({*task, *source});
    else
      found.missing.push_back(name);
  }
  return found;
}
// What to say where none is there.
inline Error no_task_of(const Suite& suite, const std::vector<std::filesystem::path>& data, bool fast) {
  std::string folders, expected;
  for (const std::filesystem::path& folder : data) folders += (folders.empty() ? "" : ", ") + folder.string();
  for (const SuiteTask& task : suite_tasks())
    if (std::find(suite.tasks.begin(), suite.tasks.end(), task.name) != suite.tasks.end())
      expected += (expected.empty() ? "" : ", ") + (fast ? task.fast_folders : task.folders).front();
  return error(folders, ": no task of the suite ", suite.name, " in it; expected a folder or a .zip of ", expected);
}

// A task with its items.
struct BenchmarkTask {
  SuiteTask task;
  std::filesystem::path source;
  std::variant<ChoiceTask, ReadingTimes> items;
  std::uint64_t fingerprint = 0;  // of the files

  [[nodiscard]] const ChoiceTask* choices() const { return std::get_if<ChoiceTask>(&items); }
  // Of all texts, the measure of the work.
  [[nodiscard]] Index characters() const {
    Index sum = 0;
    if (const ChoiceTask* task_of_choices = choices()) {
      each_item(*task_of_choices, [&](const ChoiceSubset&, const ChoiceItem& item) {
        for (const ChoiceOption& option : item.options) sum += std::ssize(option.context) + std::ssize(option.completion);
      });
    } else {
      sum = 200 * std::get<ReadingTimes>(items).words();
    }
    return sum;
  }
};

inline BenchmarkTask read_task(const TaskSource& from, const std::string& password, Index limit = 0) {
  const SuiteTask& task = from.task;
  const std::filesystem::path& source = from.source;
  std::vector<TaskFile> files = read_task_files(source, password, task.kind == TaskKind::reading ? ".csv" : ".jsonl");
  std::uint64_t fingerprint = 0;
  for (const TaskFile& file : files) fingerprint = hash_bytes(file.text, hash_bytes(file.name, fingerprint));
  const auto items = [&]() -> std::variant<ChoiceTask, ReadingTimes> {
    switch (task.kind) {
      case TaskKind::ewok:
        return read_ewok_task(task.name, files, limit);
      case TaskKind::entity_tracking:
        return read_entity_tracking_task(task.name, files, limit);
      case TaskKind::comps:
        return read_comps_task(task.name, files, limit);
      case TaskKind::wug:
        return read_wug_task(task.name, files, limit);
      case TaskKind::reading:
        return ReadingTimes{files.front().text, files.front().place, limit};
      case TaskKind::bear:
        return read_bear_task(task.name, source, limit);
      default:
        return read_minimal_pair_task(task.name, files, limit);
    }
  };
  return {task, source, items(), fingerprint};
}

}  // namespace rondo::app
