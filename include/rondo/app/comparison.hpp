// What the runs of a comparison (rondo/app/ablation.hpp) have come to, as tables and charts.
//
//   std::vector<Compared> all;                          // a composition each, its runs one a seed
//   write_comparison(all, OUT);                         // table.txt, table.csv, results.json, loss.svg, accuracy.svg
//
// Columns and charts are of what was measured. Means over seeds with their standard errors; of a single run, with the error of its
// own test set. Where pairs name their phenomenon, a table and the chart are by phenomenon, and a second table by file.
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

struct MeanAndError {
  double mean = 0, error = 0;
};
inline MeanAndError mean_and_error(const std::vector<double>& values) {
  MeanAndError result;
  for (const double value : values) result.mean += value / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  if (values.size() > 1)
    result.error = std::sqrt(squares / static_cast<double>(values.size() - 1) / static_cast<double>(values.size()));
  return result;
}
inline std::string with_error(const MeanAndError& value, int digits) {
  return fixed_text(value.mean, digits) + " ± " + fixed_text(value.error, digits);
}

// All outcomes of one composition, a run a seed.
struct Compared {
  const Composition* composition;
  double rate = 0;
  std::vector<RunOutcome> runs;

  // Over seeds of what `get` finds in a run, a value and its error; of a single run just that.
  template <class Get>
  [[nodiscard]] MeanAndError over_runs(Get get) const {
    if (runs.size() == 1) return get(runs[0]);
    std::vector<double> values;
    for (const RunOutcome& run : runs) values.push_back(get(run).mean);
    return mean_and_error(values);
  }
  [[nodiscard]] MeanAndError loss() const {
    return over_runs([](const RunOutcome& run) { return MeanAndError{run.loss.loss, run.loss.standard_error}; });
  }
  [[nodiscard]] MeanAndError speed() const {
    return over_runs([](const RunOutcome& run) { return MeanAndError{run.tokens_per_second, 0}; });
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
  BarChart chart{.title = all[0].runs[0].pairs[set].name, .y = {.label = "% right"}, .lines = {{50, "chance"}}};
  for (const AccuracyLine& line : lines) chart.categories.push_back(line.name);
  for (const Compared& one : all) {
    chart.series.push_back({one.composition->name, {}, {}});
    for (const AccuracyLine& line : lines) {
      const MeanAndError value = accuracy(one, set, line);
      chart.series.back().values.push_back(value.mean);
      chart.series.back().error.push_back(value.error);
    }
  }
  chart.width = std::max(chart.width, 40.0 * static_cast<double>(lines.size()));
  return chart;
}

// The results as JSON; the text is that of table.txt.
inline Json write_comparison(const std::vector<Compared>& all, const std::filesystem::path& out, std::string& text) {
  const std::vector<ScoredPairs>& sets = all[0].runs[0].pairs;
  const bool held_out = !all[0].runs[0].curve.loss.empty();
  std::vector<std::string> columns{"composition", "parameters", "rate", "tokens/s"};
  if (held_out) columns.emplace_back("held-out loss");
  for (const ScoredPairs& set : sets) columns.push_back(set.name + " %");
  if (!sets.empty()) columns.push_back("chance");
  TextTable table{columns};
  Json json = Json::array();
  LineChart curves{.title = "Held-out loss", .x = {.label = "tokens"}, .y = {.label = "nats per token"}};
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
      entry["held_out_standard_error"] = loss.error;
    }
    for (std::size_t set = 0; set < sets.size(); ++set) {
      const auto put = [&](Json& to, const AccuracyLine& line) {
        const MeanAndError value = accuracy(one, set, line);
        to["accuracy"] = value.mean;
        to["standard_error"] = value.error;
      };
      Json& scored = entry["pairs"][sets[set].name];
      put(scored, macro_line);
      for (const AccuracyLine& line : phenomenon_lines(sets[set].report)) put(scored["phenomena"][line.name], line);
      for (const AccuracyLine& line : file_lines(sets[set].report)) put(scored["files"][line.name], line);
      row.push_back(with_error(accuracy(one, set, macro_line), 1));
    }
    if (!sets.empty()) row.emplace_back("50");
    table.add(row);
    json.push_back(std::move(entry));
    curves.series.push_back({one.composition->name, one.runs[0].curve.tokens, one.runs[0].curve.loss});
  }
  text = table.text();
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
