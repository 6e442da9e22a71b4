// `compare A B`: how far apart two models are on the items that both were scored on (`score --items`), and on which phenomena.
//
// A and B are a file of items each, or a folder: of a benchmark, or with a file or a benchmark of each seed, paired by the order of their
// names. What is printed are the
// scores, the difference B - A with its error, interval and p, McNemar's test of a single pair, Student's of several
// (rondo/evaluate/item_comparison.hpp), and the parts whose differences are no noise. Scores are accuracies, of all tasks.
#pragma once

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/evaluate/item_comparison.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/io/output_file.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

struct CompareOptions {
  std::filesystem::path first, second, out;
  BootstrapOptions bootstrap;
};

inline void add_compare_options(CLI::App& command, CompareOptions& options) {
  command.add_option("A", options.first, "a file of scored items, the folder of a benchmark, or a folder with one of each seed")
      ->required();
  command.add_option("B", options.second, "the same of another model, scored on the same items")->required();
  command.add_option("--out", options.out, "report as JSON");
  command.add_option("--draws", options.bootstrap.draws, "of the bootstrap")->check(whole_number_from(2))->capture_default_str();
  command.add_option("--confidence", options.bootstrap.confidence, "of intervals; a difference is no noise where p is below the rest to 1")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
}

// "+2.71", of a share.
inline std::string signed_percent(double share) {
  const std::string text = fixed_text(100 * share, 2);
  return share > 0 && text != "0.00" ? "+" + text : text;
}

inline Json to_json(const Bootstrapped& found) {
  return {{"difference", found.mean}, {"standard_error", found.error}, {"interval", {found.low, found.high}}, {"p", found.p}};
}
inline Json to_json(const ItemComparison& compared, const BootstrapOptions& bootstrap, bool part) {
  Json json = to_json(compared.difference);
  json["first"] = compared.first;
  json["second"] = compared.second;
  json["files"] = compared.files;
  json["items"] = compared.items;
  if (part) json["adjusted_p"] = compared.adjusted_p;
  if (compared.seed_differences.size() == 1) {
    json["mcnemar"] = {
        {"more_right_in_first", compared.discordant.first},
        {"more_right_in_second", compared.discordant.second},
        {"p", compared.discordant.p()}};
  } else {
    json["over_seeds"] = to_json(seed_test(compared.seed_differences, bootstrap.confidence));
    json["over_seeds"]["differences"] = compared.seed_differences;
  }
  return json;
}

inline std::string comparison_table(const TaskComparison& task, const BootstrapOptions& bootstrap) {
  const bool one_pair = task.whole.seed_differences.size() == 1;
  std::vector<std::string> columns{task.name, "files", "items", "A %", "B %", "B - A", "±",
                                   short_text(100 * bootstrap.confidence) + " % interval", "p", "p of all"};
  columns.emplace_back(one_pair ? "McNemar's p" : "Student's p");
  TextTable table{columns};
  const auto add = [&](const std::string& name, const ItemComparison& row, const std::string& adjusted) {
    const Bootstrapped& found = row.difference;
    const double other_p = one_pair ? row.discordant.p() : seed_test(row.seed_differences).p;
    table.add(name, row.files, row.items, fixed_text(100 * row.first, 2), fixed_text(100 * row.second, 2), signed_percent(found.mean),
              fixed_text(100 * found.error, 2), signed_percent(found.low) + " .. " + signed_percent(found.high), short_text(found.p, 2),
              adjusted, short_text(other_p, 2));
  };
  add("mean over files", task.whole, "");
  if (task.parts.size() > 1)
    for (const ItemComparison& part : task.parts) add(part.name, part, short_text(part.adjusted_p, 2));
  return table.text();
}

inline std::string seeds_line(const ItemComparison& whole, const BootstrapOptions& bootstrap) {
  const Bootstrapped found = seed_test(whole.seed_differences, bootstrap.confidence);
  std::string line = "over " + std::to_string(whole.seed_differences.size()) + " pairs of seeds: " + signed_percent(found.mean) + " ± " +
                     fixed_text(100 * found.error, 2) + ", " + short_text(100 * bootstrap.confidence) + " % interval " +
                     signed_percent(found.low) + " .. " + signed_percent(found.high) + ", p " + short_text(found.p, 2) +
                     " (Student's, paired); each:";
  for (const double difference : whole.seed_differences) line += " " + signed_percent(difference);
  return line + "\n";
}

// The parts that differ by more than noise.
inline std::string differing_line(const TaskComparison& task, const BootstrapOptions& bootstrap) {
  std::string found;
  for (const ItemComparison& part : task.parts)
    if (part.adjusted_p < 1 - bootstrap.confidence)
      found += (found.empty() ? "" : ", ") + part.name + " " + signed_percent(part.difference.mean);
  return "differ by more than noise (p of all below " + short_text(1 - bootstrap.confidence, 3) +
         "): " + (found.empty() ? "none of " + std::to_string(task.parts.size()) : found) + "\n";
}

inline int compare_results(const CompareOptions& options, const CommonOptions& common) {
  std::vector<ItemResults> first = read_all_item_results(options.first), second = read_all_item_results(options.second);
  require(first.size() == second.size(), options.first.string(), " has the items of ", first.size(), " seeds, ", options.second.string(),
          " of ", second.size(), "; seeds are compared in pairs");
  if (!options.out.empty()) {
    std::vector<std::filesystem::path> inputs;
    for (const auto* results : {&first, &second})
      for (const ItemResults& one : *results) inputs.emplace_back(one.path);
    require_writable_as(options.out, "--out", "a comparison", [](std::string_view text) { return is_json_with(text, "tasks"); }, inputs);
  }
  BootstrapOptions bootstrap = options.bootstrap;
  bootstrap.seed.value = common.seed.value_or(0);
  Json json{{"first", options.first.string()}, {"second", options.second.string()}, {"pairs_of_seeds", first.size()},
            {"draws", bootstrap.draws}, {"confidence", bootstrap.confidence}};
  std::string text = "A: " + options.first.string() + "\nB: " + options.second.string() + "\n";
  if (first.size() > 1)
    for (std::size_t s = 0; s < first.size(); ++s)
      text += "pair " + std::to_string(s + 1) + ": " + first[s].path + ", " + second[s].path + "\n";
  ProgressLine progress{common.quiet};
  const std::vector<TaskComparison> tasks = compare_items(std::move(first), std::move(second), bootstrap,
                                                          [&](Index done, Index all) { progress.show("comparing", done, all, "sets"); });
  progress.finish();
  for (const TaskComparison& task : tasks) {
    text += "\n" + comparison_table(task, bootstrap);
    if (task.whole.seed_differences.size() > 1) text += seeds_line(task.whole, bootstrap);
    if (task.parts.size() > 1) text += differing_line(task, bootstrap);
    Json& to = json["tasks"][task.name] = to_json(task.whole, bootstrap, false);
    for (const ItemComparison& part : task.parts) to["parts"][part.name] = to_json(part, bootstrap, true);
  }
  text += "± and p: bootstrap of seeds, files and items, " + std::to_string(bootstrap.draws) +
          " draws; p of all: Holm's, of all rows at once\n";
  std::printf("%s", text.c_str());
  if (!options.out.empty()) write_json(options.out, json);
  print_result(common, json);
  return 0;
}

}  // namespace rondo::app
