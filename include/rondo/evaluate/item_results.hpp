// Items that a model was scored on: how right each was, as `score --items` and others write them, JSON lines, an item each:
//
//   {"task": "blimp", "file": "adjunct_island", "phenomenon": "island_effects", "line": 7, "right": 1.0, ...}
//
// "file" (paradigm, subset, domain) and "right", in [0, 1] and 1/2 for a tie, must be there. "task" tells apart several sets of files,
// "phenomenon" names what a file is about, "line" or "id" the item in its file; "sentence_good" and "sentence_bad", where they are there,
// belong to what an item is known by. Other members are anyone's.
//
//   ItemResults results = read_item_results("pairs.jsonl");
//   results.groups: a file each, in the order of their first items
//
//   std::vector<ItemResults> seeds = read_all_item_results("runs");        // a file, or of a folder item_result_files(): a seed each
//   align_items(a, b);                                                     // Error names the first file or item that only one has
//
// Throws Error with file and line for what is no such item.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>
#include <rondo/evaluate/minimal_pairs.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

// The items of one file of a task.
struct ItemGroup {
  std::string task, name, phenomenon;
  std::vector<std::string> items;  // what each is known by
  std::vector<float> right;

  // "adjunct_island", or "blimp: adjunct_island".
  [[nodiscard]] std::string full_name() const { return task.empty() ? name : task + ": " + name; }
  // The mean over items.
  [[nodiscard]] double accuracy() const {
    double sum = 0;
    for (const float each : right) sum += double{each};
    return sum / static_cast<double>(right.size());
  }
};

struct ItemResults {
  std::string path;
  std::vector<ItemGroup> groups;
};

[[nodiscard]] inline ItemResults read_item_results(const std::filesystem::path& path) {
  const InputText input{path};
  ItemResults results{input.name(), {}};
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  for_each_line(input.text(), [&](std::string_view line, std::size_t number) {
    const std::string place = input.name() + ":" + std::to_string(number);
    const Json item = parse_json(line, place);
    require(item.is_object() && item.contains("file") && item["file"].is_string() && item.contains("right") && item["right"].is_number(),
            place, R"(: expected an item with a text "file" and a number "right", as `score --items` writes them)");
    const double right = item["right"].get<double>();
    require(right >= 0 && right <= 1, place, ": 'right': expected a number from 0 to 1, found ", right);
    const auto text = [&](const char* key) {
      if (!item.contains(key)) return std::string{};
      return item[key].is_string() ? item[key].get<std::string>() : item[key].dump();
    };
    const auto [at, added] = places.try_emplace({text("task"), text("file")}, results.groups.size());
    if (added) results.groups.push_back({text("task"), text("file"), text("phenomenon"), {}, {}});
    ItemGroup& group = results.groups[at->second];
    std::string known_by = item.contains("id") ? text("id") : text("line");
    for (const char* key : {"sentence_good", "sentence_bad"})
      if (item.contains(key)) known_by += " '" + text(key) + "'";
    group.items.push_back(std::move(known_by));
    group.right.push_back(static_cast<float>(right));
  });
  require(!results.groups.empty(), input.name(), ": no items in it; expected one a line, as `score --items` writes them");
  return results;
}

// Of a file itself; of a folder its items.jsonl, or else those of the folders in it, or else all its *.jsonl, by name.
[[nodiscard]] inline std::vector<std::filesystem::path> item_result_files(const std::filesystem::path& path) {
  if (std::filesystem::exists(path / "items.jsonl")) return {path / "items.jsonl"};
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(path))
    for (const auto& entry : std::filesystem::directory_iterator(path))
      if (std::filesystem::exists(entry.path() / "items.jsonl")) files.push_back(entry.path() / "items.jsonl");
  std::sort(files.begin(), files.end());
  return files.empty() ? minimal_pair_files(path) : files;
}
[[nodiscard]] inline std::vector<ItemResults> read_all_item_results(const std::filesystem::path& path) {
  std::vector<ItemResults> results;
  for (const std::filesystem::path& file : item_result_files(path)) results.push_back(read_item_results(file));
  return results;
}

// The order of files does not matter, that of the items of a file does: `b` is put into the order of `a`.
inline void align_items(const ItemResults& a, ItemResults& b) {
  const auto find = [](const ItemResults& in, const ItemGroup& group) {
    return std::find_if(in.groups.begin(), in.groups.end(),
                        [&](const ItemGroup& one) { return one.task == group.task && one.name == group.name; });
  };
  for (const ItemGroup& group : b.groups)
    require(find(a, group) != a.groups.end(), b.path, ": has items of '", group.full_name(), "', ", a.path, " has none");
  std::vector<ItemGroup> ordered;
  for (const ItemGroup& group : a.groups) {
    const auto other = find(b, group);
    require(other != b.groups.end(), a.path, ": has items of '", group.full_name(), "', ", b.path, " has none");
    require(other->items.size() == group.items.size(), b.path, ": ", other->items.size(), " items of '", group.full_name(), "', ", a.path,
            " has ", group.items.size());
    for (std::size_t i = 0; i < group.items.size(); ++i)
      require(other->items[i] == group.items[i], b.path, ": item ", i + 1, " of '", group.full_name(), "' is ", other->items[i], ", in ",
              a.path, " it is ", group.items[i]);
    ordered.push_back(*other);
  }
  b.groups = std::move(ordered);
}

}  // namespace rondo
