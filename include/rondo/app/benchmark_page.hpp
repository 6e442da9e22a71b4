// What `benchmark` shows of its results: one table, and a page with plots that needs nothing beside it.
//
//   TextTable table = benchmark_table(reports, missing);
//   write_file("report.html", benchmark_page(title, facts, reports, missing));
//   std::string chart = curves_chart(curves);      // of several checkpoints: score over words
#pragma once

#include <string>
#include <vector>

#include <rondo/app/report.hpp>
#include <rondo/io/plot.hpp>
#include <rondo/io/text_table.hpp>

namespace rondo::app {

// Shares of what is right, of tasks or of parts of them, in percent; correlations and gains as they are.
inline bool in_percent(const Json& report) {
  return report["metric"] != "spearman" && report["metric"] != "regression gain";
}
inline std::string shown(const Json& report, const char* key) {
  if (!report.contains(key) || !report[key].is_number()) return "";
  return fixed_text((in_percent(report) ? 100 : 1) * report[key].get<double>(), report["metric"] == "spearman" ? 3 : 2);
}

inline TextTable benchmark_table(const std::vector<Json>& reports, const std::vector<std::string>& missing) {
  TextTable table{"task", "score", "error", "chance", "items", "ties", "metric", "convention"};
  const auto text = [](const Json& report, const char* key) { return report.contains(key) ? report[key].dump() : std::string{}; };
  const auto row = [&](const std::string& name, const Json& report, const std::string& convention) {
    table.add(name, shown(report, "score"), shown(report, "standard_error"), shown(report, "chance"), text(report, "items"),
              text(report, "ties"), report["metric"].get<std::string>() + (in_percent(report) ? ", %" : ""), convention);
  };
  for (const Json& report : reports) {
    const std::string name = report["task"].get<std::string>();
    row(name, report, report["convention"].get<std::string>());
    if (!report.contains("subsets")) continue;
    for (const auto& [part, estimate] : report["subsets"].items())  // those that have metrics of their own
      if (estimate.contains("metric"))
        row(name + "/" + part, estimate,
            estimate.contains("standard_error_over_seeds") ? "over seeds: ± " + shown(estimate, "standard_error_over_seeds") : "");
  }
  for (const std::string& task : missing) table.add(task, "-", "", "", "", "", "not in the data", "");
  return table;
}

inline std::string html_table(const TextTable& table) {
  const auto row = [](const TextTable::Row& cells, const char* kind) {
    std::string line = "<tr>";
    for (const std::string& cell : cells) line += std::string("<") + kind + ">" + html_text(cell) + "</" + kind + ">";
    return line + "</tr>\n";
  };
  std::string html = "<table>\n" + row(table.columns(), "th");
  for (const TextTable::Row& cells : table.rows()) html += row(cells, "td");
  return html + "</table>\n";
}

inline std::string inline_svg(const std::string& svg) {
  return svg.substr(svg.find("<svg")) + "\n";
}

// Of reports, or of the parts of one: bars with errors, and chance beside them.
inline std::string scores_chart(const std::string& title, const std::vector<std::pair<std::string, Json>>& parts) {
  BarChart chart;
  chart.title = title;
  chart.y.label = "score, %";
  BarSeries scores{"score", {}, {}}, chance{"chance", {}, {}};
  for (const auto& [name, part] : parts) {
    chart.categories.push_back(name);
    scores.values.push_back(100 * part["score"].get<double>());
    scores.error.push_back(100 * part["standard_error"].get<double>());
    chance.values.push_back(100 * part["chance"].get<double>());
  }
  chart.series = {std::move(scores), std::move(chance)};
  return svg(chart);
}

inline std::string benchmark_page(const std::string& title, const Json& facts, const std::vector<Json>& reports,
                                  const std::vector<std::string>& missing) {
  std::string body = "<h1>" + html_text(title) + "</h1>\n" + html_table(benchmark_table(reports, missing));
  std::vector<std::pair<std::string, Json>> scores;
  for (const Json& report : reports)
    if (in_percent(report)) scores.emplace_back(report["task"].get<std::string>(), report);
  if (!scores.empty()) body += inline_svg(scores_chart("Scores, one standard error of the test set", scores));
  for (const auto& [name, report] : scores) {
    const bool by_group = report.contains("groups") && report["groups"].size() > 1;
    const Json& parts = by_group ? report["groups"] : report["subsets"];
    if (parts.size() < 2 || parts.size() > 40) continue;
    std::vector<std::pair<std::string, Json>> bars;
    for (const auto& [part, estimate] : parts.items()) bars.emplace_back(part, estimate);
    body += "<h2>" + html_text(name) + "</h2>\n" + inline_svg(scores_chart(name + (by_group ? " by group" : " by subset"), bars));
  }
  body += "<h2>Conventions</h2>\n<table>\n";
  for (const Json& report : reports)
    body += "<tr><th>" + html_text(report["task"].get<std::string>()) + "</th><td>" +
            html_text(report["conventions"].get<std::string>()) + "</td></tr>\n";
  body += "</table>\n<h2>What was measured</h2>\n<table>\n";
  append_rows(body, facts);
  return html_page(title, body + "</table>\n");
}

// Checkpoints in their order: where each stands, and its reports.
struct CurvePoint {
  std::string name;
  double at = 0;
  std::vector<Json> reports;
};
inline std::string curves_chart(const std::vector<CurvePoint>& points, const std::string& unit) {
  LineChart chart;
  chart.title = "Scores over training";
  chart.x.label = unit;
  chart.y.label = "score, %";
  for (const CurvePoint& point : points)
    for (const Json& report : point.reports) {
      if (!in_percent(report)) continue;
      const std::string name = report["task"].get<std::string>();
      auto series = std::find_if(chart.series.begin(), chart.series.end(), [&](const LineSeries& one) { return one.name == name; });
      if (series == chart.series.end()) series = chart.series.insert(series, LineSeries{name, {}, {}, {}});
      series->x.push_back(point.at);
      series->y.push_back(100 * report["score"].get<double>());
      series->error.push_back(100 * report["standard_error"].get<double>());
    }
  return chart.series.empty() ? std::string{} : svg(chart);
}

}  // namespace rondo::app
