// Charts of results as SVG text; nothing else is needed to draw them.
//
//   LineChart chart{.title = "Training loss", .x = {.label = "step"}, .y = {.label = "loss", .logarithmic = true}};
//   chart.series.push_back({.name = "HGRN2", .x = steps, .y = losses, .error = standard_errors});
//   write_file("loss.svg", svg(chart));
//
//   BarChart bars{.title = "BLiMP", .y = {.label = "accuracy, %"}, .categories = {"agreement", "islands"}};
//   bars.series.push_back({.name = "HGRN2", .values = {81.0, 62.5}, .error = {0.4, 0.9}});
//   bars.lines.push_back({50.0, "chance"});
//
// Errors are half the length of a bar (one standard error, say); where a line has more points than can carry a bar each, a
// band shows them. Values that are not finite leave a gap. Throws Error for series whose lengths do not agree, for
// nothing to draw and for values that a logarithmic axis cannot show.
#pragma once

#include <rondo/io/bar_chart.hpp>
#include <rondo/io/line_chart.hpp>
