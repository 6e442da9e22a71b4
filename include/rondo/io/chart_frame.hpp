// ChartFrame: what charts have in common - title, legend, grid, ticks, labels and colours (line_chart.hpp, bar_chart.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/io/plot_axis.hpp>
#include <rondo/io/svg.hpp>

namespace rondo {

// A horizontal line to compare with.
struct LevelLine {
  double value = 0;
  std::string label;
};

// Eight colours that people with any kind of colour vision tell apart (Okabe and Ito, yellow left out).
inline constexpr std::array<std::string_view, 8> chart_colors{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                              "#e69f00", "#56b4e9", "#5b3a8c", "#6b7280"};
inline std::string chart_color(std::size_t series) {
  return std::string(chart_colors[series % chart_colors.size()]);
}

// Smallest and largest of the values seen, infinities and NaN left out.
struct Extremes {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void see(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

// Title, legend, grid, ticks and labels around the rectangle [left, right] x [top, bottom] that the data is drawn in.
class ChartFrame {
 public:
  ChartFrame(double width, double height, const std::string& title, const Axis& y_axis, Scale y,
             const std::vector<std::string>& names, const std::vector<LevelLine>& levels, double least_left = 0)
      : canvas(width, height, title), y_scale(std::move(y)), right(width - 24) {
    double widest = 0;
    for (const Tick& tick : y_scale.ticks) widest = std::max(widest, SvgCanvas::text_width(tick.label, tick_size));
    left = std::max(least_left, 22 + widest + (y_axis.label.empty() ? 0 : 24));
    top = 18;
    if (!title.empty()) {
      // Letters are a little wider in bold.
      canvas.text({left, top + 12}, SvgCanvas::fitted(title, 1.06 * title_size, width - 8 - left), title_size, "start",
                  "font-weight=\"600\" fill=\"#1f2937\"");
      top += 26;
    }
    draw_legend(names, levels);
    top += 8;
    bottom = height - 44;
    y_label_ = y_axis.label;
  }

  // Once `bottom` is what it shall be.
  void draw_y() {
    y_scale.lay_out(bottom, top);
    for (const Tick& tick : y_scale.ticks) {
      const double y = y_scale(tick.value);
      canvas.line({left, y}, {right, y}, "stroke=\"#e5e7eb\" stroke-width=\"1\"");
      canvas.text({left - 8, y + 4}, tick.label, tick_size, "end", tick_style);
    }
    if (!y_label_.empty()) canvas.text({18, (top + bottom) / 2}, y_label_, label_size, "middle", label_style, 90);
  }
  void draw_levels(const std::vector<LevelLine>& lines) {
    for (const LevelLine& level : lines) {
      const double y = y_scale(level.value);
      canvas.line({left, y}, {right, y}, level_style);
    }
  }
  void error_bar(double x, double low, double high, double cap, const std::string& style) {
    canvas.line({x, y_scale(low)}, {x, y_scale(high)}, style);
    for (const double end : {low, high}) canvas.line({x - cap, y_scale(end)}, {x + cap, y_scale(end)}, style);
  }

  static constexpr double tick_size = 12, label_size = 13, legend_size = 12.5, title_size = 17;
  static constexpr const char* level_style = "stroke=\"#374151\" stroke-width=\"1.2\" stroke-dasharray=\"5 3\"";
  static constexpr const char* tick_style = "fill=\"#4b5563\"";
  static constexpr const char* label_style = "fill=\"#1f2937\"";
  static constexpr const char* axis_style = "stroke=\"#6b7280\" stroke-width=\"1\"";

  SvgCanvas canvas;
  Scale y_scale;
  double left = 0, right = 0, top = 0, bottom = 0;

 private:
  // Names in rows under the title; a single series without a name needs none.
  void draw_legend(const std::vector<std::string>& names, const std::vector<LevelLine>& levels) {
    double x = left;
    bool any = false;
    const auto entry = [&](const std::string& whole, auto draw_sign) {
      const std::string name = SvgCanvas::fitted(whole, legend_size, right - left - 19);
      const double width = 19 + SvgCanvas::text_width(name, legend_size);
      if (!any) top += 10;
      if (any && x + width > right) {
        x = left;
        top += 19;
      }
      any = true;
      draw_sign();
      canvas.text({x + 19, top + 5}, name, legend_size, "start", label_style);
      x += width + 20;
    };
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names.size() > 1 || !names[i].empty())
        entry(names[i], [&] { canvas.rectangle({x, top - 5}, 12, 12, "rx=\"2\" fill=\"" + chart_color(i) + "\""); });
    for (const LevelLine& level : levels)
      if (!level.label.empty()) entry(level.label, [&] { canvas.line({x - 2, top + 1}, {x + 14, top + 1}, level_style); });
    if (any) top += 12;
  }

  std::string y_label_;
};

template <class Series>
std::vector<std::string> names_of(const std::vector<Series>& series) {
  std::vector<std::string> names;
  for (const Series& each : series) names.push_back(each.name);
  return names;
}

}  // namespace rondo
