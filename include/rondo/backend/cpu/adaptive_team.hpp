// How many threads a piece of work gets that comes again and again, as a token or a batch does: all, as long as nobody else needs
// their processors.
//
//   AdaptiveTeam team{AdaptiveTeam::batches};
//   { const TimedThreads threads{&team, most, 1}; ... }  // one piece, which is timed; or so many tokens, which count as one
//
// Threads that wait for each other lose more beside other work than fewer that wait less: the slowest of them decides. So a few pieces are
// done by half as many threads when threads wait for processors or pieces take longer than they did, then more than once, and else now
// and then; the faster goes on, and where fewer threads work, so do trials of twice as many. A trial that loses ends at once. What is
// computed must not depend on it.
#pragma once

#include <algorithm>
#include <chrono>

#include <rondo/backend/cpu/processor_wait.hpp>
#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

class AdaptiveTeam {
 public:
  // Pieces that are measured together, those of a trial of fewer threads, and runs between two trials, at most while all threads work.
  struct Pace {
    int run, trial, runs_of_all, runs_of_fewer;
  };
  static constexpr Pace tokens{16, 4, 64, 32}, batches{4, 1, 64, 8};
  // Seconds a second that threads wait for processors, in sum, where others need them too.
  static constexpr double crowded = 0.1;

  explicit AdaptiveTeam(const Pace& pace) : pace_(pace) {}
  [[nodiscard]] Index threads(Index most) {
    most_ = most;
    return std::max<Index>(1, most >> halvings_);
  }
  // What a piece took, of so many tokens perhaps; `wait()`, as processor_wait, is asked once a run. Means of runs are compared; a trial
  // ends as soon as it cannot be the faster.
  template <class Wait>
  void took(double seconds, Index count, const Wait& wait) {
    sum_ += seconds / static_cast<double>(count);
    seconds_ += seconds;
    ++count_;
    const int run = trial_ > 0 ? pace_.trial : pace_.run;
    const bool lost = trial_ != 0 && sum_ > run * rival_;
    if (count_ < run && !lost) return;
    const double mean = sum_ / count_;
    const double waited = wait();
    const bool alone = waited - waited_ < crowded * seconds_;
    waited_ = waited;
    sum_ = seconds_ = 0;
    count_ = 0;
    if (trial_ != 0) {
      if (lost) halvings_ -= trial_;
      best_ = lost ? rival_ : mean;
      trial_ = 0;
      pause_ = lost ? std::min(2 * pause_, pace_.runs_of_all) : first_pause;
      until_trial_ = halvings_ > 0 ? pace_.runs_of_fewer : pace_.runs_of_all;
      return;
    }
    best_ = best_ > 0 ? std::min(best_, mean) : mean;
    const bool slower = mean > 1.25 * best_;
    if (!alone && halvings_ == 0) until_trial_ = std::min(until_trial_, pause_);
    if (--until_trial_ > 0 && !slower) return;
    if (slower) last_ = -1, pause_ = first_pause;
    trial_ = halvings_ == 0 ? 1 : most_ >> halvings_ <= 1 ? -1 : -last_;
    last_ = trial_;
    rival_ = mean;
    halvings_ += trial_;
  }

 private:
  Pace pace_;
  Index most_ = 1;
  int halvings_ = 0;
  static constexpr int first_pause = 2;
  int trial_ = 0, last_ = 0;                                   // of fewer threads (1) or of more (-1)
  int pause_ = first_pause, until_trial_ = pace_.runs_of_all;  // runs: beside others, and at most
  int count_ = 0;                                              // pieces of this run
  double sum_ = 0, seconds_ = 0;                               // of the tokens each, and in all
  double waited_ = 0;                                          // until this run
  double best_ = 0;                                            // mean of a piece, the least since the number of threads was chosen
  double rival_ = 0;                                           // what a trial has to beat
};

// The threads of one piece, until it is done; without a team as many as are given.
class TimedThreads {
 public:
  TimedThreads(AdaptiveTeam* team, Index most, Index tokens)
      : fewer_(team != nullptr ? team->threads(most) : most), team_(team), tokens_(tokens) {}
  TimedThreads(const TimedThreads&) = delete;
  TimedThreads& operator=(const TimedThreads&) = delete;
  ~TimedThreads() {
    if (team_ != nullptr) team_->took(std::chrono::duration<double>(Clock::now() - begin_).count(), tokens_, processor_wait);
  }

 private:
  using Clock = std::chrono::steady_clock;
  FewerThreads fewer_;
  AdaptiveTeam* team_;
  Index tokens_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace rondo
