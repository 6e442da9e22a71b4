// ThreadRanks: a communicator whose ranks are threads of one process, so that what ranks do can be proven without a network.
//
//   run_ranks(4, [&](ThreadRanks ranks) { Trainer trainer{model, weights, ..., ranks}; ... });
//
// Sums are taken in the order of the ranks: the same numbers have the same bits on all of them, and in every run. Where a rank throws,
// the others do at their next operation, and run_ranks throws what the first one did.
#pragma once

#include <atomic>
#include <barrier>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/parallel/communicator.hpp>

namespace rondo::testing {

class ThreadRanks {
 public:
  // Where ranks wait for each other and show what they have.
  struct Meeting {
    struct Row {
      const void* data;
      Index size;
    };
    explicit Meeting(Index size) : barrier(size), rows(static_cast<std::size_t>(size)) {}
    std::barrier<> barrier;
    std::vector<Row> rows;
    std::atomic<bool> failed = false;
  };

  ThreadRanks(std::shared_ptr<Meeting> meeting, Index rank) : meeting_(std::move(meeting)), rank_(rank) {}

  [[nodiscard]] Index rank() const { return rank_; }
  [[nodiscard]] Index size() const { return std::ssize(meeting_->rows); }

  template <class S>
  void sum(View<S> x) {
    const auto borders = equal_borders(x.columns, size(), sizeof(S));
    scatter_sum(x, borders);
    gather(x, borders);
  }
  void sum(std::span<double> numbers) { sum(row(numbers)); }
  template <class S>
  void scatter_sum(View<S> x, Borders borders) {
    const View<S> own = part_of(x, borders, rank_);
    std::vector<S> total(static_cast<std::size_t>(own.columns));
    show(x);
    for (Index from = 0; from < size(); ++from) {
      const View<const S> theirs = part_of(row_of<S>(from), borders, rank_);
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += theirs.data[i];
    }
    wait();
    std::copy(total.begin(), total.end(), own.data);
  }
  template <class S>
  void gather(View<S> x, Borders borders) {
    show(x);
    for (Index from = 0; from < size(); ++from) {
      if (from == rank_) continue;
      const View<const S> theirs = part_of(row_of<S>(from), borders, from);
      std::copy(theirs.data, theirs.data + theirs.columns, part_of(x, borders, from).data);
    }
    wait();
  }
  void gather(std::span<double> numbers, Borders borders) { gather(row(numbers), borders); }

 private:
  static View<double> row(std::span<double> numbers) { return {numbers.data(), 1, std::ssize(numbers)}; }
  void wait() {
    meeting_->barrier.arrive_and_wait();
    if (meeting_->failed) throw OtherRankFailed(error("rank ", rank_, ": another rank has failed"));
  }
  template <class S>
  void show(View<S> x) {
    meeting_->rows[static_cast<std::size_t>(rank_)] = {x.data, x.columns};
    wait();
    for (const auto& row : meeting_->rows)
      require(row.size == x.columns, "rank ", rank_, ": brings ", x.columns, " numbers, another rank ", row.size);
  }
  template <class S>
  [[nodiscard]] View<const S> row_of(Index rank) const {
    const auto& row = meeting_->rows[static_cast<std::size_t>(rank)];
    return {static_cast<const S*>(row.data), 1, row.size};
  }

  std::shared_ptr<Meeting> meeting_;
  Index rank_;
};

inline void run_ranks(Index size, const std::function<void(ThreadRanks)>& act) {
  const auto meeting = std::make_shared<ThreadRanks::Meeting>(size);
  std::exception_ptr problem;
  std::vector<std::thread> threads;
  for (Index rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        act(ThreadRanks{meeting, rank});
      } catch (...) {
        if (!meeting->failed.exchange(true)) problem = std::current_exception();
      }
      meeting->barrier.arrive_and_drop();
    });
  for (std::thread& thread : threads) thread.join();
  if (problem) std::rethrow_exception(problem);
}

}  // namespace rondo::testing
