// The pictures of a run, drawn from what it wrote down: RUN/loss.svg and RUN/report.html, one page that needs nothing beside it.
//
//   write_report("RUN", sample);         reads run.json and metrics.jsonl; `sample` is a text of the model's
//
// The training loss is drawn as means over up to 200 equal stretches, so that a long run is as readable as a short one. Settings
// that are 0 or empty are left out: what they are of is not there.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/progress.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/io/plot.hpp>
#include <rondo/train/metrics.hpp>

namespace rondo::app {

// The values of `key` over tokens, as means over at most `points` stretches.
inline LineSeries metric_series(const std::vector<Json>& metrics, const std::string& key, const std::string& name,
                                std::size_t points = 200) {
  std::vector<std::pair<double, double>> all;
  for (const Json& line : metrics)
    if (line.contains(key) && line[key].is_number())
      all.emplace_back(line.contains("tokens") ? line["tokens"].get<double>() : line["step"].get<double>(),
                       line[key].get<double>());
  LineSeries series{name, {}, {}};
  const std::size_t stretches = std::min(points, all.size());
  for (std::size_t i = 0; i < stretches; ++i) {
    const std::size_t begin = i * all.size() / stretches, end = (i + 1) * all.size() / stretches;
    double x = 0, y = 0;
    for (std::size_t k = begin; k < end; ++k) x += all[k].first, y += all[k].second;
    series.x.push_back(x / static_cast<double>(end - begin));
    series.y.push_back(y / static_cast<double>(end - begin));
  }
  return series;
}

inline std::string loss_chart(const std::vector<Json>& metrics, const std::string& title) {
  LineChart chart;
  chart.title = title;
  chart.x.label = "tokens";
  chart.y.label = "loss, nats per token";
  for (LineSeries& series :
       std::vector{metric_series(metrics, "loss", "training"), metric_series(metrics, "held_out_loss", "held out")})
    if (!series.x.empty()) chart.series.push_back(std::move(series));
  return svg(chart);
}

inline std::string html_text(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        // A page has no control characters.
        if (static_cast<unsigned char>(letter) >= ' ' || letter == '\n' || letter == '\t')
          result += letter;
        else
          result += "\xef\xbf\xbd";
    }
  }
  return result;
}

// A page that needs nothing beside it; `body` ends with a new line.
inline std::string html_page(const std::string& title, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + html_text(title) +
         "</title>\n<style>body{font:15px/1.45 sans-serif;max-width:820px;margin:2em auto;padding:0 1em;color:#222}"
         "table{border-collapse:collapse;margin:1em 0}th,td{text-align:left;padding:.15em 1.2em .15em "
         "0;border-bottom:1px solid #ddd;"
         "font-weight:normal;vertical-align:top;overflow-wrap:anywhere}th{color:#666;white-space:nowrap}svg{max-"
         "width:100%;height:auto}"
         "</style></head>\n<body>\n" +
         body + "</body></html>\n";
}

// A table of names and values, one row for each member of an object, inner objects with their path.
inline void append_rows(std::string& html, const Json& object, const std::string& path = "") {
  for (const auto& [key, value] : object.items()) {
    const std::string name = path.empty() ? key : path + "." + key;
    if (value.is_object()) {
      append_rows(html, value, name);
      continue;
    }
    const std::string text = value.is_string()         ? value.get<std::string>()
                             : value.is_number_float() ? short_text(value.get<double>())
                                                       : value.dump();
    if (!text.empty() && text != "0" && text != "[]" && text != "null")
      html += "<tr><th>" + html_text(name) + "</th><td>" + html_text(text) + "</td></tr>\n";
  }
}

// What a run has come to, from its metrics. The training loss is the mean over the last twentieth of the steps, ten at least.
inline Json run_results(const std::vector<Json>& metrics) {
  Json results = Json::object();
  double tokens = 0, seconds = 0;
  std::vector<double> losses;
  for (const Json& line : metrics) {
    for (const char* key : {"step", "tokens", "words"})
      if (line.contains(key)) results[key] = line[key];
    for (const char* key : {"held_out_loss", "held_out_standard_error", "held_out_error", "held_out_bits_per_byte",
                            "held_out_windows", "held_out_all_windows"})
      if (line.contains(key)) results[key] = line[key];
    if (line.contains("loss") && line["loss"].is_number()) losses.push_back(line["loss"].get<double>());
    if (line.contains("seconds")) tokens = line["tokens"].get<double>(), seconds = line["seconds"].get<double>();
  }
  if (!losses.empty()) {
    const std::size_t last = std::min(losses.size(), std::max<std::size_t>(10, losses.size() / 20));
    double sum = 0;
    std::size_t seen = 0;
    for (std::size_t i = losses.size() - last; i < losses.size(); ++i) sum += losses[i];
    results["training_loss"] = sum / static_cast<double>(last);
    results["training_loss_steps"] = last;
    // Its parts, where the objective has any.
    Json parts = Json::object();
    for (auto line = metrics.rbegin(); line != metrics.rend() && seen < last; ++line) {
      if (!line->contains("loss")) continue;
      ++seen;
      const Json of_step = line->value("parts", Json::object());
      for (const auto& [name, part] : of_step.items())
        if (part.is_number()) parts[name] = parts.value(name, 0.0) + part.get<double>() / static_cast<double>(last);
    }
    if (!parts.empty()) results["training_parts"] = std::move(parts);
  }
  if (seconds > 0) results["tokens_per_second"] = tokens / seconds;
  if (seconds > 0) results["training_time"] = short_time(seconds);
  return results;
}

// "3.2012 +- 0.0310 (standard error over 67 documents; 195 of 4000 windows)", of results with a held-out loss.
inline std::string held_out_text(const Json& results) {
  const auto number = [&](const char* key) {
    return results.contains(key) && results[key].is_number() ? results[key].get<double>() : 0.0;
  };
  std::string text = fixed_text(number("held_out_loss"), 4), more;
  if (number("held_out_standard_error") > 0) text += " +- " + fixed_text(number("held_out_standard_error"), 4);
  if (results.contains("held_out_error")) more = results["held_out_error"].get<std::string>();
  if (number("held_out_windows") < number("held_out_all_windows"))
    more += (more.empty() ? "" : "; ") + results["held_out_windows"].dump() + " of " + results["held_out_all_windows"].dump() +
            " windows";
  return more.empty() ? text : text + " (" + more + ")";
}

// How a folder is called in titles, "." too.
inline std::string title_of(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder / ".").lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

inline void write_report(const std::filesystem::path& run, const std::string& sample = "") {
  const std::vector<Json> metrics = read_metrics(run / "metrics.jsonl");
  if (metrics.empty()) return;
  const Json description = read_json(run / "run.json");
  const std::string name = title_of(run);
  const std::string chart = loss_chart(metrics, "Loss of " + name);
  write_file(run / "loss.svg", chart);
  std::string html = "<h1>" + html_text(name) + "</h1>\n<table>\n";
  append_rows(html, run_results(metrics));
  html += "</table>\n" + chart.substr(chart.find("<svg"));
  if (!sample.empty())
    html += "\n<h2>A text of the model's</h2>\n<p style=\"white-space:pre-wrap\">" + html_text(sample) + "</p>";
  html += "\n<h2>The run</h2>\n<table>\n";
  append_rows(html, description);
  html += "</table>\n";
  write_file(run / "report.html", html_page(name, html));
}

}  // namespace rondo::app
