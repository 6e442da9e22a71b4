// ProgressLine: how far long work is, on stderr.
//
//   ProgressLine progress{quiet};
//   progress.show("encoding", done, all, "bytes");    // encoding 42 %, 23.1M of 54.0M bytes, 8.1M bytes/s, 0:04 left
//   progress.finish();
//
//   progress.leave_out(seconds);                       // which went into something else
//
// On a terminal one line is written again and again, five times a second at most, and never wider than the terminal: what does
// not fit is left out, the counts first, then the rate, then the time left; what is still too long is cut. Elsewhere a line a
// minute at most. The rate and the time left are of the present stage: another name begins anew. Quiet writes nothing.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

#include <rondo/core/view.hpp>

namespace rondo {

// 950, 23.1k, 54.0M, 1.2G
[[nodiscard]] inline std::string short_number(double number) {
  const char* suffix = "";
  for (const char* larger : {"k", "M", "G", "T"}) {
    if (number < 999.5) break;
    number /= 1000;
    suffix = larger;
  }
  char text[32];
  std::snprintf(text, sizeof text, *suffix == '\0' ? "%.0f%s" : "%.1f%s", number, suffix);
  return text;
}
// 0:04, 12:30, 2:05:00
[[nodiscard]] inline std::string short_time(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  char text[48];
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  }
  return text;
}

// Columns of a terminal that a text takes: none for what is added to a letter's bytes, two for the wide letters of East Asia.
[[nodiscard]] inline std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0u) != 0x80u) columns += byte >= 0xe1u ? 2 : 1;  // from U+1000 on, to be on the safe side
  }
  return columns;
}
// As much of it as fits.
[[nodiscard]] inline std::string cut_to_columns(std::string text, std::size_t columns) {
  while (columns_of(text) > columns) {
    while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xc0u) == 0x80u) text.pop_back();
    text.pop_back();
  }
  return text;
}
// The parts with commas between them; where these are too long without those of the highest `less` first.
struct LinePart {
  std::string text;
  int less = 0;  // 0: never left out
};
[[nodiscard]] inline std::string fitted_line(std::vector<LinePart> parts, std::size_t columns) {
  for (;;) {
    std::string line;
    for (const LinePart& part : parts) line += (line.empty() ? "" : ", ") + part.text;
    const auto last = std::max_element(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.less < b.less; });
    if (columns_of(line) <= columns || last == parts.end() || last->less == 0) return cut_to_columns(std::move(line), columns);
    parts.erase(last);
  }
}

class ProgressLine {
 public:
  // `minimum_pause`: seconds between two lines where there is no terminal.
  explicit ProgressLine(bool quiet, double minimum_pause = 60)
      : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), pause_(terminal_ ? 0.2 : minimum_pause) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { finish(); }

  // `done` of `all` pieces of work, counted in `unit`; `note` stands at the end of the line; `further` seconds of other work are to come.
  void show(const std::string& stage, Index done, Index all, const std::string& unit, const std::string& note = "", double further = 0) {
    if (quiet_) return;
    const auto now = Clock::now();
    if (stage != stage_) {
      stage_ = stage;
      stage_begin_ = now;
      stage_done_ = done;
      shown_ = now;
      return;
    }
    const double pause = std::chrono::duration<double>(now - shown_).count();
    if (pause < pause_) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - stage_begin_).count();
    const double rate = static_cast<double>(done - stage_done_) / seconds;
    std::vector<LinePart> parts{
        {stage + " " + std::to_string(all > 0 ? 100 * done / all : 0) + " %"},
        {short_number(static_cast<double>(done)) + " of " + short_number(static_cast<double>(all)) + " " + unit, 3},
        {short_number(rate) + " " + unit + "/s", 2}};
    if (rate > 0) parts.push_back({short_time(static_cast<double>(all - done) / rate + further) + " left", 1});
    if (!note.empty()) parts.push_back({note});
    const std::string line = fitted_line(std::move(parts), terminal_ ? width() - 1 : ~std::size_t{0});
    std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line.c_str());
    line_open_ = terminal_;
  }
  void leave_out(double seconds) { stage_begin_ += std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)); }
  // Takes the line away.
  void finish() {
    if (line_open_) std::fputs("\r\033[K", stderr);
    line_open_ = false;
    stage_.clear();
  }

 private:
  using Clock = std::chrono::steady_clock;
  // Of the terminal at this moment; one that does not say has 80 columns.
  static std::size_t width() {
    winsize size{};
    return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
  }

  bool quiet_;
  bool terminal_;
  double pause_;  // seconds
  bool line_open_ = false;
  std::string stage_;
  Clock::time_point stage_begin_;
  Clock::time_point shown_;
  Index stage_done_ = 0;
};

}  // namespace rondo
