// What a model comes to in a task of a benchmark: score, error, chance, and every item.
//
//   TaskResult result = score_choices(scorer, task, tokenizer, convention, {.temperatures = {1.0}}, progress);
//   result.report        {"score", "standard_error", "chance", "items", "ties", "convention", "conventions", "subsets", ...}
//   result.items         lines {"task", "file", "phenomenon", "line", "right", "choice", "scores"}, as item comparisons read them
//
// Of several temperatures one is chosen for all of a task: the first of those with the best score (BabyLM's pipeline of 2025); the
// others are in the report. The report of BEAR has all three reductions of lm-pub-quiz, by template.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <rondo/evaluate/choice_task.hpp>
#include <rondo/evaluate/reading_times.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/number_text.hpp>

namespace rondo {

// low, low + step, ... below high + step, each rounded to float32; none is less than 1e-6.
[[nodiscard]] inline std::vector<double> temperature_grid(double low, double high, double step) {
  require(step > 0 && low <= high, "temperatures: expected low <= high and a step of more than 0, found ", low, ", ", high, ", ", step);
  std::vector<double> grid;
  const auto count = static_cast<Index>(std::ceil((high + step - low) / step));
  for (Index i = 0; i < count; ++i)
    grid.push_back(std::max(double{static_cast<float>(low + static_cast<double>(i) * step)}, double{1e-6F}));
  return grid;
}

struct TaskResult {
  Json report;
  std::vector<Json> items;
  std::vector<std::size_t> choices;  // of all items, where there are options
};

struct ScoringOptions {
  std::vector<double> temperatures{1.0};
  Index longest = 0;  // tokens of a text; 0: no limit
};

inline Json to_json(const Estimate& estimate) {
  return {{"score", estimate.score}, {"standard_error", estimate.standard_error}, {"chance", estimate.chance}, {"items", estimate.items}};
}
inline Json to_json(const std::vector<SubsetScore>& parts) {
  Json result = Json::object();
  for (const SubsetScore& part : parts) result[part.name] = to_json(part.estimate);
  return result;
}

// lm-pub-quiz's figures of one reduction. Groups are templates, subsets a relation in a template.
inline Json bear_report(const ChoiceTask& task, std::span<const ChoiceOutcome> outcomes) {
  std::map<std::string, std::pair<double, Index>> templates;  // right, facts
  std::map<std::string, std::vector<double>> relations_of;    // accuracies
  std::size_t next = 0;
  for (const ChoiceSubset& subset : task.subsets) {
    double right = 0;
    for (std::size_t i = 0; i < subset.items.size(); ++i) right += outcomes[next++].right;
    auto& [sum, facts] = templates[subset.group];
    sum += right, facts += std::ssize(subset.items);
    relations_of[subset.group].push_back(right / static_cast<double>(subset.items.size()));
  }
  Json result{{"micro_by_template", Json::object()}, {"macro_by_template", Json::object()}};
  double mean = 0;
  for (const auto& [name, counted] : templates) {
    const double micro = counted.first / static_cast<double>(counted.second);
    mean += micro / static_cast<double>(templates.size());
    result["micro_by_template"][name] = micro;
    const auto& accuracies = relations_of[name];
    result["macro_by_template"][name] =
        std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / static_cast<double>(accuracies.size());
  }
  result["mean_over_templates"] = mean;
  return result;
}

inline TaskResult score_choices(TextScorer& scorer, const ChoiceTask& task, const Tokenizer& tokenizer, const AnyConvention& convention,
                                const ScoringOptions& options = {}, const SharedProgress& progress = {}) {
  const ChoiceTexts texts = choice_texts(task, tokenizer, convention, options.longest);
  const std::vector<double> temperatures = task.metric == Metric::accuracy ? options.temperatures : std::vector{1.0};
  Index computed = 0;
  const TokenScores scores = scorer.token_scores(texts.texts, {.temperatures = temperatures}, [&](Index done, Index all) {
    computed = all;
    if (progress) progress(done, all);
  });
  TaskResult result;
  TaskScore best;
  std::vector<ChoiceOutcome> outcomes;
  std::vector<OptionScore> chosen;
  Json sweep = Json::array();
  double temperature = 1;
  for (std::size_t t = 0; t < temperatures.size(); ++t) {
    std::vector<OptionScore> of_options = option_scores(task, texts, scores, t);
    std::vector<ChoiceOutcome> found = choose(task, of_options, convention.reduction, convention.ties);
    const TaskScore score = score_of(task, found);
    sweep.push_back({{"temperature", temperatures[t]}, {"score", score.estimate.score}});
    if (t > 0 && score.estimate.score <= best.estimate.score + 1e-12) continue;  // less is rounding
    best = score, outcomes = std::move(found), chosen = std::move(of_options), temperature = temperatures[t];
  }
  Json& report = result.report = to_json(best.estimate);
  report["task"] = task.name;
  report["metric"] = task.metric == Metric::accuracy ? "accuracy" : "spearman";
  report["average"] = task.average == Average::items ? "items" : task.average == Average::groups ? "groups" : "subsets";
  report["ties"] = best.ties;
  report["convention"] = std::string(convention.name);
  report["conventions"] = std::string(convention.description) + "; float32 log-softmax; temperature " + short_text(temperature);
  report["temperature"] = temperature;
  if (temperatures.size() > 1) report["temperatures"] = std::move(sweep);
  report["tokens"] = texts.tokens();
  report["computed_tokens"] = computed;
  report["texts_cut"] = texts.cut;
  if (!best.subsets.empty()) report["subsets"] = to_json(best.subsets);
  if (!best.groups.empty()) report["groups"] = to_json(best.groups);
  if (task.average == Average::items)
    for (const auto& [name, reduction] :
         {std::pair{"sum", Reduction::sum}, {"mean", Reduction::token_mean}, {"conditional_sum", Reduction::conditional_sum}})
      report["reductions"][name] = bear_report(task, choose(task, chosen, reduction, Ties::first_wins));
  std::size_t next = 0;
  each_item(task, [&](const ChoiceSubset& subset, const ChoiceItem& item) {
    const ChoiceOutcome& outcome = outcomes[next++];
    result.choices.push_back(outcome.choice);
    Json line{{"task", task.name}, {"file", subset.name}};
    if (!subset.group.empty()) line["phenomenon"] = subset.group;
    line["line"] = item.line;
    if (task.metric == Metric::accuracy)
      line["right"] = outcome.right;
    else
      line["probability"] = outcome.first, line["target"] = item.target;
    line["choice"] = outcome.choice;
    line["scores"] = outcome.scores;
    result.items.push_back(std::move(line));
  });
  return result;
}

// The score is the mean of both gains, which are percentages of the variance that is left.
inline TaskResult score_reading_times(TextScorer& scorer, ReadingTimes& data, const std::string& name, const Tokenizer& tokenizer,
                                      const SharedProgress& progress = {}) {
  const std::vector<ScoredText> texts = data.texts(tokenizer);
  Index tokens = 0, computed = 0;
  for (const ScoredText& text : texts) tokens += std::ssize(text.ids);
  data.take(texts, scorer.token_scores(texts, {}, [&](Index done, Index all) {
    computed = all;
    if (progress) progress(done, all);
  }));
  TaskResult result;
  Json eye = Json::object();
  for (const char* column : ReadingTimes::eye_columns) eye[column] = data.gain(column);
  const double eye_tracking = data.eye_tracking(), self_paced = data.self_paced();
  result.report = {{"score", (eye_tracking + self_paced) / 2},
                   {"standard_error", nullptr},
                   {"chance", 0},
                   {"items", data.words()},
                   {"task", name},
                   {"metric", "regression gain"},
                   {"convention", "pipeline2025"},
                   {"conventions", "surprisal of a word given the words before, token by token; gain in R^2, % of what is left"},
                   {"eye_tracking", eye_tracking},
                   {"eye_tracking_by_measure", std::move(eye)},
                   {"self_paced", self_paced},
                   {"tokens", tokens},
                   {"computed_tokens", computed}};
  for (Json& line : data.predictions()) result.items.push_back(std::move(line));
  return result;
}

// {"SUBSET": {"predictions": [{"id": "SUBSET_0", "pred": ..., "prob": ...}, ...]}}: what BabyLM's leaderboard takes of a task.
inline Json task_predictions(const ChoiceTask& task, const TaskResult& result, bool leading_space) {
  Json predictions = Json::object();
  std::size_t next = 0;
  for (const ChoiceSubset& subset : task.subsets) {
    Json list = Json::array();
    for (std::size_t i = 0; i < subset.items.size(); ++i, ++next) {
      const ChoiceOption& chosen = subset.items[i].options[result.choices[next]];
      const bool with_space = leading_space && chosen.context.empty();
      Json one{{"id", subset.name + "_" + std::to_string(i)}, {"pred", (with_space ? " " : "") + chosen.prediction}};
      if (task.metric == Metric::spearman) one["prob"] = result.items[next]["probability"];
      list.push_back(std::move(one));
    }
    predictions[subset.name] = {{"predictions", std::move(list)}};
  }
  return predictions;
}

}  // namespace rondo
