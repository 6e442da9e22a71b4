// Files of the benchmarks as tasks of choices (rondo/evaluate/choice_task.hpp). A source is a folder of *.jsonl, or an archive of them that
// is opened in memory, with a password where it has one:
//
//   minimal pairs     {"sentence_good", "sentence_bad"}; a subset a file; its group is the "linguistics_term" of its first pair, if any
//   EWoK              {"Context1", "Target1", "Target2", ...}: of Context1 the completions " " + Target1 (right) and " " + Target2
//   entity tracking   {"numops", "input_prefix", "options"}: the first option is right; subsets FILE_N_ops, the score is the mean of files
//   COMPS             {"prefix_acceptable", "prefix_unacceptable", "property_phrase"}: which prefix makes the phrase more probable
//   WUG               {"sentences": options with tabs between them, "ratio": of people who take the first}: rank correlation
//   BEAR              RELATION.jsonl {"sub_label", "answer_idx"}, metadata_relations.json {RELATION: {"templates", "answer_space_labels"}}:
//                     a template with [X] the subject and [Y] each answer, its first letter upper case; the score is that of all facts in
//                     all templates
//
// Sources: Warstadt et al. 2020 (BLiMP), Ivanova et al. 2024 (EWoK), Kim and Schuster 2023 (entity tracking), Misra et al. 2023 (COMPS),
// Hofmann et al. 2024 and Weissweiler et al. 2023 (WUG), Wiland et al. 2024 (BEAR). Throws Error with file, line and key for what is
// missing.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/unicode_tables.hpp>
#include <rondo/evaluate/choice_task.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/zip_archive.hpp>

namespace rondo {

struct TaskFile {
  std::string name;   // without folders and ending
  std::string place;  // what messages call it
  std::string text;
};

// All files of a folder or an archive with this ending, by name. `limit`: of their lines only the first so many; 0: all.
inline std::vector<TaskFile> read_task_files(const std::filesystem::path& source, const std::string& password = "",
                                             const std::string& ending = ".jsonl") {
  std::vector<TaskFile> files;
  if (source.extension() == ".zip") {
    for (ZipArchive::File& file : ZipArchive{source, password}.files(ending))
      files.push_back({std::filesystem::path(file.name).stem().string(), source.string() + ": " + file.name, std::move(file.text)});
  } else if (std::filesystem::is_directory(source)) {
    for (const auto& entry : std::filesystem::directory_iterator(source))
      if (entry.path().extension() == ending)
        files.push_back({entry.path().stem().string(), entry.path().string(), std::string(InputText{entry.path()}.text())});
  } else {
    const InputText input{source};
    files.push_back({InputText::is_standard(source) ? input.name() : source.stem().string(), input.name(), std::string(input.text())});
  }
  require(!files.empty(), source.string(), ": no ", ending, " files in it");
  std::sort(files.begin(), files.end(), [](const TaskFile& a, const TaskFile& b) { return a.name < b.name; });
  return files;
}

// A line of a task's file: its members, each there and of its kind, or an Error that names line and key.
class TaskLine {
 public:
  TaskLine(std::string_view line, const TaskFile& file, std::size_t number)
      : place_(file.place + ":" + std::to_string(number)), object_(parse_json(line, place_)) {
    require(object_.is_object(), place_, ": expected an object, found ", object_.type_name());
  }
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] std::string text(const char* key) const {
    const Json& value = member(key, "a text");
    if (!value.is_string()) throw mismatch(key, "a text", value);
    return value.get<std::string>();
  }
  [[nodiscard]] std::string words(const char* key) const {
    std::string value = text(key);
    require(value.find_first_not_of(" \t\r\n") != value.npos, place_, ": '", key, "' has no words");
    return value;
  }
  [[nodiscard]] std::string text_or_none(const char* key) const { return object_.contains(key) ? text(key) : std::string{}; }
  [[nodiscard]] double number(const char* key) const {
    const Json& value = member(key, "a number");
    if (!value.is_number()) throw mismatch(key, "a number", value);
    return value.get<double>();
  }
  [[nodiscard]] Index count(const char* key) const {
    const Json& value = member(key, "a whole number of at least 0");
    if (!value.is_number_integer() || value.get<Index>() < 0) throw mismatch(key, "a whole number of at least 0", value);
    return value.get<Index>();
  }
  [[nodiscard]] std::vector<std::string> texts(const char* key) const {
    const Json& value = member(key, "a list of texts");
    std::vector<std::string> result;
    if (!value.is_array()) throw mismatch(key, "a list of texts", value);
    for (const Json& one : value) {
      if (!one.is_string()) throw mismatch(key, "a list of texts", value);
      result.push_back(one.get<std::string>());
    }
    return result;
  }

 private:
  [[nodiscard]] const Json& member(const char* key, const char* expected) const {
    const auto found = object_.find(key);
    require(found != object_.end(), place_, ": '", key, "': expected ", expected, ", found nothing");
    return *found;
  }
  [[nodiscard]] Error mismatch(const char* key, const char* expected, const Json& found) const {
    return error(place_, ": '", key, "': expected ", expected, ", found ", found.dump().substr(0, 60));
  }

  std::string place_;
  Json object_;
};

// use(line) for each line of the file, at most `limit` (0: all). How many it has.
template <class Use>
Index each_task_line(const TaskFile& file, Index limit, Use&& use) {
  Index count = 0;
  for_each_line(file.text, [&](std::string_view line, std::size_t number) {
    if (count++ < limit || limit == 0) use(TaskLine{line, file, number}, number);
  });
  return count;
}

// A task whose files are its subsets: item(line, option list) fills an item.
template <class MakeItem>
ChoiceTask one_subset_a_file(const std::string& name, const std::vector<TaskFile>& files, Index limit, MakeItem&& make) {
  ChoiceTask task{name, Average::subsets, Metric::accuracy, {}};
  for (const TaskFile& file : files) {
    ChoiceSubset subset{file.name, "", file.place, {}};
    each_task_line(file, limit, [&](const TaskLine& line, std::size_t number) {
      ChoiceItem item;
      item.line = number;
      make(line, item, subset);
      subset.items.push_back(std::move(item));
    });
    require(!subset.items.empty(), file.place, ": no items in it");
    task.subsets.push_back(std::move(subset));
  }
  return task;
}

inline ChoiceSubset read_minimal_pairs(const TaskFile& file, Index limit = 0) {
  ChoiceSubset subset{file.name, "", file.place, {}};
  subset.in_file = each_task_line(file, limit, [&](const TaskLine& line, std::size_t number) {
    ChoiceItem item;
    item.line = number;
    for (const char* key : {"sentence_good", "sentence_bad"}) {
      const std::string sentence = line.words(key);
      item.options.push_back({"", sentence, sentence});
    }
    if (subset.items.empty()) subset.group = line.text_or_none("linguistics_term");
    subset.items.push_back(std::move(item));
  });
  require(!subset.items.empty(), file.place,
          R"(: no pairs in it; expected one a line, as {"sentence_good": "...", "sentence_bad": "..."})");
  return subset;
}
inline ChoiceTask read_minimal_pair_task(const std::string& name, const std::vector<TaskFile>& files, Index limit = 0) {
  ChoiceTask task{name, Average::subsets, Metric::accuracy, {}};
  for (const TaskFile& file : files) task.subsets.push_back(read_minimal_pairs(file, limit));
  return task;
}

inline ChoiceTask read_ewok_task(const std::string& name, const std::vector<TaskFile>& files, Index limit = 0) {
  return one_subset_a_file(name, files, limit, [](const TaskLine& line, ChoiceItem& item, ChoiceSubset&) {
    for (const char* key : {"Target1", "Target2"}) {
      const std::string target = " " + line.text(key);
      item.options.push_back({line.text("Context1"), target, target});
    }
  });
}

inline ChoiceTask read_comps_task(const std::string& name, const std::vector<TaskFile>& files, Index limit = 0) {
  ChoiceTask task = one_subset_a_file(name, files, limit, [](const TaskLine& line, ChoiceItem& item, ChoiceSubset&) {
    const std::string phrase = line.text("property_phrase");
    for (const char* key : {"prefix_acceptable", "prefix_unacceptable"}) {
      const std::string prefix = line.text(key) + " ";
      item.options.push_back({prefix, phrase, prefix + phrase});
    }
  });
  for (ChoiceSubset& subset : task.subsets) {
    if (subset.name.starts_with("comps_")) subset.name.erase(0, std::string_view("comps_").size());
    std::replace(subset.name.begin(), subset.name.end(), '-', '_');
  }
  return task;
}

inline ChoiceTask read_entity_tracking_task(const std::string& name, const std::vector<TaskFile>& files, Index limit = 0) {
  ChoiceTask task{name, Average::groups, Metric::accuracy, {}};
  for (const TaskFile& file : files) {
    std::map<Index, ChoiceSubset> by_operations;
    each_task_line(file, 0, [&](const TaskLine& line, std::size_t number) {
      const Index operations = line.count("numops");
      ChoiceSubset& subset = by_operations[operations];
      if (limit > 0 && std::ssize(subset.items) >= limit) return;
      ChoiceItem item;
      item.line = number;
      for (const std::string& option : line.texts("options")) item.options.push_back({line.text("input_prefix"), option, option});
      require(item.options.size() > 1, line.place(), ": 'options': expected at least 2, found ", item.options.size());
      subset.items.push_back(std::move(item));
    });
    require(!by_operations.empty(), file.place, ": no items in it");
    for (auto& [operations, subset] : by_operations) {
      subset.name = file.name + "_" + std::to_string(operations) + "_ops";
      subset.group = file.name;
      subset.path = file.place;
      task.subsets.push_back(std::move(subset));
    }
  }
  return task;
}

inline ChoiceTask read_wug_task(const std::string& name, const std::vector<TaskFile>& files, Index limit = 0) {
  ChoiceTask task = one_subset_a_file(name, files, limit, [](const TaskLine& line, ChoiceItem& item, ChoiceSubset&) {
    const std::string sentences = line.text("sentences");
    for (std::size_t begin = 0; begin <= sentences.size();) {
      const std::size_t end = std::min(sentences.find('\t', begin), sentences.size());
      const std::string sentence = sentences.substr(begin, end - begin);
      item.options.push_back({"", sentence, sentence});
      begin = end + 1;
    }
    require(item.options.size() > 1, line.place(), ": 'sentences': expected at least 2 with a tab between them, found 1");
    item.target = line.number("ratio");
  });
  task.metric = Metric::spearman;
  for (ChoiceSubset& subset : task.subsets) subset.name = name;
  return task;
}

inline void begin_with_upper_case(std::string& text) {
  if (text.empty()) return;
  const std::size_t first = utf8_length(text.front());
  text.replace(0, first, utf8(upper_case(decode_utf8(text.data()))));
}

// `folder` holds RELATION.jsonl and metadata_relations.json. Subsets RELATION_TEMPLATE, groups template_TEMPLATE.
inline ChoiceTask read_bear_task(const std::string& name, const std::filesystem::path& folder, Index limit = 0) {
  const std::filesystem::path metadata_file = folder / "metadata_relations.json";
  const Json metadata = read_json(metadata_file);
  require(metadata.is_object(), metadata_file.string(), ": expected an object of relations");
  std::map<std::string, TaskFile> files;
  for (TaskFile& file : read_task_files(folder)) files.emplace(file.name, std::move(file));
  ChoiceTask task{name, Average::items, Metric::accuracy, {}};
  for (const auto& [relation, facts] : metadata.items()) {
    const TaskFile of_relation{relation, metadata_file.string() + ": " + relation, facts.dump()};
    const TaskLine about{of_relation.text, of_relation, 1};
    const std::vector<std::string> templates = about.texts("templates"), answers = about.texts("answer_space_labels");
    const auto file = files.find(relation);
    require(file != files.end(), folder.string(), ": no ", relation, ".jsonl, which ", metadata_file.filename().string(), " names");
    for (std::size_t number = 0; number < templates.size(); ++number) {
      const std::string& words = templates[number];
      const std::size_t x = words.find("[X]"), y = words.find("[Y]");
      require(x != words.npos && y != words.npos, of_relation.place, ": template '", words, "': expected [X] and [Y] in it");
      ChoiceSubset subset{relation + "_" + std::to_string(number), "template_" + std::to_string(number), file->second.place, {}};
      each_task_line(file->second, limit, [&](const TaskLine& line, std::size_t at) {
        ChoiceItem item;
        item.line = at;
        item.right = static_cast<std::size_t>(line.count("answer_idx"));
        require(item.right < answers.size(), line.place(), ": 'answer_idx': expected less than ", answers.size(), " answers, found ",
                item.right);
        const std::string subject = line.text("sub_label");
        for (const std::string& answer : answers) {
          // The answer begins where [Y] was; the first letter of all becomes upper case.
          std::string before = words.substr(0, y), after = words.substr(y + 3);
          (x < y ? before.replace(x, 3, subject) : after.replace(x - y - 3, 3, subject));
          std::string from_answer = answer + after;
          begin_with_upper_case(before.empty() ? from_answer : before);
          item.options.push_back({std::move(before), std::move(from_answer), answer});
        }
        subset.items.push_back(std::move(item));
      });
      require(!subset.items.empty(), file->second.place, ": no facts in it");
      task.subsets.push_back(std::move(subset));
    }
  }
  require(!task.subsets.empty(), metadata_file.string(), ": no relations in it");
  return task;
}

}  // namespace rondo
