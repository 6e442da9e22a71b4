// Tasks of items with several options, of which one is right: which does a model find most probable?
//
//   ChoiceTask task = read_minimal_pair_task("blimp", files);          // rondo/evaluate/task_files.hpp
//   ChoiceTexts texts = choice_texts(task, tokenizer, convention);     // what is fed, and what of it counts
//   std::vector<ChoiceOutcome> outcomes = ...                          // choose(task, convention, option_scores(...))
//   TaskScore score = score_of(task, outcomes);
//
// Score of a task, by Average: the mean over its items, over its subsets (paradigms, domains), or over the means of groups of subsets;
// the standard error is that of the test set, sqrt(a (1 - a) / n) of each subset, combined as the mean is. Chance is one over the number
// of options, averaged alike. Metric::spearman: the rank correlation of each item's `target` (what people did) with the probability of
// its first option, softmax over the scores of all; error sqrt((1 - r^2) / (n - 2)), chance 0.
// Throws Error with file and line for an option that has no token whose probability could be told, and for a score that is not a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <rondo/evaluate/rank_correlation.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/evaluate/scoring_convention.hpp>

namespace rondo {

struct ChoiceOption {
  std::string context, completion;  // the text is both
  std::string prediction;           // how prediction files call it
};
struct ChoiceItem {
  std::vector<ChoiceOption> options;
  std::size_t right = 0;
  std::size_t line = 0;
  double target = 0;
};
struct ChoiceSubset {
  std::string name, group, path;
  std::vector<ChoiceItem> items;
  Index in_file = 0;  // items there, read or not; 0: as many as were read
};

enum class Average { items, subsets, groups };
enum class Metric { accuracy, spearman };

struct ChoiceTask {
  std::string name;
  Average average = Average::subsets;
  Metric metric = Metric::accuracy;
  std::vector<ChoiceSubset> subsets;

  [[nodiscard]] Index items() const {
    Index count = 0;
    for (const ChoiceSubset& subset : subsets) count += std::ssize(subset.items);
    return count;
  }
};

// The options of all items, one after the other.
struct ChoiceTexts {
  std::vector<ScoredText> texts;
  std::vector<std::size_t> completions;  // the first token of each
  Index cut = 0;                         // texts longer than the context, of which the beginning is left out
  [[nodiscard]] Index tokens() const {
    Index sum = 0;
    for (const ScoredText& text : texts) sum += std::ssize(text.ids);
    return sum;
  }
};

// visit(subset, item) of all items in their order.
template <class Visit>
void each_item(const ChoiceTask& task, Visit&& visit) {
  for (const ChoiceSubset& subset : task.subsets)
    for (const ChoiceItem& item : subset.items) visit(subset, item);
}

// `longest`: tokens of a text, of longer ones the last; 0: no limit.
inline ChoiceTexts choice_texts(const ChoiceTask& task, const Tokenizer& tokenizer, const AnyConvention& convention, Index longest = 0) {
  ChoiceTexts result;
  each_item(task, [&](const ChoiceSubset& subset, const ChoiceItem& item) {
    for (const ChoiceOption& option : item.options) {
      ConventionText text = convention.text(tokenizer, option.context, option.completion);
      auto& [ids, scored] = text.text;
      if (longest > 0 && std::ssize(ids) > longest) {
        const auto left_out = std::ssize(ids) - longest;
        ids.erase(ids.begin(), ids.begin() + left_out);
        scored.erase(scored.begin(), scored.begin() + left_out);
        scored[0] = 0;
        text.completion -= std::min(text.completion, static_cast<std::size_t>(left_out));
        ++result.cut;
      }
      require(std::find(scored.begin(), scored.end(), 1) != scored.end(), subset.path, ":", item.line, ": '",
              option.context + option.completion, "' has no token whose probability could be told (convention ", convention.name, ")");
      result.texts.push_back(std::move(text.text));
      result.completions.push_back(text.completion);
    }
  });
  return result;
}

// What an option's tokens come to.
struct OptionScore {
  double sum = 0, conditional_sum = 0;  // of all scored tokens; of those from the completion on
  Index tokens = 0;
  std::size_t characters = 0;  // of the completion

  [[nodiscard]] double reduced(Reduction reduction) const {
    switch (reduction) {
      case Reduction::token_mean:
        return sum / static_cast<double>(std::max<Index>(tokens, 1));
      case Reduction::character_mean:
        return sum / static_cast<double>(std::max<std::size_t>(characters, 1));
      case Reduction::conditional_sum:
        return conditional_sum;
      default:
        return sum;
    }
  }
};

inline std::vector<OptionScore> option_scores(const ChoiceTask& task, const ChoiceTexts& texts, const TokenScores& scores,
                                              std::size_t temperature = 0) {
  std::vector<OptionScore> result;
  each_item(task, [&](const ChoiceSubset& subset, const ChoiceItem& item) {
    for (const ChoiceOption& option : item.options) {
      const std::size_t number = result.size();
      const auto values = scores.of(number, temperature);
      OptionScore& score = result.emplace_back();
      for (std::size_t t = 0; t < values.size(); ++t) {
        if (texts.texts[number].scored[t] == 0) continue;
        ++score.tokens;
        score.sum += double{values[t]};
        if (t >= texts.completions[number]) score.conditional_sum += double{values[t]};
      }
      score.characters = count_characters(option.completion);
      require(!std::isnan(score.sum), subset.path, ":", item.line, ": the model's score is not a number");
    }
  });
  return result;
}

// What the model made of one item.
struct ChoiceOutcome {
  std::size_t choice = 0;  // of equal scores the first
  double right = 0;        // in [0, 1]; 1/2: a tie with the right one, where ties count half
  double first = 0;        // probability of the first option, softmax over all
  bool tie = false;        // the right option is among several best
  std::vector<double> scores;
};

inline std::vector<ChoiceOutcome> choose(const ChoiceTask& task, std::span<const OptionScore> scores, Reduction reduction, Ties ties) {
  std::vector<ChoiceOutcome> result;
  std::size_t next = 0;
  each_item(task, [&](const ChoiceSubset&, const ChoiceItem& item) {
    ChoiceOutcome& outcome = result.emplace_back();
    for (std::size_t i = 0; i < item.options.size(); ++i) outcome.scores.push_back(scores[next++].reduced(reduction));
    const auto best = std::max_element(outcome.scores.begin(), outcome.scores.end());
    outcome.choice = static_cast<std::size_t>(best - outcome.scores.begin());
    const auto equals = std::count(outcome.scores.begin(), outcome.scores.end(), *best);
    outcome.tie = equals > 1 && outcome.scores[item.right] == *best;
    outcome.right = outcome.tie && ties == Ties::half_right ? 1 / static_cast<double>(equals) : outcome.choice == item.right ? 1 : 0;
    double sum = 0;
    for (const double score : outcome.scores) sum += std::exp(score - *best);
    outcome.first = std::exp(outcome.scores.front() - *best) / sum;
  });
  return result;
}

struct Estimate {
  double score = 0, standard_error = 0, chance = 0;
  Index items = 0;
};
struct SubsetScore {
  std::string name, group;
  Estimate estimate;
};
struct TaskScore {
  Estimate estimate;
  Index ties = 0;
  std::vector<SubsetScore> subsets, groups;  // none of a correlation; groups: means over their subsets
};

// Every part counts as much.
inline Estimate mean_of(std::span<const SubsetScore> parts) {
  Estimate mean;
  const auto count = static_cast<double>(parts.size());
  double squares = 0;
  for (const SubsetScore& part : parts) {
    mean.score += part.estimate.score / count;
    mean.chance += part.estimate.chance / count;
    mean.items += part.estimate.items;
    squares += part.estimate.standard_error * part.estimate.standard_error;
  }
  mean.standard_error = std::sqrt(squares) / count;
  return mean;
}

inline TaskScore score_of(const ChoiceTask& task, std::span<const ChoiceOutcome> outcomes) {
  TaskScore result;
  require(std::ssize(outcomes) == task.items() && !outcomes.empty(), task.name, ": ", outcomes.size(), " outcomes of ", task.items(),
          " items");
  for (const ChoiceOutcome& outcome : outcomes) result.ties += outcome.tie;
  if (task.metric == Metric::spearman) {
    std::vector<double> found, expected;
    std::size_t next = 0;
    each_item(task, [&](const ChoiceSubset&, const ChoiceItem& item) {
      found.push_back(outcomes[next++].first);
      expected.push_back(item.target);
    });
    const double r = rank_correlation(found, expected);
    const auto n = static_cast<double>(found.size());
    result.estimate = {r, n > 2 ? std::sqrt((1 - r * r) / (n - 2)) : 0, 0, std::ssize(found)};
    return result;
  }
  const auto binomial = [](double right, double chance, Index items) {
    const double n = static_cast<double>(items), a = right / n;
    return Estimate{a, std::sqrt(std::max(a * (1 - a), 0.0) / n), chance / n, items};
  };
  std::map<std::string, std::vector<SubsetScore>> groups;
  std::vector<std::string> group_names;
  std::size_t next = 0;
  double all_right = 0, all_chance = 0;
  for (const ChoiceSubset& subset : task.subsets) {
    double right = 0, chance = 0;
    for (const ChoiceItem& item : subset.items) {
      right += outcomes[next++].right;
      chance += 1 / static_cast<double>(item.options.size());
    }
    all_right += right, all_chance += chance;
    const SubsetScore& score =
        result.subsets.emplace_back(SubsetScore{subset.name, subset.group, binomial(right, chance, std::ssize(subset.items))});
    if (subset.group.empty()) continue;
    auto& group = groups[subset.group];
    if (group.empty()) group_names.push_back(subset.group);
    group.push_back(score);
  }
  for (const std::string& name : group_names) result.groups.push_back({name, "", mean_of(groups[name])});
  result.estimate = task.average == Average::items    ? binomial(all_right, all_chance, task.items())
                    : task.average == Average::groups ? mean_of(result.groups)
                                                      : mean_of(result.subsets);
  return result;
}

}  // namespace rondo
