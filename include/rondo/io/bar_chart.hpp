// BarChart: groups of bars with errors (plot.hpp tells how to use it).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/io/chart_frame.hpp>
#include <rondo/io/number_text.hpp>
#include <rondo/io/plot_axis.hpp>
#include <rondo/io/svg.hpp>

namespace rondo {

struct BarSeries {
  std::string name;
  std::vector<double> values;      // one a category
  std::vector<double> error = {};  // as many, or none
};
struct BarChart {
  std::string title = {};
  Axis y = {};
  std::vector<std::string> categories = {};
  std::vector<BarSeries> series = {};
  std::vector<LevelLine> lines = {};
  double width = 760;
  double height = 460;
};

inline std::string svg(const BarChart& chart) {
  require(!chart.categories.empty() && !chart.series.empty(), "chart '", chart.title, "': nothing to draw");
  Extremes ends;
  if (!chart.y.logarithmic) ends.see(0);
  for (const BarSeries& series : chart.series) {
    require(series.values.size() == chart.categories.size(), "chart: series '", series.name, "' has ", series.values.size(),
            " values for ", chart.categories.size(), " categories");
    require(series.error.empty() || series.error.size() == series.values.size(), "chart: series '", series.name, "' has ",
            series.error.size(), " errors for ", series.values.size(), " values");
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const double error = series.error.empty() || !std::isfinite(series.error[i]) ? 0 : series.error[i];
      ends.see(series.values[i] + error);
      if (!chart.y.logarithmic || series.values[i] - error > 0) ends.see(series.values[i] - error);
    }
  }
  require(ends.low <= ends.high, "chart '", chart.title, "': nothing to draw");
  for (const LevelLine& level : chart.lines) ends.see(level.value);

  // Category names that are too long for their place are turned: they end below it and reach to the left and down. The chart
  // makes room.
  constexpr double degrees = 35, cosine = 0.82, sine = 0.58;
  const auto categories = static_cast<double>(chart.categories.size()), series_count = static_cast<double>(chart.series.size());
  std::vector<std::string> names;
  std::vector<double> widths;
  for (const std::string& category : chart.categories) {
    names.push_back(SvgCanvas::fitted(category, ChartFrame::tick_size, chart.width / 2));
    widths.push_back(SvgCanvas::widest_text(names.back(), ChartFrame::tick_size));
  }
  const double widest = *std::max_element(widths.begin(), widths.end());
  const bool turned = widest > (chart.width - 90) / categories - 6;
  const double below = turned ? 26 + sine * widest : 34;
  const double height = chart.height + std::max(0.0, below - chart.height / 3);
  double least_left = 0;
  for (std::size_t i = 0; turned && i < names.size(); ++i) {
    // Of the width between left and right border (24 from the edge) the share that is left of the name's end.
    const double share = (static_cast<double>(i) + 0.5) / categories;
    const double reach = cosine * widths[i] + 4;
    least_left = std::max(least_left, (reach - share * (chart.width - 24)) / (1 - share));
  }

  ChartFrame frame{
      chart.width, height,    chart.title, chart.y, Scale{chart.y, ends.low, ends.high, true, 6}, names_of(chart.series),
      chart.lines, least_left};
  SvgCanvas& canvas = frame.canvas;
  const double slot = (frame.right - frame.left) / categories;
  frame.bottom = height - below;
  frame.draw_y();

  const double gap = series_count > 1 ? 2 : 0;
  const double bar = std::min((0.76 * slot - gap * (series_count - 1)) / series_count, 64.0);
  const double group = bar * series_count + gap * (series_count - 1);
  const bool labelled = bar >= 30;
  const double base_value = std::clamp(0.0, frame.y_scale.low(), frame.y_scale.high());
  canvas.begin_clipped_group({frame.left, frame.top - 14}, frame.right - frame.left, frame.bottom - frame.top + 14);
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const BarSeries& series = chart.series[s];
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const double value = series.values[i];
      if (!std::isfinite(value)) continue;
      const double x = frame.left + slot * (static_cast<double>(i) + 0.5) - group / 2 + static_cast<double>(s) * (bar + gap);
      const double from = frame.y_scale(base_value), to = frame.y_scale(value);
      canvas.rectangle({x, std::min(from, to)}, bar, std::abs(from - to), "fill=\"" + chart_color(s) + "\"");
      const double error = series.error.empty() || !std::isfinite(series.error[i]) ? 0 : series.error[i];
      if (error > 0)
        frame.error_bar(x + bar / 2, value - error, value + error, std::min(5.0, bar / 4),
                        "stroke=\"#1f2937\" stroke-width=\"1.3\"");
      if (!labelled) continue;
      const double end = frame.y_scale(value < base_value ? value - error : value + error);
      canvas.text({x + bar / 2, value < base_value ? end + 14 : end - 5}, count_text(value, 3), 11.5, "middle",
                  ChartFrame::label_style);
    }
  }
  frame.draw_levels(chart.lines);
  canvas.end_group();
  canvas.line({frame.left, frame.y_scale(base_value)}, {frame.right, frame.y_scale(base_value)}, ChartFrame::axis_style);
  for (std::size_t i = 0; i < chart.categories.size(); ++i) {
    const double x = frame.left + slot * (static_cast<double>(i) + 0.5);
    if (turned)
      canvas.text({x + 5, frame.bottom + 16}, names[i], ChartFrame::tick_size, "end", ChartFrame::label_style, degrees);
    else
      canvas.text({x, frame.bottom + 19}, names[i], ChartFrame::tick_size, "middle", ChartFrame::label_style);
  }
  return canvas.finish();
}

}  // namespace rondo
