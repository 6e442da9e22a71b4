// nearest_word: what somebody who wrote an unknown name may have meant.
//
//   nearest_word("stepz", {"steps", "seed"}) == "steps"
//
// The distance of two words is the number of letters to insert, remove or change (Levenshtein).
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo {

inline std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (from[i] != to[j])});
      diagonal = above;
    }
  }
  return row.back();
}

// The candidate most like `word`; empty where none shares more than half of the letters.
inline std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t best = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t length = candidate.size();
    if (std::max(word.size(), length) - std::min(word.size(), length) >= best) continue;  // so many letters would be inserted
    if (const std::size_t distance = edit_distance(word, candidate); distance < best && distance < candidate.size())
      best = distance, nearest = candidate;
  }
  return nearest;
}

// "; did you mean 'steps'?", or nothing: the end of a message about an unknown name.
inline std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_word(word, candidates);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

}  // namespace rondo
