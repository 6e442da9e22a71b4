// GradientSum: the gradients of all ranks added up, piece by piece, while the backward pass of the blocks below still runs.
//
//   GradientSum sum{gradients.flat(), shares, ranks, parts};
//   c.gradient_left = [&](Index block) { sum.leave(block); };
//   ... the step's last backward pass ...
//   sum.finish();                                             what has not left, and waits for all; throws what a sum threw
//
// A thread of its own sums one piece after the other, on all ranks in the same order: the head, the blocks from the last to the first, the
// rest. The head's gradients are complete before the first block is left; what blocks share, embedding and final norm only at the end of
// the pass. A rank without gradients of its own calls finish() alone. `parts`: each rank needs the sums of its own part alone, and gets no
// others (scatter_sum).
//
// seconds() of the last step: how long sums took, and how long finish() waited for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <rondo/parallel/shares.hpp>

namespace rondo {

struct CommunicationSeconds {
  double busy = 0, waited = 0;
};

template <class Row>
class GradientSum {
 public:
  // The shares must outlive it.
  GradientSum(Row gradients, const Shares& shares, AnyRanks<Row> ranks, bool parts)
      : flat_(gradients), ranks_(std::move(ranks)), parts_(parts) {
    const auto& pieces = shares.pieces();
    const auto append = [&](const auto& belongs) {
      for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
        if (belongs(piece->block)) pieces_.push_back(&*piece);
    };
    append([](Index block) { return block == Shares::head; });
    append([](Index block) { return block >= 0; });
    append([](Index block) { return block == Shares::others; });
    thread_ = std::thread([this] { work(); });
  }
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;
  ~GradientSum() {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // Of the blocks from the last to the first.
  void leave(Index block) {
    std::size_t there = left_;
    while (there < pieces_.size() && (pieces_[there]->block == Shares::head || pieces_[there]->block >= block)) ++there;
    leave_up_to(there);
  }
  void finish() {
    const auto begin = Clock::now();
    leave_up_to(pieces_.size());
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return summed_ == pieces_.size(); });
    left_ = summed_ = 0;
    seconds_ = {std::exchange(busy_, 0), seconds_since(begin)};
    if (problem_) std::rethrow_exception(std::exchange(problem_, nullptr));
  }
  [[nodiscard]] const CommunicationSeconds& seconds() const { return seconds_; }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

  void leave_up_to(std::size_t there) {
    {
      const std::lock_guard lock{mutex_};
      left_ = there;
    }
    changed_.notify_all();
  }
  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [&] { return ended_ || summed_ < left_; });
      if (ended_) return;
      const Shares::Piece& piece = *pieces_[summed_];
      const bool goes_well = !problem_;
      lock.unlock();
      const auto begin = Clock::now();
      std::exception_ptr problem;
      try {
        if (goes_well) sum(piece);
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      busy_ += seconds_since(begin);
      if (problem) problem_ = problem;
      ++summed_;
      changed_.notify_all();
    }
  }
  void sum(const Shares::Piece& piece) {
    const Row row = flat_.middle_columns(piece.begin, piece.end - piece.begin);
    parts_ ? ranks_.scatter_sum(row, piece.borders) : ranks_.sum(row);
  }

  Row flat_;
  AnyRanks<Row> ranks_;
  bool parts_;
  std::vector<const Shares::Piece*> pieces_;  // in the order of their sums
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_ = 0, summed_ = 0;  // of the pieces
  double busy_ = 0;
  CommunicationSeconds seconds_;
  std::exception_ptr problem_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace rondo
