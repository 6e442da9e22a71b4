// Two models, or two sets of seeds of them, that were scored on the same items: how far apart they are, and on what.
//
//   std::vector<ItemResults> a = read_all_item_results("base"), b = read_all_item_results("distilled");    // pairs of seeds, in this order
//   for (const TaskComparison& task : compare_items(a, b)) use(task.whole, task.parts);
//
// A score is the mean over files of the accuracy of each, a difference that of B less that of A, its error, interval and p those of
// rondo/evaluate/paired_bootstrap.hpp. Of several pairs of seeds the differences of each are told, too, with Student's test of them. Of one
// pair - two given checkpoints - McNemar's test tells whether items that one has right and the other wrong are split evenly: exact,
// two_sided_sign (McNemar 1947); a tie is more than wrong and less than right. The parts of a task are its phenomena, or where it names
// none its files; `adjusted_p` is held against one level for all parts together (Holm).
#pragma once

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <rondo/evaluate/item_results.hpp>
#include <rondo/evaluate/paired_bootstrap.hpp>
#include <rondo/evaluate/significance.hpp>

namespace rondo {

// Items that one of two checkpoints has more right than the other.
struct Discordant {
  Index first = 0, second = 0;
  // McNemar's test.
  [[nodiscard]] double p() const { return two_sided_sign(first, first + second); }
};

struct ItemComparison {
  std::string name;  // of a phenomenon or file
  Index files = 0, items = 0;
  double first = 0, second = 0;  // scores, means over seeds
  Bootstrapped difference;
  double adjusted_p = 1;
  std::vector<double> seed_differences;
  Discordant discordant;  // of one pair of seeds
};

struct TaskComparison {
  std::string name;  // "items" where they name no task
  ItemComparison whole;
  std::vector<ItemComparison> parts;
};

// `a` and `b` are aligned; `groups`: which of their files.
[[nodiscard]] inline ItemComparison compare_groups(std::string name, std::span<const ItemResults> a, std::span<const ItemResults> b,
                                                   const std::vector<std::size_t>& groups, const BootstrapOptions& options) {
  ItemComparison result;
  result.name = std::move(name);
  result.files = std::ssize(groups);
  result.seed_differences.resize(a.size());
  const auto of_all = 1 / static_cast<double>(groups.size());
  std::vector<FileDifferences> files;
  for (const std::size_t g : groups) {
    FileDifferences& file = files.emplace_back();
    file.items = std::ssize(a[0].groups[g].right);
    result.items += file.items;
    for (std::size_t s = 0; s < a.size(); ++s) {
      const ItemGroup &in_a = a[s].groups[g], &in_b = b[s].groups[g];
      for (std::size_t i = 0; i < in_a.right.size(); ++i) {
        const float difference = in_b.right[i] - in_a.right[i];
        file.values.push_back(difference);
        result.discordant.first += difference < 0;
        result.discordant.second += difference > 0;
      }
      result.seed_differences[s] += (in_b.accuracy() - in_a.accuracy()) * of_all;
      result.first += in_a.accuracy() * of_all / static_cast<double>(a.size());
      result.second += in_b.accuracy() * of_all / static_cast<double>(a.size());
    }
  }
  result.difference = paired_bootstrap(files, std::ssize(a), options);
  return result;
}

// `progress` is told how many of all comparisons are made.
[[nodiscard]] inline std::vector<TaskComparison> compare_items(std::vector<ItemResults> a, std::vector<ItemResults> b,
                                                               const BootstrapOptions& options = {},
                                                               const std::function<void(Index done, Index all)>& progress = {}) {
  require(!a.empty() && a.size() == b.size(), "comparison: ", a.size(), " results and ", b.size(), "; seeds come in pairs");
  for (ItemResults& each : a)
    if (&each != &a[0]) align_items(a[0], each);
  for (ItemResults& each : b) align_items(a[0], each);

  struct Part {
    std::string name;
    std::vector<std::size_t> groups;
  };
  struct Task {
    Part whole;
    std::vector<Part> parts;
  };
  const auto add = [](auto& to, const std::string& name, auto name_of) -> auto& {
    const auto found = std::find_if(to.begin(), to.end(), [&](const auto& one) { return name_of(one) == name; });
    return found != to.end() ? *found : to.emplace_back();
  };
  const std::vector<ItemGroup>& groups = a[0].groups;
  std::vector<Task> tasks;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    Task& task = add(tasks, groups[g].task, [](const Task& one) { return one.whole.name; });
    task.whole.name = groups[g].task;
    task.whole.groups.push_back(g);
  }
  Index all = 0, done = 0;
  for (Task& task : tasks) {
    const auto named = [&](std::size_t g) { return !groups[g].phenomenon.empty(); };
    const bool phenomena = std::any_of(task.whole.groups.begin(), task.whole.groups.end(), named);
    for (const std::size_t g : task.whole.groups) {
      if (phenomena && !named(g)) continue;
      const std::string& name = phenomena ? groups[g].phenomenon : groups[g].name;
      Part& part = add(task.parts, name, [](const Part& one) { return one.name; });
      part.name = name;
      part.groups.push_back(g);
    }
    all += 1 + std::ssize(task.parts);
  }

  std::vector<TaskComparison> result;
  for (const Task& task : tasks) {
    const auto compare = [&](const Part& part) {
      ItemComparison compared = compare_groups(part.name, a, b, part.groups, options);
      if (progress) progress(++done, all);
      return compared;
    };
    const std::string name = task.whole.name.empty() ? "items" : task.whole.name;
    TaskComparison& compared = result.emplace_back(TaskComparison{name, compare(task.whole), {}});
    std::vector<double> p;
    for (const Part& part : task.parts) p.push_back(compared.parts.emplace_back(compare(part)).difference.p);
    const std::vector<double> adjusted = holm_adjusted(p);
    for (std::size_t i = 0; i < p.size(); ++i) compared.parts[i].adjusted_p = adjusted[i];
  }
  return result;
}

}  // namespace rondo
