// SvgCanvas: a drawing as SVG text. Lengths are pixels, from the top left corner.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/io/number_text.hpp>

namespace rondo {

struct Point {
  double x = 0, y = 0;
};

class SvgCanvas {
 public:
  static constexpr std::string_view font = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

  SvgCanvas(double width, double height, std::string_view title) {
    text_ = "<svg xmlns=\"http://www.w3.org/2000/svg\"" + attributes({{"width", width}, {"height", height}}) + " viewBox=\"0 0 " +
            length(width) + " " + length(height) + "\" role=\"img\" font-family=\"" + std::string(font) + "\">\n";
    if (!title.empty()) text_ += "<title>" + escaped(title) + "</title>\n";
    rectangle({0, 0}, width, height, "fill=\"#ffffff\"");
  }

  // `style` is attributes as SVG writes them: stroke="#333333" stroke-width="2".
  void line(Point from, Point to, const std::string& style) {
    text_ += "<line" + attributes({{"x1", from.x}, {"y1", from.y}, {"x2", to.x}, {"y2", to.y}}) + " " + style + "/>\n";
  }
  void rectangle(Point corner, double width, double height, const std::string& style) {
    text_ +=
        "<rect" + attributes({{"x", corner.x}, {"y", corner.y}, {"width", width}, {"height", height}}) + " " + style + "/>\n";
  }
  void circle(Point center, double radius, const std::string& style) {
    text_ += "<circle" + attributes({{"cx", center.x}, {"cy", center.y}, {"r", radius}}) + " " + style + "/>\n";
  }
  void polyline(const std::vector<Point>& points, const std::string& style) {
    shape("polyline", points, style + " fill=\"none\"");
  }
  void polygon(const std::vector<Point>& points, const std::string& style) { shape("polygon", points, style); }
  // `anchor`: start, middle or end of the text is at `place`; turned anticlockwise by `degrees`.
  void text(Point place, std::string_view content, double size, std::string_view anchor, const std::string& style,
            double degrees = 0) {
    if (content.empty()) return;
    text_ += "<text" + attributes({{"x", place.x}, {"y", place.y}, {"font-size", size}}) + " text-anchor=\"" +
             std::string(anchor) + "\" " + style;
    if (degrees != 0) text_ += " transform=\"rotate(" + length(-degrees) + " " + length(place.x) + " " + length(place.y) + ")\"";
    text_ += ">" + escaped(content) + "</text>\n";
  }
  // Everything until end_group() is cut at the rectangle.
  void begin_clipped_group(Point corner, double width, double height) {
    text_ += "<clipPath id=\"area\"><rect" +
             attributes({{"x", corner.x}, {"y", corner.y}, {"width", width}, {"height", height}}) +
             "/></clipPath>\n<g clip-path=\"url(#area)\">\n";
  }
  void end_group() { text_ += "</g>\n"; }

  [[nodiscard]] std::string finish() const { return text_ + "</svg>\n"; }

  // The text, cut to a width that it will have at most in any of the fonts.
  static std::string fitted(const std::string& content, double size, double width) {
    if (widest_text(content, size) <= width) return content;
    std::string shorter = content;
    while (!shorter.empty() && widest_text(shorter + "…", size) > width) {
      while ((static_cast<unsigned char>(shorter.back()) & 0xc0u) == 0x80u) shorter.pop_back();
      shorter.pop_back();
    }
    return shorter + "…";
  }
  // In the widest of the fonts.
  static double widest_text(std::string_view content, double size) { return 1.18 * text_width(content, size); }
  // About as wide as the text will be, by the widths of the letters in Helvetica.
  static double text_width(std::string_view content, double size) {
    double width = 0;
    for (const char letter : content) {
      const auto byte = static_cast<unsigned char>(letter);
      if ((byte & 0xc0u) == 0x80u) continue;  // the later bytes of a character
      width += std::string_view("ijlft.,:;'|!()[]I r/-").find(letter) != std::string_view::npos ? 0.31
               : std::string_view("mwMW%@").find(letter) != std::string_view::npos              ? 0.84
               : letter >= 'A' && letter <= 'Z'                                                 ? 0.68
                                                                                                : 0.55;
    }
    return width * size;
  }

 private:
  static std::string length(double value) {
    std::string text = fixed_text(value, 2);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
  }
  static std::string attributes(const std::vector<std::pair<std::string_view, double>>& values) {
    std::string text;
    for (const auto& [name, value] : values) text += " " + std::string(name) + "=\"" + length(value) + "\"";
    return text;
  }
  void shape(const std::string& name, const std::vector<Point>& points, const std::string& style) {
    text_ += "<" + name + " points=\"";
    for (const Point& point : points) text_ += length(point.x) + "," + length(point.y) + " ";
    if (!points.empty()) text_.pop_back();
    text_ += "\" " + style + "/>\n";
  }
  static std::string escaped(std::string_view content) {
    std::string text;
    for (const char letter : content) {
      if (letter == '&')
        text += "&amp;";
      else if (letter == '<')
        text += "&lt;";
      else if (letter == '>')
        text += "&gt;";
      else if (letter == '"')
        text += "&quot;";
      else if (static_cast<unsigned char>(letter) >= ' ' || letter == '\n')
        text += letter;
    }
    return text;
  }

  std::string text_;
};

}  // namespace rondo
