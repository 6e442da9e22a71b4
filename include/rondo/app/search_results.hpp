// What a search (rondo/app/search.hpp) has come to: OUT/search.json, table.txt, table.csv, loss.svg and best.json.
//
// Candidates are ranked by the rungs that they have come through, those of the same rung by their held-out loss there, the mean over seeds.
// best.json has the settings of the first, without a length, for `train --config`.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/comparison.hpp>
#include <rondo/app/composition.hpp>
#include <rondo/app/search_space.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/line_chart.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

struct Candidate {
  // What a rung has found.
  struct Judged {
    Index steps = 0, tokens = 0;
    std::vector<double> losses{};  // of the seeds; infinite: not finite
    [[nodiscard]] MeanAndError loss() const {
      std::vector<MeanAndError> runs;
      for (const double one : losses) runs.push_back({one, -1});
      return over_seeds(runs);
    }
  };

  const Composition* composition;
  ChosenValues chosen;
  RunDescription run{};  // without a length
  GoingOn going_on = GoingOn::none;
  std::string number{};  // its runs are called by
  std::vector<Judged> rungs{};
  std::vector<HeldOutCurve> curves{};  // of the seeds, in its last rung

  [[nodiscard]] double loss() const { return rungs.back().loss().mean; }
  [[nodiscard]] bool is_before(const Candidate& other) const {
    return rungs.size() != other.rungs.size() ? rungs.size() > other.rungs.size() : loss() < other.loss();
  }
  [[nodiscard]] std::string text(bool with_composition) const {
    std::string result = with_composition ? composition->name : "";
    for (const auto& [path, value] : chosen) result += (result.empty() ? "" : ", ") + path + "=" + value;
    return result;
  }
};

inline Json json_of(const Candidate& candidate, std::size_t rank) {
  Json entry{{"rank", rank},
             {"run", candidate.number},
             {"composition", candidate.composition->name},
             {"settings", Json::object()},
             {"goes_on", std::string(name_of(candidate.going_on))},
             {"rungs", Json::array()}};
  for (const auto& [path, value] : candidate.chosen) entry["settings"][path] = value;
  for (const Candidate::Judged& rung : candidate.rungs) {
    Json judged{{"steps", rung.steps}, {"tokens", rung.tokens}, {"finite", std::isfinite(rung.loss().mean)}};
    if (judged["finite"]) {
      judged["held_out_loss"] = rung.loss().mean;
      judged["losses"] = rung.losses;
      if (rung.losses.size() > 1) judged["held_out_standard_error_over_seeds"] = rung.loss().seed_error;
    }
    entry["rungs"].push_back(std::move(judged));
  }
  return entry;
}

// `candidates` by rank. The results as JSON; the text is that of table.txt.
inline Json write_search(const std::vector<Candidate>& candidates, Json plan, const std::filesystem::path& out, std::string& text) {
  constexpr std::size_t most_curves = 8;
  const bool several = std::any_of(candidates.begin(), candidates.end(),
                                   [&](const Candidate& one) { return one.composition != candidates[0].composition; });
  std::vector<std::string> columns{"rank", "run"};
  if (several) columns.emplace_back("composition");
  for (const auto& setting : candidates[0].chosen) columns.push_back(setting.first);
  for (const char* column : {"rungs", "tokens", "held-out loss"}) columns.emplace_back(column);
  TextTable table{columns};
  const std::size_t seeds = candidates[0].rungs[0].losses.size();
  LineChart chart{.title = "Held-out loss" + (seeds > 1 ? ", mean over " + std::to_string(seeds) + " seeds" : std::string()),
                  .x = {.label = "tokens"},
                  .y = {.label = "nats per token"}};
  Json results = std::move(plan);
  results["candidates"] = Json::array();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& one = candidates[i];
    std::vector<std::string> row{std::to_string(i + 1), one.number};
    if (several) row.push_back(one.composition->name);
    for (const auto& setting : one.chosen) row.push_back(setting.second);
    row.push_back(std::to_string(one.rungs.size()));
    row.push_back(std::to_string(one.rungs.back().tokens));
    row.push_back(std::isfinite(one.loss()) ? with_error(one.rungs.back().loss(), 4) : "not finite");
    table.add(row);
    results["candidates"].push_back(json_of(one, i + 1));
    const LineSeries curve = mean_curve(one.text(several), one.curves);
    if (chart.series.size() < most_curves && !curve.x.empty()) chart.series.push_back(curve);
  }
  text = table.text();
  if (seeds > 1) text += "± standard error over " + std::to_string(seeds) + " seeds\n";
  write_file(out / "table.txt", text);
  write_file(out / "table.csv", table.csv());
  if (!chart.series.empty()) write_file(out / "loss.svg", svg(chart));
  Json best = to_json(candidates[0].run);
  best["composition"] = candidates[0].composition->model.files.composition;
  best.erase("record");
  write_json(out / "best.json", best);
  write_json(out / "search.json", results);
  return results;
}

}  // namespace rondo::app
