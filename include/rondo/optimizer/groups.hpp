// Groups of parameters with shares of their own of the optimiser's rate and weight decay.
//
//   std::vector<Group> groups{{.roles = {Role::embedding}, .rate = 0.3, .decay = 0.0}, {.path = "blocks.*.mixer.*", .rate = 0.5}};
//
// A parameter belongs to the first group that fits: its role is one of the group's (any, where there are none) and its path fits the
// pattern, in which * stands for any text. Those of no group have the full rate, and decay where their lists say so.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/leaf.hpp>

namespace rondo {

struct Group {
  std::vector<Role> roles{};
  std::string path = "*";
  double rate = 1;                // times the optimiser's
  std::optional<double> decay{};  // times the optimiser's, whatever the parameter's list says; absent: as the list says
};

constexpr bool fits_pattern(std::string_view text, std::string_view pattern) {
  for (; !pattern.empty() && pattern.front() != '*'; text.remove_prefix(1), pattern.remove_prefix(1))
    if (text.empty() || text.front() != pattern.front()) return false;
  if (pattern.empty()) return text.empty();
  for (std::size_t skipped = 0; skipped <= text.size(); ++skipped)
    if (fits_pattern(text.substr(skipped), pattern.substr(1))) return true;
  return false;
}

// The number of the group of a parameter; the number of groups where it is in none.
inline std::size_t group_of(std::span<const Group> groups, std::string_view path, const Leaf& leaf) {
  const auto fits = [&](const Group& group) {
    return (group.roles.empty() || std::find(group.roles.begin(), group.roles.end(), leaf.role) != group.roles.end()) &&
           fits_pattern(path, group.path);
  };
  return static_cast<std::size_t>(std::find_if(groups.begin(), groups.end(), fits) - groups.begin());
}

// For training with adapters (rondo/combinator/low_rank.hpp): they alone, and whatever fits a pattern of `also` (a classifier's "score.*").
[[nodiscard]] inline std::vector<Group> adapters_alone(const std::vector<std::string>& also = {}) {
  std::vector<Group> groups{{.path = "*adapters.*"}};
  for (const std::string& path : also) groups.push_back({.path = path});
  groups.push_back({.rate = 0, .decay = 0.0});
  return groups;
}

}  // namespace rondo
