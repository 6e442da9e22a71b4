// LineChart: lines through points, with error bars or bands (plot.hpp tells how to use it).
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

struct LineSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> error = {};  // as many as y, or none
};
struct LineChart {
  std::string title = {};
  Axis x = {};
  Axis y = {};
  std::vector<LineSeries> series = {};
  std::vector<LevelLine> lines = {};
  double width = 760;
  double height = 460;
};
inline std::string svg(const LineChart& chart) {
  Extremes x_ends, y_ends;
  for (const LineSeries& series : chart.series) {
    require(series.x.size() == series.y.size(), "chart: series '", series.name, "' has ", series.x.size(), " x and ",
            series.y.size(), " y");
    require(series.error.empty() || series.error.size() == series.y.size(), "chart: series '", series.name, "' has ",
            series.error.size(), " errors for ", series.y.size(), " points");
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) continue;
      const double error = series.error.empty() || !std::isfinite(series.error[i]) ? 0 : series.error[i];
      x_ends.see(series.x[i]);
      y_ends.see(series.y[i]);
      y_ends.see(series.y[i] + error);
      if (!chart.y.logarithmic || series.y[i] - error > 0) y_ends.see(series.y[i] - error);
    }
  }
  require(x_ends.low <= x_ends.high, "chart '", chart.title, "': nothing to draw");
  for (const LevelLine& level : chart.lines) y_ends.see(level.value);

  ChartFrame frame{
      chart.width, chart.height, chart.title, chart.y, Scale{chart.y, y_ends.low, y_ends.high, true, 6}, names_of(chart.series),
      chart.lines};
  SvgCanvas& canvas = frame.canvas;
  Scale x_scale{chart.x, x_ends.low, x_ends.high, false, static_cast<int>((frame.right - frame.left) / 90)};
  if (chart.x.label.empty()) frame.bottom += 18;
  frame.draw_y();
  x_scale.lay_out(frame.left + 8, frame.right - 8);
  for (const Tick& tick : x_scale.ticks) {
    const double x = x_scale(tick.value);
    canvas.line({x, frame.bottom}, {x, frame.bottom + 5}, ChartFrame::axis_style);
    canvas.text({x, frame.bottom + 19}, tick.label, ChartFrame::tick_size, "middle", ChartFrame::tick_style);
  }
  canvas.line({frame.left, frame.bottom}, {frame.right, frame.bottom}, ChartFrame::axis_style);
  canvas.text({(frame.left + frame.right) / 2, frame.bottom + 38}, chart.x.label, ChartFrame::label_size, "middle",
              ChartFrame::label_style);

  canvas.begin_clipped_group({frame.left, frame.top - 6}, frame.right - frame.left, frame.bottom - frame.top + 6);
  frame.draw_levels(chart.lines);
  constexpr std::size_t sparse = 30;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    const LineSeries& series = chart.series[s];
    const std::string color = chart_color(s);
    const std::string dash = s < chart_colors.size() ? "" : " stroke-dasharray=\"7 4\"";
    std::vector<Point> run, upper, lower;
    const auto draw_run = [&] {
      if (upper.size() > 1) {
        upper.insert(upper.end(), lower.rbegin(), lower.rend());
        canvas.polygon(upper, "fill=\"" + color + "\" fill-opacity=\"0.16\"");
      }
      if (run.size() > 1)
        canvas.polyline(run,
                        "stroke=\"" + color + "\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"" + dash);
      if (series.x.size() <= sparse || run.size() == 1)
        for (const Point& point : run) canvas.circle(point, 3.4, "fill=\"" + color + "\" stroke=\"#ffffff\" stroke-width=\"1\"");
      run.clear(), upper.clear(), lower.clear();
    };
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const double x = series.x[i], y = series.y[i];
      if (!std::isfinite(x) || !std::isfinite(y)) {
        draw_run();
        continue;
      }
      run.push_back({x_scale(x), frame.y_scale(y)});
      if (series.error.empty() || !std::isfinite(series.error[i])) continue;
      if (series.x.size() <= sparse) {
        frame.error_bar(run.back().x, y - series.error[i], y + series.error[i], 4,
                        "stroke=\"" + color + "\" stroke-width=\"1.3\"");
      } else {
        upper.push_back({run.back().x, frame.y_scale(y + series.error[i])});
        lower.push_back({run.back().x, frame.y_scale(y - series.error[i])});
      }
    }
    draw_run();
  }
  canvas.end_group();
  return canvas.finish();
}

}  // namespace rondo
