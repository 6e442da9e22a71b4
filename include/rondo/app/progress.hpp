// ProgressLine: how far long work is, on stderr.
//
//   ProgressLine progress{quiet};
//   progress.show("encoding", done, all, "bytes");    // encoding 42 %, 23.1M of 54.0M bytes, 8.1M bytes/s, 0:04 left
//   progress.finish();
//
// On a terminal one line is written again and again, five times a second at most; elsewhere a line a minute at most. The
// rate and the time left are of the present stage: another name begins anew. Quiet writes nothing.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

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

class ProgressLine {
 public:
  // `minimum_pause`: seconds between two lines where there is no terminal.
  explicit ProgressLine(bool quiet, double minimum_pause = 60)
      : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1), pause_(terminal_ ? 0.2 : minimum_pause) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { finish(); }

  // `done` of `all` pieces of work, counted in `unit`; `note` stands at the end of the line.
  void show(const std::string& stage, Index done, Index all, const std::string& unit, const std::string& note = "") {
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
    std::string line = stage + " " + std::to_string(all > 0 ? 100 * done / all : 0) + " %, " +
                       short_number(static_cast<double>(done)) + " of " + short_number(static_cast<double>(all)) + " " + unit +
                       ", " + short_number(rate) + " " + unit + "/s";
    if (rate > 0) line += ", " + short_time(static_cast<double>(all - done) / rate) + " left";
    if (!note.empty()) line += ", " + note;
    std::fprintf(stderr, terminal_ ? "\r%s\033[K" : "%s\n", line.c_str());
    line_open_ = terminal_;
  }
  // Takes the line away.
  void finish() {
    if (line_open_) std::fputs("\r\033[K", stderr);
    line_open_ = false;
    stage_.clear();
  }

 private:
  using Clock = std::chrono::steady_clock;
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
