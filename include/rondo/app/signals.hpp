// StopSignals: SIGINT (Ctrl-C) and SIGTERM as a wish to come to an end.
//
//   StopSignals signals;                    // until its destruction
//   while (work()) if (signals.caught() != 0) break;
//   return 128 + signals.caught();          // 130, 143
//
// A signal that comes a second or more after the first, of whichever of the two kinds, ends the program at once, as without this;
// sooner ones are the same wish (timeout(1), or a shell that passes Ctrl-C on, sends two). One object at a time; at its end both
// signals do again what they did before. Where the standard error output is a terminal and `notice` is given, the first signal
// writes it there: "NOTICE; again, a second later, ends at once".
#pragma once

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <string_view>

#include <unistd.h>

namespace rondo {

class StopSignals {
 public:
  explicit StopSignals(std::string_view notice = {}) {
    number() = 0;
    first() = 0;
    text() = ::isatty(STDERR_FILENO) ? notice : "";
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      const int error = errno;
      const std::int64_t now = milliseconds();
      std::int64_t earlier = 0;
      if (first().compare_exchange_strong(earlier, now)) {
        number() = signal;
        if (!text().empty()) say("\n"), say(text()), say("; again, a second later, ends at once\n");
      } else if (now - earlier >= 1000) {
        std::signal(signal, SIG_DFL);
        std::raise(signal);  // once this handler has returned
      }
      errno = error;
    };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, &before_[0]);
    ::sigaction(SIGTERM, &action, &before_[1]);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals() {
    ::sigaction(SIGINT, &before_[0], nullptr);
    ::sigaction(SIGTERM, &before_[1], nullptr);
  }
  // The signal's number, 0 as long as there was none.
  [[nodiscard]] int caught() const { return number(); }

 private:
  // What the handler, on whatever thread, may touch.
  static std::atomic<int>& number() {
    static constinit std::atomic<int> value = 0;
    return value;
  }
  // When it came; 0: not yet.
  static std::atomic<std::int64_t>& first() {
    static constinit std::atomic<std::int64_t> value = 0;
    return value;
  }
  static std::string_view& text() {
    static constinit std::string_view value;
    return value;
  }
  static std::int64_t milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
  }
  static void say(std::string_view words) {
    if (::write(STDERR_FILENO, words.data(), words.size()) < 0) return;  // nothing to be done here
  }

  struct sigaction before_[2] = {};
};

}  // namespace rondo
