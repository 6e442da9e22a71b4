// MpiRanks: a communicator (rondo/parallel/communicator.hpp) whose ranks are processes that were started together, on one machine or many.
//
//   MpiRanks ranks = MpiRanks::join();                    // mpirun -n 4 PROGRAM; copies are the same rank
//   Trainer trainer{model, weights, ..., ranks};
//   ranks.part();                                         // all are done
//
// MPI_Allreduce promises no order of its sums, so they are made here of messages between two ranks, as two exchanges: each rank gets its
// part of the row from all, adds the parts in the order of the ranks, and gives the sum to all. Of a row of N bytes a rank sends 2 (n - 1)
// / n N, the least there is, in 2 (n - 1) messages, which wait for the network twice, however many ranks there are. A short row goes to
// everyone at once. So sums have the same bits in every run, whichever message comes first, and those of testing::ThreadRanks.
//
// Who waits looks now and then, and sleeps in between: the processor is the backward pass's. A rank that ends with an error tells the
// others (tell); they throw OtherRankFailed wherever they wait. Where the process that started them goes away, a rank that waits throws,
// too. MPI's own start-up notices processes that are killed, and ends the others.
//
// Collective operations may run on any thread, one at a time (MPI_THREAD_SERIALIZED).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include <sched.h>
#include <unistd.h>

#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <rondo/parallel/communicator.hpp>

namespace rondo {

class MpiRanks {
 public:
  // Throws Error where MPI cannot be begun.
  static MpiRanks join() { return MpiRanks{std::make_shared<World>()}; }

  [[nodiscard]] Index rank() const { return world_->rank; }
  [[nodiscard]] Index size() const { return world_->size; }

  template <class S>
  void sum(View<S> x) const {
    if (x.columns * size() <= short_row) return sum_short(x);
    const auto borders = equal_borders(x.columns, size(), sizeof(S));
    scatter_sum(x, borders);
    gather(x, borders);
  }
  void sum(std::span<double> numbers) const { sum(row_of(numbers)); }

  template <class S>
  void scatter_sum(View<S> x, Borders borders) const {
    World& world = *world_;
    const View<S> own = part_of(x, borders, rank());
    each_round<S>(borders, [&](const auto& in_round) {
      const View<S> sums = in_round(own);
      S* received = world.template room<S>((size() - 1) * sums.columns);
      world.each_other([&](Index other, Index number) {
        world.receive(View<S>{received + number * sums.columns, 1, sums.columns}, other);
      });
      world.each_other([&](Index other, Index) { world.send(in_round(part_of(x, borders, other)), other); });
      world.wait();
      add_in_order(sums, received);
    });
  }
  template <class S>
  void gather(View<S> x, Borders borders) const {
    World& world = *world_;
    const View<S> own = part_of(x, borders, rank());
    each_round<S>(borders, [&](const auto& in_round) {
      world.each_other([&](Index other, Index) { world.receive(in_round(part_of(x, borders, other)), other); });
      world.each_other([&](Index other, Index) { world.send(in_round(own), other); });
      world.wait();
    });
  }
  void gather(std::span<double> numbers, Borders borders) const { gather(row_of(numbers), borders); }

  // That this rank has failed, to all others. Whether it is to say so: no rank before it has failed at the same time.
  [[nodiscard]] bool tell(const std::string& what) const { return world_->tell(what); }
  // Ends all processes.
  [[noreturn]] void abort(int status) const {
    MPI_Abort(MPI_COMM_WORLD, status);
    std::_Exit(status);
  }
  // Waits for all, and ends MPI.
  void part() const {
    double here = 1;
    sum(std::span<double>{&here, 1});
    MPI_Finalize();
  }

  // What this rank has sent so far.
  [[nodiscard]] std::uint64_t bytes_sent() const { return world_->bytes_sent; }

 private:
  static constexpr Index short_row = 4096;     // numbers that a rank may receive at once instead of twice
  static constexpr Index round = Index{1} << 20;  // numbers of a message

  struct World {
    Index rank = 0, size = 1;
    std::uint64_t bytes_sent = 0;

    World() {
      int given = 0, provided = 0, number = 0, ranks = 0;
      MPI_Initialized(&given);
      require(given == 0, "MPI: begun already");
      require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided) == MPI_SUCCESS, "MPI: cannot be begun");
      require(provided >= MPI_THREAD_SERIALIZED, "MPI: this build of it serves one thread alone; expected MPI_THREAD_SERIALIZED");
      MPI_Comm_rank(MPI_COMM_WORLD, &number);
      MPI_Comm_size(MPI_COMM_WORLD, &ranks);
      rank = number;
      size = ranks;
      MPI_Comm_dup(MPI_COMM_WORLD, &numbers_);
      MPI_Comm_dup(MPI_COMM_WORLD, &notices_);
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // Memory for so many numbers, until the next call.
    template <class S>
    [[nodiscard]] S* room(Index count) {
      const auto wanted = static_cast<std::size_t>(count) * sizeof(S) / sizeof(std::max_align_t) + 1;
      if (room_.size() < wanted) room_.resize(wanted);
      return reinterpret_cast<S*>(room_.data());
    }
    // act(other, its number among the others), beginning with the one after this rank, so that not all turn to the same.
    template <class Act>
    void each_other(Act&& act) const {
      for (Index step = 1; step < size; ++step) {
        const Index other = (rank + step) % size;
        act(other, other - (other > rank ? 1 : 0));
      }
    }
    template <class S>
    void receive(View<S> x, Index from) {
      if (x.columns > 0)
        MPI_Irecv(x.data, static_cast<int>(x.columns), type_of<S>(), static_cast<int>(from), 0, numbers_, &requests_.emplace_back());
    }
    template <class S>
    void send(View<S> x, Index to) {
      if (x.columns == 0) return;
      bytes_sent += static_cast<std::uint64_t>(x.columns) * sizeof(S);
      MPI_Isend(x.data, static_cast<int>(x.columns), type_of<S>(), static_cast<int>(to), 0, numbers_, &requests_.emplace_back());
    }
    // For all that was begun.
    void wait() {
      using Clock = std::chrono::steady_clock;
      const auto begin = Clock::now();
      for (Index looks = 0;; ++looks) {
        int done = 0;
        MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
        if (done != 0) break;
        if (Clock::now() - begin < std::chrono::microseconds(50)) {
          ::sched_yield();
          continue;
        }
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        if (looks % 64 == 0) look_for_failures();
      }
      requests_.clear();
    }

    bool tell(const std::string& what) {
      if (failed_before(size)) return false;
      own_notice_ = what.substr(0, 1000);
      each_other([&](Index other, Index) {
        MPI_Request request;
        MPI_Isend(own_notice_.data(), static_cast<int>(own_notice_.size()), MPI_CHAR, static_cast<int>(other), 0, notices_, &request);
        MPI_Request_free(&request);  // nobody waits for it: all end
      });
      const auto begin = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(200)) {
        if (failed_before(rank)) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      return true;
    }

   private:
    template <class S>
    static MPI_Datatype type_of() {
      static_assert(std::is_same_v<S, float> || std::is_same_v<S, double>, "rondo: ranks exchange float and double");
      return std::is_same_v<S, float> ? MPI_FLOAT : MPI_DOUBLE;
    }
    // Whether one of the ranks below `limit` has told so.
    bool failed_before(Index limit) {
      int there = 1;
      for (MPI_Status status; there != 0;) {
        MPI_Iprobe(MPI_ANY_SOURCE, 0, notices_, &there, &status);
        if (there == 0) break;
        int length = 0;
        MPI_Get_count(&status, MPI_CHAR, &length);
        notice_.resize(static_cast<std::size_t>(length));
        MPI_Recv(notice_.data(), length, MPI_CHAR, status.MPI_SOURCE, 0, notices_, MPI_STATUS_IGNORE);
        failed_ = failed_ < 0 ? status.MPI_SOURCE : std::min<Index>(failed_, status.MPI_SOURCE);
      }
      return failed_ >= 0 && failed_ < limit;
    }
    void look_for_failures() {
      if (failed_before(size)) throw OtherRankFailed(error("rank ", failed_, ": ", notice_));
      if (::getppid() != parent_) throw OtherRankFailed(error("rank ", rank, ": the process that started it is gone"));
    }

    MPI_Comm numbers_ = MPI_COMM_NULL, notices_ = MPI_COMM_NULL;
    std::vector<MPI_Request> requests_;
    std::vector<std::max_align_t> room_;
    std::string own_notice_, notice_;
    Index failed_ = -1;
    const pid_t parent_ = ::getppid();
  };

  explicit MpiRanks(std::shared_ptr<World> world) : world_(std::move(world)) {}
  static View<double> row_of(std::span<double> numbers) { return {numbers.data(), 1, std::ssize(numbers)}; }

  template <class S>
  void sum_short(View<S> x) const {
    World& world = *world_;
    S* received = world.template room<S>((size() - 1) * x.columns);
    world.each_other([&](Index other, Index number) { world.receive(View<S>{received + number * x.columns, 1, x.columns}, other); });
    world.each_other([&](Index other, Index) { world.send(x, other); });
    world.wait();
    add_in_order(x, received);
  }
  // x <- sum over ranks, of which the others' rows were received; in the order of the ranks.
  template <class S>
  void add_in_order(View<S> x, const S* received) const {
    constexpr Index most = 1024;
    S total[most];
    for (Index begin = 0; begin < x.columns; begin += most) {
      const Index count = std::min(most, x.columns - begin);
      std::fill_n(total, count, S{});
      for (Index other = 0, number = 0; other < size(); ++other) {
        const S* from = other == rank() ? x.data + begin : received + number++ * x.columns + begin;
        for (Index i = 0; i < count; ++i) total[i] += from[i];
      }
      std::copy_n(total, count, x.data + begin);
    }
  }
  // act(in_round) until all parts are done; in_round(part) is what of a part belongs to the round.
  template <class S, class Act>
  void each_round(Borders borders, Act&& act) const {
    Index longest = 0;
    for (std::size_t r = 0; r + 1 < borders.size(); ++r) longest = std::max(longest, borders[r + 1] - borders[r]);
    for (Index begin = 0; begin < longest; begin += round)
      act([begin](View<S> part) {
        const Index first = std::min(begin, part.columns);
        return part.middle_columns(first, std::min(part.columns, begin + round) - first);
      });
  }

  std::shared_ptr<World> world_;
};

}  // namespace rondo
