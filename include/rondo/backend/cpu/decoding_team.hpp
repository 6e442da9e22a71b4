// How many threads decode a token: as many as its weights are worth (threads.hpp), as long as nobody else needs their processors.
//
//   DecodingTeam team;                                // of one model's tokens
//   { const TokenThreads threads{&team, most}; ... }  // one token, which is timed
//
// Threads that wait for each other lose more beside other work than one that waits for nobody. So a few tokens are decoded by one thread at
// the beginning, now and then, and when tokens take longer than they did; the faster goes on. A trial that loses takes the time of three
// tokens. What is computed does not depend on it.
#pragma once

#include <algorithm>
#include <chrono>

#include <rondo/backend/cpu/threads.hpp>

namespace rondo {

class DecodingTeam {
 public:
  [[nodiscard]] Index threads(Index most) const { return alone_ ? 1 : most; }
  // What a token took. Runs of tokens are compared; a trial ends as soon as it cannot be the faster.
  void took(double seconds) {
    sum_ += seconds;
    ++count_;
    const int run = trial_ && alone_ ? 4 : 16;
    const bool lost = trial_ && sum_ > run * rival_;
    if (count_ < run && !lost) return;
    const double mean = sum_ / count_;
    sum_ = 0;
    count_ = 0;
    if (trial_) {
      trial_ = false;
      if (lost) alone_ = !alone_;
      if (!alone_) best_ = lost ? rival_ : mean;
      until_trial_ = alone_ ? 32 : 64;
      return;
    }
    if (!alone_) best_ = best_ > 0 ? std::min(best_, mean) : mean;
    if (--until_trial_ > 0 && (alone_ || mean <= 1.25 * best_)) return;
    trial_ = true;
    rival_ = mean;
    alone_ = !alone_;
  }

 private:
  bool alone_ = false, trial_ = false;
  int count_ = 0, until_trial_ = 2;  // tokens of this run; runs
  double sum_ = 0;
  double best_ = 0;   // mean of a token, seconds: the best with all threads
  double rival_ = 0;  // what a trial has to beat
};

// The threads of one token, until it is done; without a team as many as are given.
class TokenThreads {
 public:
  TokenThreads(DecodingTeam* team, Index most) : fewer_(team != nullptr ? team->threads(most) : most), team_(team) {}
  TokenThreads(const TokenThreads&) = delete;
  TokenThreads& operator=(const TokenThreads&) = delete;
  ~TokenThreads() {
    if (team_ != nullptr) team_->took(std::chrono::duration<double>(Clock::now() - begin_).count());
  }

 private:
  using Clock = std::chrono::steady_clock;
  FewerThreads fewer_;
  DecodingTeam* team_;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace rondo
