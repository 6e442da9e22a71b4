// Charts: well-formed SVG with everything that was given, inside its borders.
#include <rondo/io/plot.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t place = text.find(part); place != text.npos; place = text.find(part, place + 1)) ++found;
  return found;
}

// Empty where every element is closed in order and every attribute quoted; otherwise where it is not.
std::string malformed(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t i = text.find('<'); i != text.npos; i = text.find('<', i + 1)) {
    const std::size_t end = text.find('>', i);
    const std::size_t next = text.find('<', i + 1);
    if (end == text.npos || next < end) return text.substr(i, 80);
    const std::string tag = text.substr(i + 1, end - i - 1);
    if (count(tag, "\"") % 2 != 0) return tag;
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.starts_with('/')) {
      if (open.empty() || "/" + open.back() != name) return tag;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : open.back();
}

std::vector<double> numbers_of(const std::string& text, const std::string& attribute) {
  std::vector<double> numbers;
  for (std::size_t i = text.find(attribute + "=\""); i != text.npos; i = text.find(attribute + "=\"", i + 1))
    numbers.push_back(std::strtod(text.c_str() + i + attribute.size() + 2, nullptr));
  return numbers;
}

void check_inside(const std::string& text, double width, double height) {
  BOOST_TEST(malformed(text) == "");
  BOOST_TEST(!has(text, "nan"));
  BOOST_TEST(!has(text, "inf"));
  for (const char* name : {" x", " x1", " x2", " cx"})
    for (const double x : numbers_of(text, name)) BOOST_TEST((x >= 0 && x <= width), name << " " << x);
  for (const char* name : {" y", " y1", " y2", " cy"})
    for (const double y : numbers_of(text, name)) BOOST_TEST((y >= 0 && y <= height), name << " " << y);
}

LineChart accuracy_chart() {
  LineChart chart{.title = "Accuracy & <rate>", .x = {.label = "rate", .logarithmic = true}, .y = {.label = "accuracy"}};
  chart.series.push_back({.name = "HGRN2", .x = {1e-4, 1e-3, 1e-2}, .y = {0.5, 0.64, 0.6}, .error = {0.01, 0.02, 0.01}});
  chart.series.push_back({.name = "Llama", .x = {1e-4, 1e-3, 1e-2}, .y = {0.52, 0.6, 0.58}});
  chart.lines.push_back({0.5, "chance"});
  return chart;
}

std::vector<double> values_of(const std::vector<Tick>& ticks) {
  std::vector<double> values;
  for (const Tick& tick : ticks) values.push_back(tick.value);
  return values;
}
std::string labels_of(const std::vector<Tick>& ticks) {
  std::string labels;
  for (const Tick& tick : ticks) labels += tick.label + " ";
  return labels;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plot)

BOOST_AUTO_TEST_CASE(ticks_are_round_numbers_inside_the_axis) {
  BOOST_TEST(labels_of(linear_ticks(0, 1, 5)) == "0 0.2 0.4 0.6 0.8 1.0 ");
  BOOST_TEST(labels_of(linear_ticks(0.45, 0.7, 6)) == "0.45 0.50 0.55 0.60 0.65 0.70 ");
  BOOST_TEST(labels_of(linear_ticks(-3, 7, 5)) == "-2 0 2 4 6 ");
  BOOST_TEST(labels_of(linear_ticks(0, 20000, 4)) == "0 5k 10k 15k 20k ");
  BOOST_TEST(labels_of(linear_ticks(0, 1.5e6, 3)) == "0 0.5M 1.0M 1.5M ");
  BOOST_TEST(labels_of(linear_ticks(0, 2e-6, 2)) == "0 1e-06 2e-06 ");
  BOOST_TEST(labels_of(logarithmic_ticks(0.001, 1000)) == "0.001 0.01 0.1 1 10 100 1000 ");
  BOOST_TEST(labels_of(logarithmic_ticks(1, 30)) == "1 2 5 10 20 ");
  BOOST_TEST(values_of(logarithmic_ticks(1e-12, 1e12)).size() <= 9u);
  for (const double high : {1e-30, 3e-5, 0.7, 1.0, 9.99, 12345.0, 8e9, 1e30})
    for (const double low : {-high, 0.0, 0.9 * high}) {
      const std::vector<double> ticks = values_of(linear_ticks(low, high, 6));
      BOOST_TEST((ticks.size() >= 2 && ticks.size() <= 14), low << " to " << high << ": " << ticks.size());
      for (const double tick : ticks) BOOST_TEST((tick >= low - 1e-8 * high && tick <= high + 1e-8 * high));
    }
}

BOOST_AUTO_TEST_CASE(a_line_chart_shows_what_it_was_given) {
  const std::string text = svg(accuracy_chart());
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "<polyline") == 2);
  BOOST_TEST(count(text, "<circle") == 6);
  BOOST_TEST(count(text, "stroke-width=\"1.3\"") == 9);  // three error bars with their caps
  BOOST_TEST(has(text, ">Accuracy &amp; &lt;rate&gt;</text>"));
  for (const char* word : {">HGRN2<", ">Llama<", ">chance<", ">rate<", ">accuracy<", ">0.001<"})
    BOOST_TEST(has(text, word), word);
}

BOOST_AUTO_TEST_CASE(points_lie_where_their_values_say) {
  LineChart chart{.y = {.low = 0.0, .high = 10.0}};
  chart.series.push_back({.name = "", .x = {0, 5, 10}, .y = {0, 5, 10}});
  const std::string text = svg(chart);
  const std::vector<double> x = numbers_of(text, " cx"), y = numbers_of(text, " cy");
  BOOST_TEST(std::abs(x[1] - (x[0] + x[2]) / 2) < 0.02);
  BOOST_TEST(std::abs(y[1] - (y[0] + y[2]) / 2) < 0.02);
  BOOST_TEST(x[2] > x[0] + 600);
  BOOST_TEST(y[2] < y[0] - 350);
  chart.x.logarithmic = true;
  chart.series[0].x = {1, 10, 100};
  const std::vector<double> spread = numbers_of(svg(chart), " cx");
  BOOST_TEST(std::abs(spread[1] - (spread[0] + spread[2]) / 2) < 0.02);
}

BOOST_AUTO_TEST_CASE(values_that_are_not_finite_leave_a_gap) {
  LineChart chart = accuracy_chart();
  chart.series = {{"a", {1, 2, 3, 4, 5, 6}, {1, 2, std::nan(""), 3, HUGE_VAL, 4}, {}}};
  chart.x.logarithmic = false;
  const std::string text = svg(chart);
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "<polyline") == 1);
  BOOST_TEST(count(text, "<circle") == 4);
}

BOOST_AUTO_TEST_CASE(many_points_get_a_band_and_no_markers) {
  LineChart chart{.title = "Loss", .x = {.label = "step"}, .y = {.label = "loss", .logarithmic = true}};
  LineSeries series{.name = "a", .x = {}, .y = {}};
  for (int i = 0; i < 500; ++i) {
    series.x.push_back(i);
    series.y.push_back(2 + 7 * std::exp(-i / 50.0));
    series.error.push_back(0.1);
  }
  chart.series = {series};
  const std::string text = svg(chart);
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "<polygon") == 1);
  BOOST_TEST(count(text, "<circle") == 0);
}

BOOST_AUTO_TEST_CASE(one_point_and_equal_values_have_an_axis_too) {
  LineChart chart;
  chart.series.push_back({.name = "a", .x = {3}, .y = {0}});
  check_inside(svg(chart), 760, 460);
  chart.series.front() = {.name = "a", .x = {1, 2}, .y = {1e6, 1e6}};
  check_inside(svg(chart), 760, 460);
  chart.y.logarithmic = true;
  check_inside(svg(chart), 760, 460);
}

BOOST_AUTO_TEST_CASE(a_bar_chart_shows_what_it_was_given) {
  BarChart chart{.title = "BLiMP", .y = {.label = "accuracy, %"}, .categories = {"agreement", "islands", "binding"}};
  chart.series.push_back({.name = "HGRN2", .values = {80, 60, 40}, .error = {1, 1, 1}});
  chart.series.push_back({.name = "Llama", .values = {70, -10, std::nan("")}});
  chart.lines.push_back({50, "chance"});
  const std::string text = svg(chart);
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "<rect") == 1 + 1 + 2 + 5);  // background, clip, legend, bars
  BOOST_TEST(count(text, "stroke-width=\"1.3\"") == 9);
  for (const char* word : {">agreement<", ">islands<", ">binding<", ">80<", ">-10<", ">chance<"})
    BOOST_TEST(has(text, word), word);
  // Heights are in the ratio of the values.
  std::vector<double> heights;
  for (const double height : numbers_of(text.substr(text.find("<g clip")), "height")) heights.push_back(height);
  BOOST_TEST(std::abs(heights[0] / heights[2] - 2.0) < 0.001);
}

BOOST_AUTO_TEST_CASE(long_names_of_categories_are_turned) {
  BarChart chart{.title = "t", .y = {.label = "y"}};
  for (int i = 0; i < 12; ++i) chart.categories.push_back("a rather long category " + std::to_string(i));
  chart.series.push_back({.name = "", .values = std::vector<double>(12, 1.0)});
  const std::string text = svg(chart);
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "rotate(-35 ") == 12);
}

// Letters of 7.5 pixels, as wide as any font has them on average: a turned name reaches from its end to the left and down.
BOOST_AUTO_TEST_CASE(no_name_is_cut_at_the_edge) {
  for (const std::size_t letters : {12, 30, 44, 200})
    for (const int number : {3, 12, 40}) {
      BOOST_TEST_CONTEXT(number << " names of " << letters << " letters") {
        BarChart chart{.title = "t", .y = {.label = "y"}, .width = std::max(760.0, 40.0 * number)};
        for (int i = 0; i < number; ++i) chart.categories.push_back(std::string(i % 3 == 1 ? letters : 8, 'n'));
        chart.series.push_back({.name = "", .values = std::vector<double>(static_cast<std::size_t>(number), 1.0)});
        const std::string text = svg(chart);
        BOOST_TEST(malformed(text) == "");
        const double height = numbers_of(text, " height").front();
        for (std::size_t i = text.find("rotate(-35 "); i != text.npos; i = text.find("rotate(-35 ", i + 1)) {
          char* rest = nullptr;
          const double x = std::strtod(text.c_str() + i + 11, &rest), y = std::strtod(rest, nullptr);
          const std::size_t begin = text.find('>', i) + 1, end = text.find('<', begin);
          const std::string name = text.substr(begin, end - begin);
          const double width = 7.5 * static_cast<double>(name.size());
          BOOST_TEST(x - 0.82 * width >= 0, name);
          BOOST_TEST(y + 0.574 * width + 3 <= height, name);
        }
      }
    }
  // A title and a name of a line that are too long end in dots.
  LineChart chart{.title = std::string(300, 'T')};
  chart.series.push_back({.name = std::string(300, 'n'), .x = {1, 2}, .y = {1, 2}});
  chart.series.push_back({.name = "short", .x = {1, 2}, .y = {2, 3}});
  const std::string text = svg(chart);
  check_inside(text, 760, 460);
  BOOST_TEST(count(text, "…</text>") == 2);
  BOOST_TEST(!has(text, std::string(80, 'T') + "…"));
  BOOST_TEST(!has(text, std::string(110, 'n') + "…"));
  BOOST_TEST(has(text, "<title>" + std::string(300, 'T') + "</title>"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_drawn_is_named) {
  LineChart chart = accuracy_chart();
  chart.series[1].x.pop_back();
  BOOST_TEST(has(message_of([&] { svg(chart); }), "series 'Llama' has 2 x and 3 y"));
  chart = accuracy_chart();
  chart.series[0].error.pop_back();
  BOOST_TEST(has(message_of([&] { svg(chart); }), "series 'HGRN2' has 2 errors for 3 points"));
  chart = accuracy_chart();
  chart.series[0].x[0] = 0;
  BOOST_TEST(has(message_of([&] { svg(chart); }), "the logarithmic axis 'rate' needs positive values, found 0"));
  BOOST_TEST(has(message_of([&] { svg(LineChart{.title = "empty"}); }), "chart 'empty': nothing to draw"));
  BOOST_TEST(has(message_of([&] { svg(BarChart{.title = "empty"}); }), "chart 'empty': nothing to draw"));
  chart = accuracy_chart();
  chart.y.low = 2;
  chart.y.high = 1;
  BOOST_TEST(has(message_of([&] { svg(chart); }), "would go from 2 to 1"));
}

BOOST_AUTO_TEST_SUITE_END()
