// StopSignals: SIGINT (Ctrl-C) and SIGTERM as a wish to come to an end.
//
//   StopSignals signals;                    // until its destruction
//   while (work()) if (signals.caught() != 0) break;
//   return 128 + signals.caught();          // 130, 143
//
// The second signal, of whichever of the two kinds, ends the program at once, as without this. One object at a time; at its end
// both signals do again what they did before.
#pragma once

#include <csignal>

namespace rondo {

class StopSignals {
 public:
  StopSignals() {
    number() = 0;
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      number() = signal;
      struct sigaction at_once {};
      at_once.sa_handler = SIG_DFL;
      ::sigaction(SIGINT, &at_once, nullptr);
      ::sigaction(SIGTERM, &at_once, nullptr);
    };
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
  static volatile std::sig_atomic_t& number() {
    static volatile std::sig_atomic_t value = 0;
    return value;
  }
  struct sigaction before_[2] = {};
};

}  // namespace rondo
