// What the runs of a comparison (rondo/app/ablation.hpp) have come to, as tables and charts.
//
//   std::vector<Compared> all;                          // a composition each, its runs one a seed
//   write_comparison(all, OUT);                         // table.txt, table.csv, results.json, loss.svg, accuracy.svg
//
// Columns and charts are of what was measured, with the standard error of the test set: how far another text or other pairs would
// lead. Of several seeds it is the mean of the runs' errors (the test set is the same), and before it stands the standard error
// of the mean over seeds: how far other seeds would lead. Where pairs name their phenomenon, a table and the chart are by
// phenomenon, and a second table by file.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <rondo/app/composition.hpp>
#include <rondo/evaluate/minimal_pairs.hpp>
#include <rondo/evaluate/perplexity.hpp>
#include <rondo/io/bar_chart.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/line_chart.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

// Minimal pairs scored: `name` is that of their folder or file.
struct ScoredPairs {
  std::string name;
  PairReport report;
};

struct HeldOutCurve {
  std::vector<double> tokens, loss;
};

// What one finished run is known by.
struct RunOutcome {
  Index parameters = 0;
  double tokens_per_second = 0;
  HeldOutLoss loss;
  std::vector<ScoredPairs> pairs;
  std::string sample;
  HeldOutCurve curve;
};

// A mean over seeds with its standard errors: of the test set (negative: unknown), and over seeds (0 of a single one).
struct MeanAndError {
  double mean = 0, test_error = 0, seed_error = 0;
  Index seeds = 1;
  // Both, for a bar.
  [[nodiscard]] double error() const { return std::hypot(std::max(test_error, 0.0), seed_error); }
};
inline MeanAndError over_seeds(const std::vector<MeanAndError>& runs) {
  MeanAndError result{0, 0, 0, std::ssize(runs)};
  const auto count = static_cast<double>(runs.size());
  for (const MeanAndError& run : runs) result.mean += run.mean / count, result.test_error += run.test_error / count;
  double squares = 0;
  for (const MeanAndError& run : runs) squares += (run.mean - result.mean) * (run.mean - result.mean);
  if (runs.size() > 1) result.seed_error = std::sqrt(squares / (count - 1) / count);
  return result;
}
inline std::string with_error(const MeanAndError& value, int digits) {
  return fixed_text(value.mean, digits) + (value.seeds > 1 ? " ± " + fixed_text(value.seed_error, digits) : "") +
         (value.test_error < 0 ? "" : " ± " + fixed_text(value.test_error, digits));
}
inline void put_errors(Json& to, const MeanAndError& value, const std::string& prefix = "") {
  to[prefix + "standard_error"] = value.test_error < 0 ? Json() : Json(value.test_error);
  if (value.seeds > 1) to[prefix + "standard_error_over_seeds"] = value.seed_error;
}

// The mean over seeds as far as all of them have come.
inline LineSeries mean_curve(const std::string& name, const std::vector<HeldOutCurve>& curves) {
  LineSeries series{name, {}, {}};
  for (std::size_t i = 0;; ++i) {
    std::vector<MeanAndError> losses;
    for (const HeldOutCurve& curve : curves)
      if (i < curve.loss.size() && curve.tokens[i] == curves[0].tokens[i]) losses.push_back({curve.loss[i]});
    if (losses.size() < curves.size() || losses.empty()) return series;
    const MeanAndError loss = over_seeds(losses);
    series.x.push_back(curves[0].tokens[i]);
    series.y.push_back(loss.mean);
    if (curves.size() > 1) series.error.push_back(loss.seed_error);
  }
}

// All outcomes of one composition, a run a seed.
struct Compared {
  const Composition* composition;
  double rate = 0;
  std::vector<RunOutcome> runs;

  // Over seeds of what `get` finds in a run, a value and the error of its test set.
  template <class Get>
  [[nodiscard]] MeanAndError over_runs(Get get) const {
    std::vector<MeanAndError> values;
    for (const RunOutcome& run : runs) values.push_back(get(run));
    return over_seeds(values);
  }
  [[nodiscard]] MeanAndError loss() const {
    return over_runs([](const RunOutcome& run) {
      return MeanAndError{run.loss.loss, run.loss.has_error() ? run.loss.standard_error : -1};
    });
  }
  [[nodiscard]] MeanAndError speed() const {
    return over_runs([](const RunOutcome& run) { return MeanAndError{run.tokens_per_second}; });
  }
  [[nodiscard]] LineSeries curve() const {
    std::vector<HeldOutCurve> curves;
    for (const RunOutcome& run : runs) curves.push_back(run.curve);
    return mean_curve(composition->name, curves);
  }
};

// One line of a table of accuracies: where a report keeps it.
struct AccuracyLine {
  std::string name;
  std::function<MeanAndError(const PairReport& report)> percent;
};
inline MeanAndError percent(const MacroAverage& average) {
  return {100 * average.accuracy, 100 * average.standard_error};
}
inline std::vector<AccuracyLine> phenomenon_lines(const PairReport& report) {
  std::vector<AccuracyLine> lines;
  for (const auto& phenomenon : report.phenomena())
    lines.push_back({phenomenon.first,
                     [name = phenomenon.first](const PairReport& of) { return percent(of.phenomena().at(name)); }});
  return lines;
}
inline std::vector<AccuracyLine> file_lines(const PairReport& report) {
  std::vector<AccuracyLine> lines;
  for (std::size_t f = 0; f < report.files.size(); ++f)
    lines.push_back({report.files[f].name, [f](const PairReport& of) {
                       return MeanAndError{100 * of.files[f].accuracy(), 100 * of.files[f].standard_error()};
                     }});
  return lines;
}
inline const AccuracyLine macro_line{"macro", [](const PairReport& of) { return percent(of.macro()); }};

inline MeanAndError accuracy(const Compared& one, std::size_t set, const AccuracyLine& line) {
  return one.over_runs([&](const RunOutcome& run) { return line.percent(run.pairs[set].report); });
}

inline std::string accuracy_table(const std::vector<Compared>& all, std::size_t set, const std::string& title,
                                  const std::vector<AccuracyLine>& lines) {
  std::vector<std::string> columns{title + ", % right"};
  for (const Compared& one : all) columns.push_back(one.composition->name);
  TextTable table{columns};
  for (const AccuracyLine& line : lines) {
    std::vector<std::string> row{line.name};
    for (const Compared& one : all) row.push_back(with_error(accuracy(one, set, line), 1));
    table.add(row);
  }
  return table.text();
}

inline BarChart accuracy_chart(const std::vector<Compared>& all, std::size_t set, const std::vector<AccuracyLine>& lines) {
  BarChart chart{.title = "Accuracy on " + all[0].runs[0].pairs[set].name,
                 .y = {.label = "% right, ± standard error"},
                 .lines = {{50, "chance"}}};
  for (const AccuracyLine& line : lines) chart.categories.push_back(line.name);
  for (const Compared& one : all) {
    chart.series.push_back({one.composition->name, {}, {}});
    for (const AccuracyLine& line : lines) {
      const MeanAndError value = accuracy(one, set, line);
      chart.series.back().values.push_back(value.mean);
      chart.series.back().error.push_back(value.error());
    }
  }
  chart.width = std::max(chart.width, 40.0 * static_cast<double>(lines.size()));
  return chart;
}

// The results as JSON; the text is that of table.txt.
inline Json write_comparison(const std::vector<Compared>& all, const std::filesystem::path& out, std::string& text) {
  const std::vector<ScoredPairs>& sets = all[0].runs[0].pairs;
  const bool held_out = !all[0].runs[0].curve.loss.empty();
  const auto seeds = all[0].runs.size();
  const HeldOutLoss& loss_of_first = all[0].runs[0].loss;
  std::vector<std::string> columns{"composition", "parameters", "rate", "tokens/s"};
  if (held_out) columns.emplace_back("held-out loss");
  for (const ScoredPairs& set : sets) columns.push_back(set.name + " %");
  if (!sets.empty()) columns.push_back("chance");
  TextTable table{columns};
  Json json = Json::array();
  const std::string of_seeds = seeds > 1 ? ", mean over " + std::to_string(seeds) + " seeds with its standard error" : "";
  LineChart curves{.title = "Held-out loss" + of_seeds, .x = {.label = "tokens"}, .y = {.label = "nats per token"}};
  for (const Compared& one : all) {
    std::vector<std::string> row{one.composition->name, std::to_string(one.runs[0].parameters), short_text(one.rate),
                                 fixed_text(one.speed().mean, 0)};
    Json entry{{"composition", one.composition->name}, {"purpose", one.composition->purpose},
               {"parameters", one.runs[0].parameters}, {"rate", one.rate}, {"tokens_per_second", one.speed().mean},
               {"seeds", one.runs.size()}};
    if (held_out) {
      const MeanAndError loss = one.loss();
      row.push_back(with_error(loss, 4));
      entry["held_out_loss"] = loss.mean;
      put_errors(entry, loss, "held_out_");
      entry["held_out_error"] = loss_of_first.error_text();
    }
    for (std::size_t set = 0; set < sets.size(); ++set) {
      const auto put = [&](Json& to, const AccuracyLine& line) {
        const MeanAndError value = accuracy(one, set, line);
        to["accuracy"] = value.mean;
        put_errors(to, value);
      };
      Json& scored = entry["pairs"][sets[set].name];
      put(scored, macro_line);
      scored["error"] = PairReport::error_text;
      for (const AccuracyLine& line : phenomenon_lines(sets[set].report)) put(scored["phenomena"][line.name], line);
      for (const AccuracyLine& line : file_lines(sets[set].report)) put(scored["files"][line.name], line);
      row.push_back(with_error(accuracy(one, set, macro_line), 1));
    }
    if (!sets.empty()) row.emplace_back("50");
    table.add(row);
    json.push_back(std::move(entry));
    curves.series.push_back(one.curve());
  }
  text = table.text();
  if (held_out || !sets.empty())
    text += std::string("± ") +
            (seeds > 1 ? "standard error over " + std::to_string(seeds) + " seeds, ± that" : "standard error") +
            " of the test set: " +
            (!held_out                   ? ""
             : loss_of_first.has_error() ? "of losses over " + loss_of_first.error_over()
                                         : "of losses none, it is one document") +
            (held_out && !sets.empty() ? ", " : "") + (sets.empty() ? "" : "of accuracies over their pairs") + "\n";
  for (std::size_t set = 0; set < sets.size(); ++set) {
    const std::vector<AccuracyLine> phenomena = phenomenon_lines(sets[set].report), files = file_lines(sets[set].report);
    if (!phenomena.empty()) text += "\n" + accuracy_table(all, set, sets[set].name + " by phenomenon", phenomena);
    text += "\n" + accuracy_table(all, set, sets[set].name, files);
    write_file(out / (sets.size() == 1 ? "accuracy.svg" : "accuracy_" + sets[set].name + ".svg"),
               svg(accuracy_chart(all, set, phenomena.empty() ? files : phenomena)));
  }
  for (const Compared& one : all)
    if (!one.runs[0].sample.empty()) text += "\n" + one.composition->name + ": " + one.runs[0].sample + "\n";
  write_file(out / "table.txt", text);
  write_file(out / "table.csv", table.csv());
  write_json(out / "results.json", json);
  if (held_out) write_file(out / "loss.svg", svg(curves));
  return json;
}

}  // namespace rondo::app
