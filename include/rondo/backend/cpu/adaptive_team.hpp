// How many threads a piece of work gets that comes again and again, as a token or a batch does: all, as long as nobody else needs
// their processors.
//
//   AdaptiveTeam team{AdaptiveTeam::batches};
//   { const TimedThreads threads{&team, most, 1}; ... }  // one piece, which is timed; or so many tokens, which count as one
//
// Threads that wait for each other lose more beside other work than fewer that wait less: the slowest of them decides. So a few pieces are
// done by half as many threads at the beginning, now and then, and when pieces take longer than they did, then more than once; the faster
// goes on, and where fewer threads work, so do trials of twice as many. A trial that loses ends at once. What is computed must not depend
// on it.
#pragma once

#include <algorithm>
#include <chrono>

#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

class AdaptiveTeam {
 public:
  // Pieces that are measured together, those of a trial of fewer threads, and runs between two trials, at most while all threads work.
  struct Pace {
    int run, trial, runs_of_all, runs_of_fewer;
  };
  static constexpr Pace tokens{16, 4, 64, 32}, batches{4, 1, 64, 8};

  explicit AdaptiveTeam(const Pace& pace) : pace_(pace) {}
  [[nodiscard]] Index threads(Index most) {
    most_ = most;
    return std::max<Index>(1, most >> halvings_);
  }
  // What a piece took, or each of its tokens. Means of runs are compared; a trial ends as soon as it cannot be the faster.
  void took(double seconds) {
    sum_ += seconds;
    ++count_;
    const int run = trial_ > 0 ? pace_.trial : pace_.run;
    const bool lost = trial_ != 0 && sum_ > run * rival_;
    if (count_ < run && !lost) return;
    const double mean = sum_ / count_;
    sum_ = 0;
    count_ = 0;
    if (trial_ != 0) {
      if (lost) halvings_ -= trial_;
      best_ = lost ? rival_ : mean;
      trial_ = 0;
      pause_ = lost ? std::min(2 * pause_, pace_.runs_of_all) : first_pause;
      until_trial_ = halvings_ > 0 ? pace_.runs_of_fewer : pause_;
      return;
    }
    best_ = best_ > 0 ? std::min(best_, mean) : mean;
    const bool slower = mean > 1.25 * best_;
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
  int trial_ = 0, last_ = 0;         // of fewer threads (1) or of more (-1)
  static constexpr int first_pause = 2;
  int pause_ = first_pause, until_trial_ = first_pause;  // runs
  int count_ = 0;                                        // pieces of this run
  double sum_ = 0;
  double best_ = 0;   // mean of a piece, seconds: the best since the number of threads was chosen
  double rival_ = 0;  // what a trial has to beat
};

// The threads of one piece, until it is done; without a team as many as are given.
class TimedThreads {
 public:
  TimedThreads(AdaptiveTeam* team, Index most, Index tokens)
      : fewer_(team != nullptr ? team->threads(most) : most), team_(team), tokens_(tokens) {}
  TimedThreads(const TimedThreads&) = delete;
  TimedThreads& operator=(const TimedThreads&) = delete;
  ~TimedThreads() {
    if (team_ != nullptr) team_->took(std::chrono::duration<double>(Clock::now() - begin_).count() / static_cast<double>(tokens_));
  }

 private:
  using Clock = std::chrono::steady_clock;
  FewerThreads fewer_;
  AdaptiveTeam* team_;
  Index tokens_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace rondo
